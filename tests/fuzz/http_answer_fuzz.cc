// Any bytes as the answer to an http probe: no crash, no hang, judged alike in one piece and in
// many, and by what the check asks for. The first octet says what that is, the second how the rest
// is cut up.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "control/health/http_answer.h"
#include "tests/fuzz/check.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxReason = 400;

HealthCheck CheckOf(uint8_t wishes) {
  HealthCheck check;
  check.type = (wishes & 1) != 0 ? CheckType::kHttpStrMatch : CheckType::kHttp;
  check.search_string = "all is well";
  if ((wishes & 2) != 0) check.http.statuses = {{204, 204}, {301, 302}, {404, 404}};
  return check;
}

void CheckOutcome(const HttpAnswer& answer, const HealthCheck& check) {
  fuzz::Check(answer.settled(), "an answer that ended is settled");
  const std::string& reason = answer.reason();
  fuzz::Check(!reason.empty() && reason.size() <= kMaxReason, "a reason is short: " + reason);
  fuzz::Check(std::all_of(reason.begin(), reason.end(),
                          [](unsigned char c) { return absl::ascii_isprint(c); }),
              "a reason is printable");
  if (!answer.success()) return;
  const int status = std::atoi(reason.c_str() + std::string_view("HTTP ").size());
  fuzz::Check(std::any_of(check.http.statuses.begin(), check.http.statuses.end(),
                          [status](const StatusRange& range) {
                            return status >= range.first && status <= range.last;
                          }),
              "success has a status that is expected: " + reason);
  fuzz::Check(check.type == CheckType::kHttp || reason.find("string found") != std::string::npos,
              "success has the string: " + reason);
}

void CheckInput(uint8_t wishes, uint8_t cut, std::string_view bytes) {
  const HealthCheck check = CheckOf(wishes);
  HttpAnswer whole(check);
  whole.Feed(bytes);
  whole.End("connection closed");
  CheckOutcome(whole, check);
  HttpAnswer pieces(check);
  // Sizes that repeat seldom, without any state but the input's.
  for (size_t at = 0, size = cut; at < bytes.size(); at += size) {
    size = 1 + (size * 37 + cut) % 601;
    pieces.Feed(bytes.substr(at, size));
  }
  pieces.TimeOut(absl::Milliseconds(500));
  CheckOutcome(pieces, check);
  fuzz::Check(whole.success() == pieces.success(),
              "judged alike: " + whole.reason() + " / " + pieces.reason());
}

}  // namespace
}  // namespace understudy::control

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  understudy::control::CheckInput(data[0], data[1],
                                  {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
