// The types whose text ldns does not read soundly, and that are in use all the same: IPSECKEY (RFC
// 4025), whose gateway has a form that a number before it tells, and NSAP (RFC 1706).
//
// Used by: rdata.cc.
#ifndef UNDERSTUDY_CONTROL_ZONE_ODD_RDATA_H_
#define UNDERSTUDY_CONTROL_ZONE_ODD_RDATA_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "control/zone/master_lexer.h"

namespace understudy::control {

inline constexpr uint16_t kTypeNsap = 22, kTypeIpseckey = 45;

// Both append to `wire` and return what is wrong, empty when taken; else `wire` is not to be used.
std::string AppendIpseckey(std::span<const Token> tokens, std::string_view origin,
                           std::string* wire);
std::string AppendNsap(std::span<const Token> tokens, std::string* wire);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_ODD_RDATA_H_
