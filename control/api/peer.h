// Peer: who asks, as this host or the token file knows it, whatever the client says of itself. It
// is what the audit trail is made of.
//
// Used by: the servers (find it out), routes (write it down).
#ifndef UNDERSTUDY_CONTROL_API_PEER_H_
#define UNDERSTUDY_CONTROL_API_PEER_H_

#include <cstdint>
#include <string>

namespace understudy::control {

enum class Role : uint8_t {
  kRead,   // looks at everything, changes nothing
  kWrite,  // may do everything
};

struct Peer {
  Role role = Role::kWrite;  // over the Unix socket its permissions have decided
  bool remote = false;

  // Over the Unix socket, by the kernel's word (SO_PEERCRED).
  uint32_t uid = 0;
  int32_t pid = 0;

  // Over TCP.
  std::string token;    // the name of the one that was shown
  std::string address;  // "192.0.2.7:40122"
};

// "uid 1000 alice, pid 4711", "token ci, from 192.0.2.7:40122". Reads /etc/passwd, and asks no
// network for names: it may be the network that is broken.
std::string TextOf(const Peer& peer);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_PEER_H_
