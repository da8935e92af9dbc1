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
Reading ReadRecord(Cursor& cursor, bool may_be_opt, Query* query, bool* bad_version) {
  const uint8_t* owner = cursor.at();
  if (!cursor.SkipOwner() || cursor.left() < kRecordFixed) return Reading::kFormErr;
  const uint8_t* fixed = cursor.at();
  const size_t data_length = Get16(fixed + 8);
  if (!cursor.Skip(kRecordFixed + data_length)) return Reading::kFormErr;
  if (Get16(fixed) != kTypeOpt) return Reading::kQuery;
  // RFC 6891 6.1.1: one OPT, in the additional section, owned by the root.
  const bool proper = may_be_opt && !query->edns && *owner == 0;
  if (!proper || !OptionsFit(fixed + kRecordFixed, data_length)) return Reading::kFormErr;
  query->edns = true;
  query->udp_payload = std::max(Get16(fixed + 2), kMinUdpPayload);
  *bad_version = fixed[5] != 0;
  query->dnssec_ok = (Get16(fixed + 6) & kOptDo) != 0;
  return Reading::kQuery;
}

}  // namespace

Reading ReadQuery(const uint8_t* message, size_t length, Query* query) noexcept {
  if (length < sizeof(MessageHeader)) return Reading::kShort;
  query->question_end = kQuestionOffset;
  if ((message[2] & kQr) != 0) return Reading::kResponse;
  if ((message[2] & kOpcodeMask) != 0) return Reading::kNotImp;
  const auto* header = reinterpret_cast<const MessageHeader*>(message);
  if (header->questions.host() != 1) return Reading::kFormErr;

  Cursor cursor(message, message + kQuestionOffset, message + length);
  query->name = cursor.at();
  if (!cursor.SkipQuestionName()) return Reading::kFormErr;
  query->name_length = static_cast<uint16_t>(cursor.at() - query->name);
  const uint8_t* fixed = cursor.at();
  if (!cursor.Skip(4)) return Reading::kFormErr;
  query->type = Get16(fixed);
  query->qclass = Get16(fixed + 2);
  query->question_end = cursor.offset();

  // Answers do not belong into a query; an authority record does for IXFR (RFC 1995 3).
  if (header->answers.host() != 0) return Reading::kFormErr;
  bool bad_version = false;
  const size_t authorities = header->authorities.host();
  const size_t records = authorities + header->additionals.host();
  for (size_t i = 0; i < records; ++i) {
    const Reading reading = ReadRecord(cursor, i >= authorities, query, &bad_version);
    if (reading != Reading::kQuery) return reading;
  }
  if (cursor.left() != 0) return Reading::kFormErr;
  return bad_version ? Reading::kBadVers : Reading::kQuery;
}

}  // namespace understudy::wire
