// A DNS query read from its bytes. Knows no table and no transport.
//
// Used by: responder, the query fuzz target. RFC 1035 4.1, RFC 6891 6.1, RFC 9619 (one question),
// RFC 7873 5.4 (none, to ask for a cookie).
//
// Invariants
//  1. Reads only [message, message + length).
//  2. Every result but kQuery says how much of the query can be echoed: `question_end` behind the
//     question if that was understood, else kQuestionOffset.
#ifndef UNDERSTUDY_DATAPLANE_WIRE_QUERY_H_
#define UNDERSTUDY_DATAPLANE_WIRE_QUERY_H_

#include <cstddef>
#include <cstdint>

namespace understudy::wire {

enum class Reading : uint8_t {
  kQuery,
  kNoQuestion,  // QDCOUNT is 0: with the right option a request for a cookie, else malformed
  kShort,       // less than a header
  kResponse,    // QR set
  kNotImp,      // an opcode but QUERY; question and OPT are read if they can be
  kFormErr,     // the sections contradict the header, or a name, an OPT or the end is malformed
  kBadVers,     // EDNS of a version we do not know
};

struct Query {
  const uint8_t* name = nullptr;  // in the message, wire form with root label, case as sent
  uint16_t name_length = 0;
  uint16_t question_end = 0;  // offset in the message
  uint16_t type = 0;
  uint16_t qclass = 0;
  uint16_t options_at = 0;      // offset of the OPT record's data, in which options lie whole
  uint16_t options_length = 0;  // 0 for a version we do not know: its options mean nothing to us
  bool edns = false;
  uint8_t version = 0;
  bool dnssec_ok = false;
  uint16_t udp_payload = 512;  // what the client takes; at least 512
};

Reading ReadQuery(const uint8_t* message, size_t length, Query* query) noexcept;

}  // namespace understudy::wire

#endif  // UNDERSTUDY_DATAPLANE_WIRE_QUERY_H_
