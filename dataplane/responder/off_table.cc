#include "dataplane/responder/off_table.h"

#include "dataplane/responder/explanation.h"
#include "dataplane/responder/message_writer.h"
#include "dataplane/wire/message.h"

namespace understudy::responder {
namespace {

using contract::Outcome;
using wire::Rcode;
using wire::Reading;

struct Verdict {
  Outcome outcome;
  uint16_t rcode = 0;
  const Explanation* why = nullptr;
};

constexpr Verdict Say(Outcome outcome, Rcode rcode, const Explanation* why = nullptr) {
  return {outcome, static_cast<uint16_t>(rcode), why};
}

// A well-formed question that the table does not decide.
Verdict VerdictOn(const wire::Query& query, Transport transport) {
  if (IsServed(query)) return Say(Outcome::kNoTable, Rcode::kServFail, &kNotReady);
  if (query.type == wire::kTypeAxfr || query.type == wire::kTypeIxfr) {
    // RFC 5936 4.2: AXFR is not defined over UDP.
    if (query.type == wire::kTypeAxfr && transport == Transport::kUdp) {
      return Say(Outcome::kNotImp, Rcode::kNotImp);
    }
    return Say(Outcome::kRefused, Rcode::kNotAuth, &kProhibited);
  }
  return Say(Outcome::kRefused, Rcode::kRefused, &kNotSupported);
}

// RFC 7873 5.4: without a question, a cookie is asked for, or whether the one sent is valid.
Verdict VerdictOnNone(const OptionAnswer* options) {
  if (options == nullptr || options->cookie == CookieState::kNone) {
    return Say(Outcome::kFormErr, Rcode::kFormErr);
  }
  if (options->cookie == CookieState::kInvalid) return {Outcome::kCookie, wire::kRcodeBadCookie};
  return Say(Outcome::kCookie, Rcode::kNoError);
}

Verdict VerdictOn(Reading reading, const wire::Query& query, const OptionAnswer* options,
                  Transport transport) {
  switch (reading) {
    case Reading::kShort:
      return {Outcome::kShortQuery};
    case Reading::kResponse:
      return {Outcome::kResponse};
    case Reading::kNotImp:
      return Say(Outcome::kNotImp, Rcode::kNotImp);
    case Reading::kFormErr:
      return Say(Outcome::kFormErr, Rcode::kFormErr);
    case Reading::kNoQuestion:
      return VerdictOnNone(options);
    case Reading::kBadVers:
      return {Outcome::kBadVers, wire::kRcodeBadVers};
    case Reading::kQuery:
      break;
  }
  return VerdictOn(query, transport);
}

}  // namespace

void AnswerOffTable(const ResponderOptions& settings, const Identity& identity, Reading reading,
                    const wire::Query& query, const OptionAnswer* options,
                    Exchange& exchange) noexcept {
  const uint16_t limit = LimitOf(exchange, query, settings.max_udp_payload);
  std::string_view text;
  if (reading == Reading::kQuery && query.qclass == wire::kClassCh) text = identity.AnswerTo(query);
  Verdict verdict = text.empty() ? VerdictOn(reading, query, options, exchange.transport)
                                 : Say(Outcome::kIdentity, Rcode::kNoError);
  exchange.outcome = verdict.outcome;
  if (verdict.outcome == Outcome::kShortQuery || verdict.outcome == Outcome::kResponse) return;
  MessageWriter writer(exchange.message, query, options, limit, settings.max_udp_payload);
  if (!text.empty()) writer.AppendRecord(text);
  writer.Explain(verdict.why);
  exchange.answer_length = writer.Finish(verdict.rcode, false);
  exchange.sum = writer.sum();
  if (writer.truncated()) exchange.outcome = Outcome::kTruncated;
}

}  // namespace understudy::responder
