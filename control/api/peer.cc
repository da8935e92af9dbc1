#include "control/api/peer.h"

#include <pwd.h>

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

// Empty: not a user of /etc/passwd.
std::string NameOfUser(uint32_t uid) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/etc/passwd", "re"),
                                                             &std::fclose);
  if (!file) return "";
  char buffer[4096];
  struct passwd entry = {};
  struct passwd* found = nullptr;
  while (fgetpwent_r(file.get(), &entry, buffer, sizeof(buffer), &found) == 0) {
    if (entry.pw_uid == uid) return entry.pw_name;
  }
  return "";
}

}  // namespace

std::string TextOf(const Peer& peer) {
  if (peer.remote) return absl::StrCat("token ", peer.token, ", from ", peer.address);
  const std::string name = NameOfUser(peer.uid);
  return absl::StrCat("uid ", peer.uid, name.empty() ? "" : " ", name, ", pid ", peer.pid);
}

}  // namespace understudy::control
