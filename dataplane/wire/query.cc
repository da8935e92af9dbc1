#include "dataplane/wire/query.h"

#include <algorithm>

#include "dataplane/wire/message.h"

namespace understudy::wire {
namespace {

constexpr size_t kRecordFixed = 10;  // type, class, TTL, data length (RFC 1035 3.2.1)

// The bytes not read yet. A step that does not fit fails, and nothing behind it is looked at.
class Cursor {
 public:
  Cursor(const uint8_t* begin, const uint8_t* at, const uint8_t* end)
      : begin_(begin), at_(at), end_(end) {}

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const uint8_t* at() const { return at_; }
  uint16_t offset() const { return static_cast<uint16_t>(at_ - begin_); }
  bool Skip(size_t octets) {
    if (left() < octets) return false;
    at_ += octets;
    return true;
  }

  // An uncompressed name of at most 255 octets: there is nothing before a question to point to.
  bool SkipQuestionName() {
    const uint8_t* start = at_;
    while (left() > 0 && at_ - start < kMaxNameLength) {
      const size_t label = *at_;
      if (label == 0) return Skip(1);
      if (label > kMaxLabelLength || !Skip(label + 1)) return false;
    }
    return false;
  }

  // The owner of a record, which may end in a pointer. Where it points is of no interest.
  bool SkipOwner() {
    while (left() > 0) {
      const uint8_t label = *at_;
      if (label == 0) return Skip(1);
      if ((label & 0xC0) == 0xC0) return Skip(2);
      if (label > kMaxLabelLength || !Skip(label + size_t{1})) return false;
    }
    return false;
  }

 private:
  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
};

// RFC 6891 6.1.2: options are {code, length, data}, and fill the record exactly.
bool OptionsFit(const uint8_t* data, size_t length) {
  while (length >= 4) {
    const size_t option = size_t{4} + Get16(data + 2);
    if (option > length) return false;
    data += option;
    length -= option;
  }
  return length == 0;
}

// One record behind the question. `may_be_opt`: it stands in the additional section.
Reading ReadRecord(Cursor& cursor, bool may_be_opt, Query* query) {
  const uint8_t* owner = cursor.at();
  if (!cursor.SkipOwner() || cursor.left() < kRecordFixed) return Reading::kFormErr;
  const uint8_t* fixed = cursor.at();
  const size_t data_length = Get16(fixed + 8);
  if (!cursor.Skip(kRecordFixed + data_length)) return Reading::kFormErr;
  if (Get16(fixed) != kTypeOpt) return Reading::kQuery;
  // RFC 6891 6.1.1: one OPT, in the additional section, owned by the root.
  if (!may_be_opt || query->edns || *owner != 0) return Reading::kFormErr;
  query->version = fixed[5];
  if (data_length != 0 && query->version == 0) [[unlikely]] {
    if (!OptionsFit(fixed + kRecordFixed, data_length)) return Reading::kFormErr;
    query->options_length = static_cast<uint16_t>(data_length);
    query->options_at = static_cast<uint16_t>(cursor.offset() - data_length);
  }
  query->edns = true;
  query->udp_payload = std::max(Get16(fixed + 2), kMinUdpPayload);
  query->dnssec_ok = (Get16(fixed + 6) & kOptDo) != 0;  // the other flags are ignored (RFC 6891)
  return Reading::kQuery;
}

[[gnu::always_inline]] inline bool ReadQuestion(Cursor& cursor, Query* query) {
  query->name = cursor.at();
  if (!cursor.SkipQuestionName()) return false;
  query->name_length = static_cast<uint16_t>(cursor.at() - query->name);
  const uint8_t* fixed = cursor.at();
  if (!cursor.Skip(4)) return false;
  query->type = Get16(fixed);
  query->qclass = Get16(fixed + 2);
  query->question_end = cursor.offset();
  return true;
}

// All that is behind the question; `before`: records of the sections before the additional one.
[[gnu::always_inline]] inline Reading ReadRecords(Cursor& cursor, size_t before, size_t additionals,
                                                  Query* query) {
  const size_t records = before + additionals;
  for (size_t i = 0; i < records; ++i) {
    const Reading reading = ReadRecord(cursor, i >= before, query);
    if (reading != Reading::kQuery) return reading;
  }
  if (cursor.left() != 0) return Reading::kFormErr;
  return query->version != 0 ? Reading::kBadVers : Reading::kQuery;
}

// Another opcode: what its message looks like is not known, so whatever cannot be read as a query
// is not held against it, and not echoed.
[[gnu::cold, gnu::noinline]] Reading ReadOther(const uint8_t* message, size_t length,
                                               Query* query) {
  if ((message[2] & kQr) != 0) return Reading::kResponse;
  const auto* header = reinterpret_cast<const MessageHeader*>(message);
  Cursor cursor(message, message + kQuestionOffset, message + length);
  const size_t questions = header->questions.host();
  const size_t before = size_t{header->answers.host()} + header->authorities.host();
  const bool readable = questions <= 1 && (questions == 0 || ReadQuestion(cursor, query));
  if (!readable ||
      ReadRecords(cursor, before, header->additionals.host(), query) == Reading::kFormErr) {
    *query = Query();
    query->question_end = kQuestionOffset;
  }
  return Reading::kNotImp;
}

[[gnu::cold, gnu::noinline]] Reading ReadNoQuestion(const uint8_t* message, size_t length,
                                                    Query* query) {
  const auto* header = reinterpret_cast<const MessageHeader*>(message);
  if (header->questions.host() != 0 || header->answers.host() != 0) return Reading::kFormErr;
  Cursor cursor(message, message + kQuestionOffset, message + length);
  const Reading reading =
      ReadRecords(cursor, header->authorities.host(), header->additionals.host(), query);
  return reading == Reading::kQuery ? Reading::kNoQuestion : reading;
}

}  // namespace

Reading ReadQuery(const uint8_t* message, size_t length, Query* query) noexcept {
  if (length < sizeof(MessageHeader)) return Reading::kShort;
  query->question_end = kQuestionOffset;
  if ((message[2] & (kQr | kOpcodeMask)) != 0) [[unlikely]] {
    return ReadOther(message, length, query);
  }
  const auto* header = reinterpret_cast<const MessageHeader*>(message);
  if (header->questions.host() != 1) [[unlikely]]
    return ReadNoQuestion(message, length, query);

  Cursor cursor(message, message + kQuestionOffset, message + length);
  if (!ReadQuestion(cursor, query)) return Reading::kFormErr;
  // Answers do not belong into a query; an authority record does for IXFR (RFC 1995 3).
  if (header->answers.host() != 0) return Reading::kFormErr;
  return ReadRecords(cursor, header->authorities.host(), header->additionals.host(), query);
}

}  // namespace understudy::wire
