// The algorithm of RFC 1034 4.3.2 over a table: from a name and a type to what is to be said.
//
// Used by: the responder (composes the wire answer from it) and control (explain says in words what
// the responder would do). One algorithm, so both always agree.
//
// Steps: exact node, else closest encloser (RFC 4592 3.3.1); zone cut or DNAME above it; wildcard;
// then the type, or a CNAME. Following a CNAME is the caller's loop, bounded by kMaxChain.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_LOOKUP_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_LOOKUP_H_

#include <cstdint>

#include "dataplane/contract/selection.h"
#include "dataplane/contract/table.h"

namespace understudy::contract {

inline constexpr int kMaxChain = 16;  // CNAME and DNAME steps of one answer

enum class Match : uint8_t {
  kAnswer,    // `answer` holds the records of the type asked for
  kCname,     // `answer` is a CNAME: say it, then look up its target
  kDname,     // `answer` is the DNAME of `node`: say it, synthesize a CNAME (RFC 6672 3)
  kNoData,    // the name exists, the type does not; SOA from `zone`
  kNxDomain,  // the name does not exist; SOA from `zone`
  kReferral,  // `answer` is the referral of the zone cut `node`
  kRefused,   // in none of our zones, or refused by policy
  kServfail,  // by policy of the group
};

struct Resolution {
  Match match = Match::kRefused;
  bool wildcard = false;                 // answered by a wildcard (`node` is it)
  const NodeRecord* node = nullptr;      // the node that decided
  const ZoneEntry* zone = nullptr;       // its zone; nullptr only for kRefused outside our zones
  const TypeEntry* set = nullptr;        // the record set that decided, if any
  const AnswerRecord* answer = nullptr;  // see Match
  uint8_t choice = 0;                    // the group's Choice when `set` has a group
};

inline constexpr uint16_t kTypeNs = 2, kTypeCname = 5, kTypeSoa = 6, kTypeDname = 39, kTypeDs = 43,
                          kTypeRrsig = 46, kTypeNsec = 47,
                          kTypeAny = 255;  // RFC 1035 3.2.2, RFC 6672, RFC 4034, RFC 8482

// `name` as for Table::Find; `exact` is what Find said of it.
Resolution LookupFrom(const NodeRecord* exact, const Cut& cut, const uint8_t* name, size_t length,
                      uint16_t type) noexcept;
inline Resolution Lookup(const Cut& cut, uint64_t hash, const uint8_t* name, size_t length,
                         uint16_t type) noexcept {
  return LookupFrom(cut.table->Find(hash, name, length), cut, name, length, type);
}

// The closest encloser of a name that is no node (RFC 4592 3.3.1); null: it is in none of our
// zones. `name` as for Table::Find. Whether it is `guess` is looked at before anything is searched:
// names that are nowhere come in floods, below one and the same node.
const NodeRecord* ClosestEncloser(const Table& table, const uint8_t* name, size_t length,
                                  const NodeRecord* guess = nullptr) noexcept;

// The way of nearly every question, in line: the records of a type at a node of its own. Null: ask
// Lookup, which says the same and everything else.
inline const AnswerRecord* PlainAnswer(const Cut& cut, const NodeRecord& node, uint16_t type,
                                       const TypeEntry** set) noexcept {
  if ((node.flags & (kNodeOccluded | kNodeDelegation)) != 0) return nullptr;
  if (type == kReferralType || type == kTypeDs) return nullptr;
  *set = FindType(node, type);
  if (*set == nullptr) return nullptr;
  const uint8_t choice = cut.choices[(*set)->group];
  if (choice >= (*set)->sides) return nullptr;
  const AnswerRecord* answer = cut.table->AnswerAt((*set)->answer + choice * (*set)->stride);
  return answer->answers() != 0 ? answer : nullptr;
}

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_LOOKUP_H_
