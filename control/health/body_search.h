// Looks for the search string of a *_str_match check in a body that arrives in pieces.
//
// Used by: http_answer. Pure.
//  1. The string counts only when it lies entirely within the first 5,120 bytes of the decoded body
//     (route53.md 2.3), compared byte by byte.
//  2. Never keeps more than these 5,120 bytes.
#ifndef UNDERSTUDY_CONTROL_HEALTH_BODY_SEARCH_H_
#define UNDERSTUDY_CONTROL_HEALTH_BODY_SEARCH_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "control/health/content_decoder.h"

namespace understudy::control {

class BodySearch {
 public:
  static constexpr size_t kWindow = 5120;

  explicit BodySearch(std::string needle) : needle_(std::move(needle)) {}

  // The answer's Content-Encoding; before the first Add. One that is not known is searched as it
  // is.
  void SetContentEncoding(std::string_view coding);
  void Add(std::string_view bytes);

  bool found() const { return found_; }
  // More of the body cannot change the outcome.
  bool settled() const { return found_ || corrupt_ || window_.size() >= kWindow; }
  // Why not found, as far as the body has come: "string not found in the first 5120 bytes".
  std::string Why() const;

 private:
  std::string needle_;
  std::string window_;
  std::string unknown_coding_;
  std::optional<ContentDecoder> decoder_;
  bool found_ = false;
  bool corrupt_ = false;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_BODY_SEARCH_H_
