// One HTTP/1 answer to a probe, as it arrives, judged by Route 53's rules (route53.md 2.3):
// a final status of 200..399, or those the check expects instead, a header of at most 16,384 bytes
// that is valid by RFC 7230 3.2, and for *_str_match the search string within the first 5,120 bytes
// of the body.
//
// Used by: http_probe. Pure: bytes in, outcome out; how the bytes are cut up does not matter.
//  1. Settled as soon as nothing that may follow can change the outcome.
//  2. Holds at most kHeaderLimit + BodySearch::kWindow bytes and one piece fed, whatever the
//     endpoint sends; takes at most kAnswerLimit bytes before it gives up.
//  3. Text that the endpoint chose appears in reasons escaped and shortened.
#ifndef UNDERSTUDY_CONTROL_HEALTH_HTTP_ANSWER_H_
#define UNDERSTUDY_CONTROL_HEALTH_HTTP_ANSWER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/desired_state.h"

namespace understudy::control {

class HttpAnswer {
 public:
  static constexpr size_t kHeaderLimit = 16384;     // [D:DNSLimitations]; status line included
  static constexpr size_t kAnswerLimit = 1u << 20;  // ends chunk extensions and empty blocks

  explicit HttpAnswer(const HealthCheck& check);
  ~HttpAnswer();

  void Feed(std::string_view bytes);
  // Nothing more will come. `how`: "connection closed", "connection reset by peer".
  void End(std::string_view how);
  // Nothing more came in time.
  void TimeOut(absl::Duration response_timeout);

  // The status line of the final answer is there; interim answers (1xx, RFC 9110 15.2) do not
  // count.
  bool has_status_line() const;
  bool settled() const { return settled_; }
  bool success() const { return success_; }
  const std::string& reason() const { return reason_; }  // once settled

 private:
  class Parser;

  void ParseHeader();
  void ParseBody();
  bool StatusLineIsThere();
  void FinishHeader();
  void Settle(bool success, std::string reason);
  void SettleInvalid(std::string_view problem);
  void SettleTooLong();
  std::string StatusText() const;  // "HTTP 200"
  bool StatusIsExpected() const;

  const bool searches_;
  const std::string needle_;
  const std::vector<StatusRange> statuses_;
  std::unique_ptr<Parser> parser_;
  std::string pending_;      // fed, but not yet taken by the parser
  size_t taken_ = 0;         // bytes fed so far
  size_t header_bytes_ = 0;  // of all headers so far, taken by the parser
  std::string first_bytes_;  // for the reason when this is not HTTP at all
  bool settled_ = false;
  bool success_ = false;
  std::string reason_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_HTTP_ANSWER_H_
