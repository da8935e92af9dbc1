// An answer while it is composed, in place behind the question of its query.
//
// Used by: responder.cc and off_table.cc.
//
// Invariants
//  1. Nothing is written at or behind `limit`; what does not fit makes the answer truncated, which
//     drops everything but the question and the OPT record (RFC 2181 9), whose options stay.
//  2. `sum()` is the ones'-complement sum of what was written, kept along the way from the stored
//  sums.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_MESSAGE_WRITER_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_MESSAGE_WRITER_H_

#include <cstdint>
#include <string_view>

#include "dataplane/contract/table_format.h"
#include "dataplane/contract/walk.h"
#include "dataplane/responder/edns_options.h"
#include "dataplane/responder/explanation.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {

class MessageWriter {
 public:
  // `limit`: the largest answer; at least the question's end. An OPT record is added in Finish when
  // the query had one (and it fits, which it always does for limits of 512 and above). `options`
  // go into it; null: none.
  MessageWriter(uint8_t* message, const wire::Query& query, const OptionAnswer* options,
                uint16_t limit, uint16_t offered);

  // Where the next record begins.
  uint16_t at() const { return at_; }
  bool truncated() const { return truncated_; }
  uint32_t sum() const { return sum_; }

  // Appends prepared records whose owner is the name at `owner` in the message.
  void Append(const contract::AnswerRecord& records, uint32_t owner) noexcept;
  // Appends the CNAME that a DNAME stands for (RFC 6672 3.1).
  void AppendCname(uint32_t owner, const uint8_t* ttl, const contract::Name& target) noexcept;

  // Appends one record, already behind a pointer to the question.
  void AppendRecord(std::string_view record) noexcept;
  // Says why, when the client has EDNS and there is room. Null: nothing to say.
  void Explain(const Explanation* why) noexcept { why_ = why; }

  // Makes it an empty answer with TC set.
  void Truncate() noexcept { truncated_ = true; }

  // Writes OPT and header; returns the length of the answer. `rcode` may be extended.
  uint16_t Finish(uint16_t rcode, bool authoritative) noexcept;

 private:
  bool Reserve(uint32_t length, uint32_t owner) noexcept;
  void Add(uint32_t sum_of_piece) noexcept;
  uint16_t OptionsBehind(uint8_t* opt) noexcept;

  uint8_t* message_;
  const wire::Query& query_;
  const OptionAnswer* options_;
  const Explanation* why_ = nullptr;
  uint16_t at_;
  uint16_t limit_;    // for records: what OPT needs is already taken off
  uint16_t offered_;  // payload size said in OPT
  bool opt_;
  bool truncated_ = false;
  uint16_t answers_ = 0, authorities_ = 0, additionals_ = 0;
  uint32_t sum_ = 0;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_MESSAGE_WRITER_H_
