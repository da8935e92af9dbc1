// Why an answer is an error, in a number and a few words for people (RFC 8914).
//
// Used by: whoever answers an error; MessageWriter says it to clients with EDNS.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_EXPLANATION_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_EXPLANATION_H_

#include <cstdint>
#include <string_view>

namespace understudy::responder {

struct Explanation {
  uint16_t code;          // RFC 8914 4
  std::string_view text;  // short: an answer with it fits wherever the question did
};

inline constexpr Explanation kByPolicy = {0, "policy"};     // 4.1 Other: what all-down policy says
inline constexpr Explanation kNotReady = {14, ""};          // 4.15
inline constexpr Explanation kProhibited = {18, ""};        // 4.19: no zone transfers here
inline constexpr Explanation kNotAuthoritative = {20, ""};  // 4.21
inline constexpr Explanation kNotSupported = {21, ""};      // 4.22: a class but IN

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_EXPLANATION_H_
