// Endpoint: where control's API is: a Unix socket of this machine, or HTTPS with a token.
//
// Used by: session (makes it), client (connects to it).
// Invariants
//  1. A token goes nowhere but through TLS to a host whose certificate was verified.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_ENDPOINT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_ENDPOINT_H_

#include <string>

#include "absl/status/statusor.h"

namespace understudy::ctl {

struct Endpoint {
  std::string socket;  // empty: remote
  // Remote.
  std::string host;  // a name or an address, without brackets
  std::string port;
  std::string token;
  std::string ca_file;  // empty: the system's roots

  bool is_remote() const { return socket.empty(); }
  // For people: the path of the socket, or the URL.
  std::string Text() const;
};

// `url`: https://HOST[:PORT], the port 443 unless said. Errors say what is wrong with it, with the
// file of the token, or with that of the CA.
absl::StatusOr<Endpoint> RemoteEndpoint(const std::string& url, const std::string& token_file,
                                        const std::string& ca_file);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_ENDPOINT_H_
