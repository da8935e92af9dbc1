#include "dataplane/responder/responder.h"

#include <algorithm>

#include "dataplane/contract/walk.h"
#include "dataplane/responder/burst_room.h"
#include "dataplane/responder/edns_options.h"
#include "dataplane/responder/explanation.h"
#include "dataplane/responder/message_writer.h"
#include "dataplane/responder/off_table.h"
#include "dataplane/responder/rate_limiter.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {

// What one exchange carries from phase to phase.
struct Work {
  wire::Query query;
  bool lookup = false;  // a well-formed question that the table decides
  uint64_t hash = 0;
  const OptionAnswer* options = nullptr;  // of the answer; null: none
  contract::Name name;
};

namespace {

using contract::AnsweredBy;
using contract::Match;
using contract::Outcome;
using contract::Resolution;
using wire::Rcode;
using wire::Reading;

void Finish(Exchange& exchange, MessageWriter& writer, uint16_t rcode, bool authoritative,
            Outcome outcome) {
  exchange.answer_length = writer.Finish(rcode, authoritative);
  exchange.sum = writer.sum();
  exchange.outcome = writer.truncated() ? Outcome::kTruncated : outcome;
}

// Who is to be thanked for an answer: the first failover group on the way to it.
void Credit(Exchange& exchange, const contract::Cut& cut, const Resolution& step) {
  if (exchange.answered_by != AnsweredBy::kStatic || step.set == nullptr || step.set->group == 0) {
    return;
  }
  exchange.answered_by = contract::AnsweredByOf(step.set->group, step.choice);
  cut.counter.Add(step.set->group, step.choice);
}

// The whole answer to a question: all steps of its walk, then the section that ends it.
class Answer {
 public:
  // RFC 1035 6.2: an answer for all classes is never authoritative.
  Answer(Exchange& exchange, MessageWriter& writer, uint16_t qclass)
      : exchange_(exchange), writer_(writer), authoritative_(qclass == wire::kClassIn) {}

  void Compose(const contract::Cut& cut, const Work& work) {
    contract::Walk walk(cut, work.name, work.hash, work.query.type);
    do {
      Say(cut, walk);
      first_ = false;
    } while (!done_ && walk.Follow());
    if (done_) return;
    // The chain leads out of our zones, or nowhere: what was said is the answer.
    End(walk.too_long() ? Rcode::kYxDomain : Rcode::kNoError,
        walk.too_long() ? Outcome::kYxDomain : Outcome::kPositive);
  }

 private:
  void Say(const contract::Cut& cut, const contract::Walk& walk) {
    const Resolution& step = walk.step();
    Credit(exchange_, cut, step);
    switch (step.match) {
      case Match::kAnswer:
        writer_.Append(*step.answer, owner_);
        return End(Rcode::kNoError, Outcome::kPositive);
      case Match::kCname:
        return SayCname(*step.answer);
      case Match::kDname:
        return SayDname(walk);
      case Match::kNoData:
        return EndNegative(walk, Rcode::kNoError, Outcome::kNoData);
      case Match::kNxDomain:
        return EndNegative(walk, Rcode::kNxDomain, Outcome::kNxDomain);
      case Match::kReferral:
        authoritative_ = authoritative_ && !first_;
        writer_.Append(*step.answer, SuffixAt(walk, step.node->name_length));
        return End(Rcode::kNoError, Outcome::kReferral);
      case Match::kRefused:
        authoritative_ = false;
        writer_.Explain(step.zone == nullptr ? &kNotAuthoritative : &kByPolicy);
        return End(Rcode::kRefused, Outcome::kRefused);
      case Match::kServfail:
        authoritative_ = false;
        writer_.Explain(&kByPolicy);
        return End(Rcode::kServFail, Outcome::kServfail);
    }
  }

  void SayCname(const contract::AnswerRecord& cname) {
    const uint32_t data_at = writer_.at() + kDataOffset;
    writer_.Append(cname, owner_);
    owner_ = data_at;
  }

  void SayDname(const contract::Walk& walk) {
    const Resolution& step = walk.step();
    writer_.Append(*step.answer, SuffixAt(walk, step.node->name_length));
    if (walk.too_long()) return;
    const uint32_t data_at = writer_.at() + kDataOffset;
    writer_.AppendCname(owner_, contract::WireOf(*step.answer) + kTtlOffset, walk.target());
    owner_ = data_at;
  }

  void EndNegative(const contract::Walk& walk, Rcode rcode, Outcome outcome) {
    const contract::ZoneEntry& zone = *walk.step().zone;
    const contract::NodeRecord& apex = *walk.table().NodeAt(zone.apex);
    writer_.Append(*walk.table().AnswerAt(zone.negative), SuffixAt(walk, apex.name_length));
    End(rcode, outcome);
  }

  void End(Rcode rcode, Outcome outcome) {
    done_ = true;
    Finish(exchange_, writer_, static_cast<uint16_t>(rcode), authoritative_, outcome);
  }

  // Where the last `length` octets of the walk's current name lie in the message: the name lies
  // there in full, in the question or as the target of a CNAME.
  uint32_t SuffixAt(const contract::Walk& walk, uint32_t length) const {
    return owner_ + walk.name().length - length;
  }

  static constexpr uint32_t kTtlOffset = 6, kDataOffset = 12;  // in a record behind a pointer

  Exchange& exchange_;
  MessageWriter& writer_;
  uint32_t owner_ = wire::kQuestionOffset;
  bool first_ = true;
  bool authoritative_;
  bool done_ = false;
};

// TCP shows that the client is where it says, and so does a cookie of ours (RFC 7873 1).
bool IsLimited(const Exchange& exchange, const Work& work) {
  if (exchange.transport != Transport::kUdp) return false;
  if (work.options != nullptr && work.options->cookie == CookieState::kValid) return false;
  return work.lookup || exchange.answer_length != 0;
}

}  // namespace

// Reads the options of a query that has some. What the query is after that.
[[gnu::cold, gnu::noinline]] Reading Responder::TakeOptions(BurstTime& time,
                                                            const Exchange& exchange,
                                                            Reading reading, Work& work,
                                                            OptionAnswer* options) const noexcept {
  const bool tcp = exchange.transport == Transport::kTcp;
  const OptionContext context = {
      &identity_,      options_.cookies,       &time,
      exchange.client, exchange.client_length, tcp ? options_.tcp_keepalive_100ms : uint16_t{0}};
  const bool good = ReadOptions(exchange.message, work.query, context, options);
  work.options = options;
  return good ? reading : Reading::kFormErr;
}

// Answers what can be answered without a table; leaves the rest in `work` to be looked up.
[[gnu::always_inline]] inline void Responder::Read(const contract::Cut& cut, BurstTime& time,
                                                   Exchange& exchange, Work& work,
                                                   OptionAnswer* options) const noexcept {
  exchange.answered_by = AnsweredBy::kStatic;
  exchange.answer_length = 0;
  wire::Query& query = work.query;
  Reading reading = wire::ReadQuery(exchange.message, exchange.query_length, &query);
  if (query.options_length != 0) [[unlikely]] {
    reading = TakeOptions(time, exchange, reading, work, options);
  }
  if (reading != Reading::kQuery || !IsServed(query) || cut.table == nullptr) [[unlikely]] {
    AnswerOffTable(options_, identity_, reading, query, work.options, exchange);
    return;
  }
  work.lookup = true;
  work.name.Assign(query.name, query.name_length);
}

// Takes back the answers that are too many, before the table is asked for them.
[[gnu::cold, gnu::noinline]] void Responder::Limit(BurstTime& time, std::span<Exchange> burst,
                                                   std::span<Work> work) const noexcept {
  uint64_t places[kMaxBurst];
  for (size_t i = 0; i < burst.size(); ++i) {
    if (!IsLimited(burst[i], work[i])) continue;
    places[i] = options_.limiter->PlaceOf(burst[i].client, burst[i].client_length);
    options_.limiter->Prefetch(places[i]);
  }
  for (size_t i = 0; i < burst.size(); ++i) {
    Exchange& exchange = burst[i];
    if (!IsLimited(exchange, work[i])) continue;
    const RateLimiter::Decision decision = options_.limiter->Charge(
        places[i], exchange.client, exchange.client_length, time.monotonic_ns());
    if (decision == RateLimiter::Decision::kAnswer) continue;
    // Only what the table would have answered is worth a second try over TCP.
    const bool slip = decision == RateLimiter::Decision::kSlip && work[i].lookup;
    work[i].lookup = false;
    exchange.answer_length = 0;
    exchange.outcome = Outcome::kRateLimited;
    if (slip) Slip(exchange, work[i]);
  }
}

// A client that knows cookies is shown the way past the limit, any other the way to TCP. The same
// is what BIND does.
void Responder::Slip(Exchange& exchange, const Work& work) const noexcept {
  const uint16_t limit = LimitOf(exchange, work.query, options_.max_udp_payload);
  MessageWriter writer(exchange.message, work.query, work.options, limit, options_.max_udp_payload);
  const bool cookie = work.options != nullptr && work.options->cookie != CookieState::kNone;
  if (!cookie) writer.Truncate();
  exchange.answer_length = writer.Finish(cookie ? wire::kRcodeBadCookie : uint16_t{0}, false);
  exchange.sum = writer.sum();
  exchange.outcome = Outcome::kSlipped;
}

void Responder::Respond(const contract::Cut& cut, std::span<Exchange> burst) const noexcept {
  BurstRoom<Work, kMaxBurst> room;
  BurstRoom<OptionAnswer, kMaxBurst> options;
  BurstTime time(*options_.clock);
  const size_t count = std::min(burst.size(), kMaxBurst);
  for (size_t i = 0; i < count; ++i) Read(cut, time, burst[i], room.Make(i), &options.Make(i));
  const std::span<Work> work = room.first(count);
  if (options_.limiter != nullptr) [[unlikely]]
    Limit(time, burst.first(count), work);
  for (Work& w : work) {
    if (!w.lookup) continue;
    w.hash = cut.table->Hash(w.name.bytes, w.name.length);
    cut.table->Prefetch(w.hash);
  }
  for (const Work& w : work) {
    bool elsewhere;
    if (w.lookup) static_cast<void>(cut.table->Candidate(w.hash, &elsewhere));
  }
  for (size_t i = 0; i < count; ++i) {
    if (!work[i].lookup) continue;
    const uint16_t limit = LimitOf(burst[i], work[i].query, options_.max_udp_payload);
    MessageWriter writer(burst[i].message, work[i].query, work[i].options, limit,
                         options_.max_udp_payload);
    Answer(burst[i], writer, work[i].query.qclass).Compose(cut, work[i]);
  }
}

}  // namespace understudy::responder
