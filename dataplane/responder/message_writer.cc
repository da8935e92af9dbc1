#include "dataplane/responder/message_writer.h"

#include <cstring>

#include "dataplane/contract/table.h"
#include "dataplane/wire/checksum.h"

namespace understudy::responder {

using contract::AnswerRecord;

namespace {

constexpr size_t kRecordFixed = 10;  // type, class, TTL, data length, behind the owner

// Points the owner of every record but glue to `owner`. Glue comes last and names its owner in
// full.
void MoveOwners(uint8_t* wire, const AnswerRecord& records, uint32_t owner) noexcept {
  const unsigned count = unsigned{records.answers()} + records.authorities();
  for (unsigned i = 0; i < count; ++i) {
    wire::Put16(wire, static_cast<uint16_t>(wire::kPointer | owner));
    wire += 2 + kRecordFixed + wire::Get16(wire + kRecordFixed);
  }
}

}  // namespace

MessageWriter::MessageWriter(uint8_t* message, const wire::Query& query,
                             const OptionAnswer* options, uint16_t limit, uint16_t offered)
    : message_(message),
      query_(query),
      options_(options),
      at_(query.question_end),
      limit_(limit),
      offered_(offered),
      opt_(query.edns && limit - query.question_end >= wire::kOptLength) {
  if (opt_) limit_ = static_cast<uint16_t>(limit_ - wire::kOptLength);
  if (options_ != nullptr) [[unlikely]] {
    // kMaxOptionAnswer fits behind any question in 512 octets; TCP and UDP give at least those.
    if (limit_ - at_ < options_->length) {
      options_ = nullptr;
    } else {
      limit_ = static_cast<uint16_t>(limit_ - options_->length);
    }
  }
}

bool MessageWriter::Reserve(uint32_t length, uint32_t owner) noexcept {
  if (at_ + length > limit_ || owner > wire::kMaxPointer) truncated_ = true;
  return !truncated_;
}

void MessageWriter::Add(uint32_t sum_of_piece) noexcept {
  sum_ += at_ % 2 == 0 ? sum_of_piece : wire::Odd(sum_of_piece);
}

void MessageWriter::Append(const AnswerRecord& records, uint32_t owner) noexcept {
  if (!Reserve(records.length, owner)) return;
  uint8_t* target = message_ + at_;
  std::memcpy(target, contract::WireOf(records), records.length);
  if (owner == wire::kQuestionOffset) [[likely]] {
    Add(records.sum);
  } else {
    MoveOwners(target, records, owner);
    Add(wire::SumOf(target, records.length));
  }
  at_ = static_cast<uint16_t>(at_ + records.length);
  answers_ = static_cast<uint16_t>(answers_ + records.answers());
  authorities_ = static_cast<uint16_t>(authorities_ + records.authorities());
  additionals_ = static_cast<uint16_t>(additionals_ + records.additionals());
}

void MessageWriter::AppendCname(uint32_t owner, const uint8_t* ttl,
                                const contract::Name& target) noexcept {
  const uint32_t length = 2 + kRecordFixed + target.length;
  if (!Reserve(length, owner)) return;
  uint8_t* record = message_ + at_;
  wire::Put16(record, static_cast<uint16_t>(wire::kPointer | owner));
  wire::Put16(record + 2, wire::kTypeCname);
  wire::Put16(record + 4, wire::kClassIn);
  std::memcpy(record + 6, ttl, 4);
  wire::Put16(record + 10, target.length);
  std::memcpy(record + 12, target.bytes, target.length);
  Add(wire::SumOf(record, length));
  at_ = static_cast<uint16_t>(at_ + length);
  ++answers_;
}

void MessageWriter::AppendRecord(std::string_view record) noexcept {
  const auto length = static_cast<uint16_t>(record.size());
  if (!Reserve(length, wire::kQuestionOffset)) return;
  std::memcpy(message_ + at_, record.data(), length);
  Add(wire::SumOf(message_ + at_, length));
  at_ = static_cast<uint16_t>(at_ + length);
  ++answers_;
}

// Writes the options behind `opt`, the OPT record at at_; returns where it ends then.
[[gnu::cold, gnu::noinline]] uint16_t MessageWriter::OptionsBehind(uint8_t* opt) noexcept {
  uint8_t* at = opt + wire::kOptLength;
  if (options_ != nullptr) {
    std::memcpy(at, options_->bytes, options_->length);
    at += options_->length;
  }
  if (why_ != nullptr) {
    const size_t length = 2 + why_->text.size();  // RFC 8914 2
    if (at_ + wire::kOptionHeader + length <= limit_) {
      wire::Put16(at, wire::kOptionExtendedError);
      wire::Put16(at + 2, static_cast<uint16_t>(length));
      wire::Put16(at + 4, why_->code);
      std::memcpy(at + 6, why_->text.data(), why_->text.size());
      at += wire::kOptionHeader + length;
    }
  }
  wire::Put16(opt + 9, static_cast<uint16_t>(at - opt - wire::kOptLength));
  Add(wire::SumOf(opt, static_cast<size_t>(at - opt)));
  return static_cast<uint16_t>(at - message_);
}

uint16_t MessageWriter::Finish(uint16_t rcode, bool authoritative) noexcept {
  if (truncated_) {
    at_ = query_.question_end;
    answers_ = authorities_ = additionals_ = 0;
    sum_ = 0;
  }
  if (opt_) {
    uint8_t* opt = message_ + at_;
    opt[0] = 0;  // the root
    wire::Put16(opt + 1, wire::kTypeOpt);
    wire::Put16(opt + 3, offered_);
    opt[5] = static_cast<uint8_t>(rcode >> 4);
    opt[6] = 0;  // version
    wire::Put16(opt + 7, query_.dnssec_ok ? wire::kOptDo : uint16_t{0});
    wire::Put16(opt + 9, 0);
    if (options_ != nullptr || why_ != nullptr) [[unlikely]] {
      at_ = OptionsBehind(opt);
    } else {
      Add(wire::SumOf(opt, wire::kOptLength));
      at_ = static_cast<uint16_t>(at_ + wire::kOptLength);
    }
    ++additionals_;
  }
  auto* header = reinterpret_cast<wire::MessageHeader*>(message_);
  const uint8_t kept = header->flags1 & (wire::kOpcodeMask | wire::kRd);
  header->flags1 = static_cast<uint8_t>(kept | wire::kQr | (authoritative ? wire::kAa : 0) |
                                        (truncated_ ? wire::kTc : 0));
  header->flags2 = static_cast<uint8_t>((header->flags2 & wire::kCd) | (rcode & 0x0f));
  header->questions = wire::Big16(query_.question_end > wire::kQuestionOffset ? 1 : 0);
  header->answers = wire::Big16(answers_);
  header->authorities = wire::Big16(authorities_);
  header->additionals = wire::Big16(additionals_);
  sum_ += wire::SumOf(message_, query_.question_end);
  return at_;
}

}  // namespace understudy::responder
