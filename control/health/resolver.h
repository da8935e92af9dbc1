// Resolver: the addresses of a name, asked for anew each time, on control's event loop.
//
// Used by: probe, for checks that have a host and no address (route53.md 2.4).
// The protocol is c-ares'; the sockets are ours, so that Asio's loop watches them and a flood of
// datagrams gets its turn like everybody else. Asio's own resolver would block a thread for each
// name that is asked for, and cannot be told to stop.
//  1. A lookup ends by its deadline, by Connection::Abort, or with its answer; whatever a resolver
//     sends or does not, other probes go on.
//  2. Each lookup has a channel of its own: a source port and an ID that nobody saw before, the
//     /etc/resolv.conf and /etc/hosts of this moment, and no memory of an earlier answer.
//  3. The name is looked up as it stands: no search domains, no HOSTALIASES.
#ifndef UNDERSTUDY_CONTROL_HEALTH_RESOLVER_H_
#define UNDERSTUDY_CONTROL_HEALTH_RESOLVER_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "control/config/desired_state.h"
#include "control/health/connection.h"

namespace understudy::control {

struct Resolved {
  // In the order of the answer, IPv4 first; at most NameLookup::kMaxAddresses. Empty: why not is
  // in `failure`.
  std::vector<boost::asio::ip::address> addresses;
  std::string failure;  // "DNS resolution failed: app.example.com has no A record"
  bool timed_out = false;
  bool shortage_here = false;  // this host had no descriptor or memory left
};

class Resolver {
 public:
  // `servers`: "192.0.2.53:5353,...", instead of those of /etc/resolv.conf.
  explicit Resolver(std::string servers = {}) : servers_(std::move(servers)) {}

  // `connection`: of the probe that asks; its deadline and its Abort end the lookup.
  boost::asio::awaitable<Resolved> Resolve(Connection& connection, std::string name,
                                           ResolveFamily family) const;

 private:
  std::string servers_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_RESOLVER_H_
