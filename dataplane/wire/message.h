// The fixed parts of a DNS message (RFC 1035 4.1) and their numbers.
//
// Used by: query (reads), responder (composes), tests.
#ifndef UNDERSTUDY_DATAPLANE_WIRE_MESSAGE_H_
#define UNDERSTUDY_DATAPLANE_WIRE_MESSAGE_H_

#include <cstdint>

#include "dataplane/wire/byte_order.h"

namespace understudy::wire {

struct MessageHeader {
  Big16 id;
  uint8_t flags1;  // QR, opcode, AA, TC, RD
  uint8_t flags2;  // RA, Z, AD, CD, rcode
  Big16 questions;
  Big16 answers;
  Big16 authorities;
  Big16 additionals;
};
static_assert(sizeof(MessageHeader) == 12);

inline constexpr uint8_t kQr = 0x80, kOpcodeMask = 0x78, kAa = 0x04, kTc = 0x02, kRd = 0x01;
inline constexpr uint8_t kRa = 0x80, kAd = 0x20, kCd = 0x10;  // RFC 4035 3.2
inline constexpr uint16_t kQuestionOffset = sizeof(MessageHeader);
inline constexpr uint16_t kMaxNameLength = 255, kMaxLabelLength = 63;  // RFC 1035 2.3.4
inline constexpr uint16_t kPointer = 0xC000, kMaxPointer = 0x3fff;     // RFC 1035 4.1.4

enum class Rcode : uint8_t {  // RFC 1035 4.1.1, RFC 6895 2.3
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,
  kNotAuth = 9,  // RFC 2136 2.2, RFC 8945 3
};
// RFC 6891 9; its upper eight bits travel in the OPT record
inline constexpr uint16_t kRcodeBadVers = 16;
inline constexpr uint16_t kRcodeBadCookie = 23;  // RFC 7873 8

inline constexpr uint16_t kClassIn = 1, kClassCh = 3, kClassAny = 255;  // RFC 1035 3.2.4, 3.2.5
inline constexpr uint16_t kTypeCname = 5, kTypeTxt = 16, kTypeOpt = 41, kTypeIxfr = 251,
                          kTypeAxfr = 252, kTypeAny = 255;
inline constexpr uint16_t kMinUdpPayload = 512;  // RFC 6891 6.2.3

// Our OPT record (RFC 6891 6.1.2) without options: root name, type, payload size, extended rcode,
// version, flags, length of the options.
inline constexpr uint16_t kOptLength = 11;
inline constexpr uint16_t kOptDo = 0x8000;  // RFC 3225 3

// EDNS options (IANA DNS EDNS0 Option Codes): each is {code, length, data}.
inline constexpr uint16_t kOptionHeader = 4;
inline constexpr uint16_t kOptionNsid = 3;            // RFC 5001
inline constexpr uint16_t kOptionCookie = 10;         // RFC 7873
inline constexpr uint16_t kOptionTcpKeepalive = 11;   // RFC 7828
inline constexpr uint16_t kOptionExtendedError = 15;  // RFC 8914

}  // namespace understudy::wire

#endif  // UNDERSTUDY_DATAPLANE_WIRE_MESSAGE_H_
