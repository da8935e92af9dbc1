#include "control/zone/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace understudy::control {
namespace {

std::string ErrnoText() { return std::generic_category().message(errno); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string ReadTextFile(const std::string& path, size_t max_octets, std::string* text) {
  text->clear();
  // O_NONBLOCK: open() of a pipe would wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return "cannot be opened: " + ErrnoText();
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return "cannot be read: " + ErrnoText();
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  const std::string too_large = "is larger than " + std::to_string(max_octets) + " octets";
  if (static_cast<size_t>(status.st_size) > max_octets) return too_large;
  // The file may grow or shrink while it is read: its end is where read() says so.
  text->resize(static_cast<size_t>(status.st_size) + 1);
  size_t filled = 0;
  while (true) {
    const ssize_t got = read(file.get(), text->data() + filled, text->size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return "cannot be read: " + ErrnoText();
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > max_octets) return too_large;
    if (filled == text->size()) text->resize(filled * 2);
  }
  text->resize(filled);
  return {};
}

}  // namespace understudy::control
