// Who this server says it is: NSID (RFC 5001) and the TXT names of class CH (RFC 4892).
//
// Used by: edns_options (NSID), off_table (TXT). Written as wire form once, at start.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_IDENTITY_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_IDENTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/wire/query.h"

namespace understudy::responder {

inline constexpr size_t kMaxNsid = 128;  // ours; leaves room for the rest in 512 octets
inline constexpr size_t kMaxText = 255;  // one character-string (RFC 1035 3.3)

// What is empty is not said.
struct IdentityText {
  std::string nsid;      // any octets, at most kMaxNsid
  std::string identity;  // id.server. and hostname.bind., at most kMaxText
  std::string version;   // version.server. and version.bind.
};

class Identity {
 public:
  explicit Identity(const IdentityText& text);

  // The NSID option, header included; empty when there is none.
  std::string_view nsid_option() const { return nsid_option_; }
  // The TXT record that answers a query of class CH, behind a pointer to its question; empty when
  // it asks for nothing that is said here.
  std::string_view AnswerTo(const wire::Query& query) const noexcept;

 private:
  std::string nsid_option_;
  std::string identity_;
  std::string version_;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_IDENTITY_H_
