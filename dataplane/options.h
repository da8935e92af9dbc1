// The command line of understudy-dataplane, parsed and checked.
//
// Used by: main, once. Everything here is decided before anything is opened, so a wrong command
// line changes nothing.
#ifndef UNDERSTUDY_DATAPLANE_OPTIONS_H_
#define UNDERSTUDY_DATAPLANE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/contract/root.h"
#include "dataplane/listen/socket_address.h"
#include "dataplane/port/port_spec.h"
#include "dataplane/responder/frame_responder.h"
#include "dataplane/responder/rate_limiter.h"

namespace understudy {

struct Options {
  std::string instance;
  contract::InstancePaths paths;
  std::vector<port::PortSpec> ports;
  std::vector<responder::Ipv4> services4;
  std::vector<responder::Ipv6> services6;
  std::vector<listen::SocketAddress> listen;
  uint32_t queues = 0;   // per port; 0 = as many as the device has
  uint32_t workers = 0;  // 0 = one per queue, at most one per CPU
  responder::ResponderOptions responder;
  responder::FastPathOptions fast_path;
  bool no_cookies = false;
  responder::RateLimit rate_limit;
  std::string cookie_secret_file;  // empty = secrets from chance
  bool no_huge = false;
  bool sandbox = true;
  bool take_over = false;
  std::optional<uint32_t> idle_sleep_us;  // unset = by kind of port
  std::vector<std::string> taps;          // names of the kernel sides, in the order of the ports
  std::string xdp_program;                // empty = beside the executable
  uint32_t tcp_idle_timeout_ms = 10'000;
  uint32_t tcp_connections = 256;
  std::vector<std::string> eal;  // what followed "--"
};

struct ParsedOptions {
  std::optional<Options> options;
  std::string text;  // without options: what to print
  int exit_code = 0;
};
ParsedOptions ParseOptions(int argc, const char* const* argv);

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_OPTIONS_H_
