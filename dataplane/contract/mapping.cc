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

// What another user left behind is in the way for good.
std::string OwnerText(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || status.st_uid == geteuid()) return "";
  return " (it belongs to user " + std::to_string(status.st_uid) +
         ": start as that user, or remove the directory while nothing runs)";
}

constexpr mode_t kFileMode = 0640;
constexpr size_t kHugePage = 2 << 20;

// mmap at a multiple of kHugePage, for what is large enough to fill such pages.
void* MapAligned(int fd, size_t size, int protection) {
  if (size < kHugePage) return mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  const size_t reserved = size + kHugePage;
  void* room = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return room;
  auto* begin = static_cast<uint8_t*>(room);
  const size_t before = -reinterpret_cast<uintptr_t>(begin) % kHugePage;
  void* data = mmap(begin + before, size, protection, MAP_SHARED | MAP_FIXED, fd, 0);
  if (data == MAP_FAILED) {
    const int error = errno;
    munmap(room, reserved);
    errno = error;
    return data;
  }
  constexpr size_t kPage = 4096;
  const size_t end = before + (size + kPage - 1) / kPage * kPage;
  if (before != 0) munmap(begin, before);
  if (end < reserved) munmap(begin + end, reserved - end);
  return data;
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
  const int fd = open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
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
    void* data = MapAligned(fd, size, writable ? PROT_READ | PROT_WRITE : PROT_READ);
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

void Mapping::UseHugePages(size_t octets) const noexcept {
#ifndef MADV_COLLAPSE
  constexpr int MADV_COLLAPSE = 25;  // Linux 6.1; older C libraries do not name it
#endif
  const size_t whole = octets / kHugePage * kHugePage;
  if (whole == 0) return;
  const int error = errno;
  // An older kernel, or memory without a free huge page: nothing is lost.
  static_cast<void>(madvise(data_, whole, MADV_COLLAPSE));
  errno = error;
}

Mapping Mapping::OpenReadOnly(const std::string& path, std::string* error) {
  return Open(path, false, error);
}

Mapping Mapping::OpenWritable(const std::string& path, std::string* error) {
  return Open(path, true, error);
}

Mapping Mapping::Create(const std::string& path, size_t size, std::string* error) {
  // Anew: what lies there may be another user's, or mapped by somebody.
  unlink(path.c_str());
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
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
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) {
    const int why = errno;
    *error = Failure("cannot open", path, why) + OwnerText(path);
    return lock;
  }
  struct flock whole = WholeFile(F_WRLCK);
  if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
    *error = errno == EAGAIN || errno == EACCES ? path + " is held by " + HolderOf(fd)
                                                : Failure("cannot lock", path, errno);
    close(fd);
    return lock;
  }
  lock.fd_ = fd;
  lock.WriteOwner();
  return lock;
}

OwnerLock OwnerLock::Inherit(int fd) {
  OwnerLock lock;
  lock.fd_ = fd;
  lock.WriteOwner();
  return lock;
}

// For people only: the lock itself is the kernel's, so a failure to write the pid changes nothing.
void OwnerLock::WriteOwner() const {
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, pid.data(), pid.size(), 0) < 0) errno = 0;
}

bool OwnerLock::IsHeld(const std::string& path) {
  // To ask needs no right to write, so whoever may read the report may ask who lives.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
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
