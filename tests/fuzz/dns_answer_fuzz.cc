// Any bytes as the answer to a dns check: no crash, no hang, a printable reason, and nothing passes
// or fails the check that does not answer its query. The first octet of the input chooses what is
// expected and over what it came; the rest is the message.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "control/health/dns_answer.h"
#include "tests/fuzz/check.h"

namespace understudy::control {
namespace {

using fuzz::Check;

constexpr uint16_t kId = 0x1234;
const std::string kName("\3app\7example\0", 13);
// A, NS, SOA, MX, TXT, AAAA, SRV, NSEC, SVCB: addresses, names, texts, and what ldns reads in ways
// of its own.
constexpr uint16_t kAsked[] = {1, 2, 6, 15, 16, 28, 33, 47, 64};

DnsExpectation ExpectationOf(uint8_t choice) {
  DnsExpectation expectation;
  expectation.name = kName;
  expectation.type = kAsked[(choice >> 2) % std::size(kAsked)];
  if ((choice & 2) != 0) expectation.answers = {std::string("\xc0\0\2\1", 4)};
  return expectation;
}

void CheckInput(uint8_t choice, std::string_view message) {
  const DnsExpectation expectation = ExpectationOf(choice);
  const DnsTransport transport = (choice & 1) != 0 ? DnsTransport::kTcp : DnsTransport::kUdp;
  const DnsJudgement judgement = JudgeDnsAnswer(message, expectation, kId, transport);
  const DnsJudgement foreign = JudgeDnsAnswer(message, expectation, kId ^ 1, transport);
  Check(judgement.kind == DnsJudgement::Kind::kForeign ||
            foreign.kind == DnsJudgement::Kind::kForeign,
        "a message answers one id alone");
  switch (judgement.kind) {
    case DnsJudgement::Kind::kForeign:
      Check(!judgement.success, "what is foreign passes nothing");
      break;
    case DnsJudgement::Kind::kTruncated:
      Check(transport == DnsTransport::kUdp && !expectation.answers.empty(),
            "only records that are missing over UDP are asked for again");
      break;
    case DnsJudgement::Kind::kSettled:
      Check(!judgement.reason.empty() && judgement.reason.size() < 300, "a reason is short");
      for (const char c : judgement.reason) Check(c >= ' ' && c < 0x7f, "a reason is printable");
      Check((message.at(3) & 15) == expectation.rcode || !judgement.success,
            "another rcode passes nothing");
      break;
  }
}

}  // namespace
}  // namespace understudy::control

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // An answer is never larger: dns_probe reads no more.
  if (size == 0 || size > understudy::control::kMaxDnsAnswer) return 0;
  understudy::control::CheckInput(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
