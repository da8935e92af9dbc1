// Address ranges that no health check of a public service has any business in: private, shared,
// loopback, link-local, documentation and the like.
//
// Used by: config/endpoint (literal addresses), health/probe (what a name resolved to). Pure.
// The ranges are those Route 53 refuses (route53.md 2.9: RFC 5735, RFC 6598, RFC 5156), with what
// IANA's registries of special-purpose addresses (RFC 6890) have added since.
//  1. An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is judged by that one too:
//     else it would be a way around.
#ifndef UNDERSTUDY_CONTROL_CONFIG_ADDRESS_RANGE_H_
#define UNDERSTUDY_CONTROL_CONFIG_ADDRESS_RANGE_H_

#include <string_view>

namespace understudy::control {

// The range of `address` that forbids probing it: "10.0.0.0/8 (private, RFC 1918)". Empty when it
// may be probed, or is no address. What can be no endpoint at all (unspecified, multicast,
// reserved) is forbidden with `allow_private` too.
std::string_view ForbiddenRangeOf(std::string_view address, bool allow_private);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_ADDRESS_RANGE_H_
