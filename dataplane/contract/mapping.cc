#include "dataplane/contract/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace understudy::contract {
namespace {

std::string Failure(const std::string& what, const std::string& path, int error) {
  return std::string(what) + " " + path + ": " + std::strerror(error);
}

struct flock WholeFile(short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string HolderOf(int fd) {
  char pid[24] = {};
  const ssize_t length = pread(fd, pid, sizeof(pid) - 1, 0);
  if (length <= 0) return "another process";
  return "process " + std::string(pid, std::strcspn(pid, "\n"));
}

}  // namespace

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, size_);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping Mapping::Open(const std::string& path, bool writable, std::string* error) {
  Mapping mapping;
  const int fd = open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (fd < 0) {
    *error = Failure("cannot open", path, errno);
    return mapping;
  }
  struct stat status = {};
  if (fstat(fd, &status) != 0) {
    *error = Failure("cannot look at", path, errno);
  } else if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    *error = path + " is empty or not a regular file";
  } else {
    const auto size = static_cast<size_t>(status.st_size);
    void* data =
        mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) {
      *error = Failure("cannot map", path, errno);
    } else {
      mapping.data_ = data;
      mapping.size_ = size;
    }
  }
  close(fd);
  return mapping;
}

Mapping Mapping::OpenReadOnly(const std::string& path, std::string* error) {
  return Open(path, false, error);
}

Mapping Mapping::OpenWritable(const std::string& path, std::string* error) {
  return Open(path, true, error);
}

Mapping Mapping::Create(const std::string& path, size_t size, std::string* error) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) {
    *error = Failure("cannot create", path, errno);
    return {};
  }
  const int reserved = posix_fallocate(fd, 0, static_cast<off_t>(size));
  close(fd);
  if (reserved != 0) {
    *error = Failure("cannot reserve " + std::to_string(size) + " bytes for", path, reserved);
    unlink(path.c_str());
    return {};
  }
  return OpenWritable(path, error);
}

OwnerLock::~OwnerLock() {
  if (fd_ >= 0) close(fd_);
}

OwnerLock::OwnerLock(OwnerLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

OwnerLock& OwnerLock::operator=(OwnerLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

OwnerLock OwnerLock::Acquire(const std::string& path, std::string* error) {
  OwnerLock lock;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    *error = Failure("cannot open", path, errno);
    return lock;
  }
  struct flock whole = WholeFile(F_WRLCK);
  if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
    *error = errno == EAGAIN || errno == EACCES ? path + " is held by " + HolderOf(fd)
                                                : Failure("cannot lock", path, errno);
    close(fd);
    return lock;
  }
  // For people only: the lock itself is the kernel's, so a failure to write the pid changes
  // nothing.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) errno = 0;
  lock.fd_ = fd;
  return lock;
}

bool OwnerLock::IsHeld(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock whole = WholeFile(F_WRLCK);
  const bool held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  close(fd);
  return held;
}

uint64_t MonotonicNs() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace understudy::contract
