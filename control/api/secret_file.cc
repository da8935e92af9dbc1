#include "control/api/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace understudy::control {
namespace {

class OpenFile {
 public:
  // Not blocking: a pipe in its place must not hold us.
  explicit OpenFile(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Refusal(const std::string& path, const struct stat& status) {
  const auto refuse = [&](const std::string& why) {
    return absl::PermissionDeniedError(absl::StrCat(path, " ", why));
  };
  if (!S_ISREG(status.st_mode)) return refuse("is not a regular file");
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return refuse(absl::StrCat("belongs to uid ", status.st_uid, ", neither to root nor to uid ",
                               geteuid(), ", as which this runs"));
  }
  if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return refuse(absl::StrFormat(
        "has mode %04o: it holds secrets, at most its group may read it (chmod 0640)",
        status.st_mode & 07777));
  }
  if (static_cast<size_t>(status.st_size) > kMaxSecretFile) {
    return refuse(absl::StrCat("is larger than ", kMaxSecretFile, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  const OpenFile file(path);
  const auto failure = [&] {
    return absl::UnavailableError(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  };
  struct stat status = {};
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0) return failure();
  if (absl::Status refusal = Refusal(path, status); !refusal.ok()) return refusal;
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t size = read(file.fd(), buffer, sizeof(buffer));
    if (size < 0) return failure();
    if (size == 0) return text;
    text.append(buffer, static_cast<size_t>(size));
    if (text.size() > kMaxSecretFile) {
      return absl::PermissionDeniedError(absl::StrCat(path, " grows while it is read"));
    }
  }
}

}  // namespace understudy::control
