#include "dataplane/responder/responder.h"

#include <algorithm>

#include "dataplane/contract/walk.h"
#include "dataplane/responder/message_writer.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {
namespace {

using contract::AnsweredBy;
using contract::Match;
using contract::Outcome;
using contract::Resolution;
using wire::Rcode;
using wire::Reading;

// What one exchange carries from phase to phase.
struct Work {
  wire::Query query;
  bool lookup = false;  // a well-formed question that the table decides
  uint64_t hash = 0;
  contract::Name name;
};

uint16_t LimitOf(const Exchange& exchange, const wire::Query& query, uint16_t max_udp) {
  if (exchange.transport == Transport::kTcp) return exchange.capacity;
  const uint16_t wanted = query.edns ? query.udp_payload : wire::kMinUdpPayload;
  return std::min({wanted, std::max(max_udp, wire::kMinUdpPayload), exchange.capacity});
}

void Finish(Exchange& exchange, MessageWriter& writer, uint16_t rcode, bool authoritative,
            Outcome outcome) {
  exchange.answer_length = writer.Finish(rcode, authoritative);
  exchange.sum = writer.sum();
  exchange.outcome = writer.truncated() ? Outcome::kTruncated : outcome;
}

// Who is to be thanked for a positive answer: the first failover group on the way to it.
void Credit(Exchange& exchange, const Resolution& step) {
  if (exchange.answered_by != AnsweredBy::kStatic || step.set == nullptr || step.set->group == 0) {
    return;
  }
  exchange.answered_by = step.choice == 0   ? AnsweredBy::kPrimary
                         : step.choice == 1 ? AnsweredBy::kSecondary
                                            : AnsweredBy::kFurther;
}

// The whole answer to a question: all steps of its walk, then the section that ends it.
class Answer {
 public:
  Answer(Exchange& exchange, MessageWriter& writer) : exchange_(exchange), writer_(writer) {}

  void Compose(const contract::Cut& cut, const Work& work) {
    contract::Walk walk(cut, work.name, work.hash, work.query.type);
    do {
      Say(walk);
      first_ = false;
    } while (!done_ && walk.Follow());
    if (done_) return;
    // The chain leads out of our zones, or nowhere: what was said is the answer.
    End(walk.too_long() ? Rcode::kYxDomain : Rcode::kNoError,
        walk.too_long() ? Outcome::kYxDomain : Outcome::kPositive);
  }

 private:
  void Say(const contract::Walk& walk) {
    const Resolution& step = walk.step();
    Credit(exchange_, step);
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
        authoritative_ = !first_;
        writer_.Append(*step.answer, SuffixAt(walk, step.node->name_length));
        return End(Rcode::kNoError, Outcome::kReferral);
      case Match::kRefused:
        authoritative_ = false;
        return End(Rcode::kRefused, Outcome::kRefused);
      case Match::kServfail:
        authoritative_ = false;
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
  bool authoritative_ = true;
  bool done_ = false;
};

struct Failure {
  Outcome outcome;
  uint16_t rcode;
};

// What is said to a query that never gets to the table.
Failure FailureOf(Reading reading) {
  switch (reading) {
    case Reading::kShort:
      return {Outcome::kShortQuery, 0};
    case Reading::kResponse:
      return {Outcome::kResponse, 0};
    case Reading::kNotImp:
      return {Outcome::kNotImp, static_cast<uint16_t>(Rcode::kNotImp)};
    case Reading::kFormErr:
      return {Outcome::kFormErr, static_cast<uint16_t>(Rcode::kFormErr)};
    case Reading::kBadVers:
      return {Outcome::kBadVers, wire::kRcodeBadVers};
    case Reading::kQuery:
      break;
  }
  return {Outcome::kRefused, static_cast<uint16_t>(Rcode::kRefused)};
}

// Only data of class IN is here, and none of it is transferred.
bool IsServed(const wire::Query& query) {
  return query.qclass == wire::kClassIn && query.type != wire::kTypeAxfr &&
         query.type != wire::kTypeIxfr;
}

// Answers what can be answered without a table; leaves the rest in `work` to be looked up.
void Read(const contract::Cut& cut, const ResponderOptions& options, Exchange& exchange,
          Work& work) {
  exchange.answered_by = AnsweredBy::kStatic;
  exchange.answer_length = 0;
  const Reading reading = wire::ReadQuery(exchange.message, exchange.query_length, &work.query);
  Failure failure = FailureOf(reading);
  if (reading == Reading::kQuery && IsServed(work.query)) {
    if (cut.table != nullptr) {
      work.lookup = true;
      work.name.Assign(work.query.name, work.query.name_length);
      return;
    }
    failure = {Outcome::kNoTable, static_cast<uint16_t>(Rcode::kServFail)};
  }
  exchange.outcome = failure.outcome;
  if (failure.rcode == 0) return;
  const uint16_t limit = LimitOf(exchange, work.query, options.max_udp_payload);
  MessageWriter writer(exchange.message, work.query, limit, options.max_udp_payload);
  Finish(exchange, writer, failure.rcode, false, failure.outcome);
}

}  // namespace

void Responder::Respond(const contract::Cut& cut, std::span<Exchange> burst) const noexcept {
  Work work[kMaxBurst];
  const size_t count = std::min(burst.size(), kMaxBurst);
  for (size_t i = 0; i < count; ++i) Read(cut, options_, burst[i], work[i]);
  for (size_t i = 0; i < count; ++i) {
    if (!work[i].lookup) continue;
    work[i].hash = cut.table->Hash(work[i].name.bytes, work[i].name.length);
    cut.table->Prefetch(work[i].hash);
  }
  for (size_t i = 0; i < count; ++i) {
    if (!work[i].lookup) continue;
    cut.table->PrefetchNode(work[i].hash);
  }
  for (size_t i = 0; i < count; ++i) {
    if (!work[i].lookup) continue;
    const uint16_t limit = LimitOf(burst[i], work[i].query, options_.max_udp_payload);
    MessageWriter writer(burst[i].message, work[i].query, limit, options_.max_udp_payload);
    Answer(burst[i], writer).Compose(cut, work[i]);
  }
}

}  // namespace understudy::responder
