// Any bytes as a message, over UDP and TCP, also when too many came before: the answer is
// well-formed, answers that query and fits.
#include <algorithm>
#include <cstring>
#include <vector>

#include "dataplane/responder/edns_options.h"
#include "dataplane/responder/rate_limiter.h"
#include "dataplane/responder/responder.h"
#include "dataplane/wire/checksum.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/cases.h"
#include "tests/dataplane/zone_of_cases.h"
#include "tests/fuzz/check.h"

namespace understudy {
namespace {

const contract::Table& TheTable() {
  static const auto table = [] {
    test::Scratch scratch;
    test::WriteZoneOfCases(scratch / "table.1");
    return test::OpenTable(scratch / "table.1");
  }();
  return *table;
}

// A client whose answers of this second are used up, and whose limited queries all slip.
responder::RateLimiter* UsedUp() {
  static responder::RateLimiter limiter({.per_second = 1, .slip = 1, .buckets = 1024},
                                        responder::RateLimiter::Key());
  limiter.Charge(limiter.PlaceOf(nullptr, 0), nullptr, 0, 1);
  return &limiter;
}

void Ask(const uint8_t* data, uint16_t size, responder::Transport transport, bool limited) {
  static constexpr responder::Clock kStopped = {
      .unix_s = []() noexcept { return uint64_t{1559731985}; },
      .monotonic_ns = []() noexcept { return uint64_t{1}; }};
  responder::ResponderOptions options = test::OptionsOfCases();
  options.clock = &kStopped;
  options.tcp_keepalive_100ms = 100;
  if (limited) options.limiter = UsedUp();
  const bool tcp = transport == responder::Transport::kTcp;
  const size_t capacity = std::max<size_t>(size, tcp ? 65535 : responder::kMaxUdpMessage);
  std::vector<uint8_t> buffer(capacity);
  std::copy_n(data, size, buffer.data());  // memcpy takes no null, which an empty input is
  responder::Exchange exchange;
  exchange.message = buffer.data();
  exchange.query_length = size;
  exchange.capacity = static_cast<uint16_t>(capacity);
  exchange.transport = transport;
  const contract::Cut cut = test::CutOf(TheTable());
  responder::Responder(options).Respond(cut, std::span(&exchange, 1));
  if (exchange.answer_length == 0) return;
  const std::string answer(reinterpret_cast<char*>(buffer.data()), exchange.answer_length);
  const std::string text = test::AnswerText(answer);
  fuzz::Check(text.rfind("MALFORMED", 0) != 0, text);
  fuzz::Check((answer[2] & 0x80) != 0, "QR is set");
  fuzz::Check(std::memcmp(answer.data(), data, 2) == 0, "the id is the query's");
  fuzz::Check(tcp || answer.size() <= responder::kDefaultUdpPayload, "fits the payload we offer");
  if (exchange.outcome == contract::Outcome::kSlipped) {
    fuzz::Check(!tcp && limited && answer.size() <= size + responder::kMaxOptionAnswer,
                "a slipped answer is about as short as its query");
  }
  fuzz::Check(wire::Fold(exchange.sum) == wire::Fold(wire::SumOf(buffer.data(), answer.size())),
              "the sum kept is the sum of the message");
}

}  // namespace
}  // namespace understudy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65535) return 0;
  understudy::Ask(data, static_cast<uint16_t>(size), understudy::responder::Transport::kTcp, false);
  if (size > understudy::responder::kMaxUdpMessage) return 0;
  for (const bool limited : {false, true}) {
    understudy::Ask(data, static_cast<uint16_t>(size), understudy::responder::Transport::kUdp,
                    limited);
  }
  return 0;
}
