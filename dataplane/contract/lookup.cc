#include "dataplane/contract/lookup.h"

namespace understudy::contract {
namespace {

Resolution Negative(Match match, const Cut& cut, const NodeRecord& node, uint32_t zone) noexcept {
  return {.match = match, .node = &node, .zone = &cut.table->ZoneAt(zone)};
}

// The set's answer for what its group answers now, or the policy that stands instead of a side.
Resolution OfSet(const Cut& cut, const NodeRecord& node, const TypeEntry& set,
                 Match match) noexcept {
  Resolution result = Negative(match, cut, node, node.zone);
  result.set = &set;
  result.choice = cut.choices[set.group];
  const uint8_t choice = result.choice;
  if (choice >= set.sides) {
    if (choice == static_cast<uint8_t>(Choice::kServfail)) result.match = Match::kServfail;
    if (choice == static_cast<uint8_t>(Choice::kRefused)) result.match = Match::kRefused;
    if (choice == static_cast<uint8_t>(Choice::kNoData)) result.match = Match::kNoData;
    if (result.match != match) return result;
  }
  // A byte that is neither side nor policy was damaged: the primary is the answer of last resort.
  const uint32_t side = choice < set.sides ? choice : 0;
  result.answer = cut.table->AnswerAt(set.answer + side * set.stride);
  if (match == Match::kReferral) return result;
  if (result.answer->answers() == 0) result.match = Match::kNoData;
  return result;
}

// The name is below `above`, a delegation or a DNAME.
Resolution Below(const Cut& cut, const NodeRecord& above) noexcept {
  if ((above.flags & kNodeDelegation) != 0) {
    return OfSet(cut, above, *FindType(above, kReferralType), Match::kReferral);
  }
  const TypeEntry* dname = FindType(above, kTypeDname);
  if (dname == nullptr) return Negative(Match::kServfail, cut, above, above.zone);
  return OfSet(cut, above, *dname, Match::kDname);
}

// DS lives on the parent side of a cut (RFC 4035 3.1.4.1), also where the child is our zone too.
Resolution DsAtApex(const Cut& cut, const NodeRecord& node) noexcept {
  const uint32_t parent = cut.table->ZoneAt(node.zone).parent;
  const uint32_t zone = parent != kNoZone ? parent : node.zone;
  const TypeEntry* set = FindType(node, kTypeDs);
  if (set == nullptr) return Negative(Match::kNoData, cut, node, zone);
  return OfSet(cut, node, *set, Match::kAnswer);
}

// One set is enough for ANY (RFC 8482 4.1), over TCP too: the first by type that has records now. A
// set that has none on the side its group answers, or a policy instead, is said only when it is all
// there is.
[[gnu::cold, gnu::noinline]] Resolution OfAny(const Cut& cut, const NodeRecord& node) noexcept {
  Resolution first = Negative(Match::kNoData, cut, node, node.zone);
  for (uint32_t i = 0; i < node.type_count; ++i) {
    const Resolution result = OfSet(cut, node, TypesOf(node)[i], Match::kAnswer);
    if (result.match == Match::kAnswer) return result;
    if (i == 0) first = result;
  }
  return first;
}

Resolution AtNode(const Cut& cut, const NodeRecord& node, uint16_t type) noexcept {
  if ((node.flags & kNodeOccluded) != 0) return Below(cut, *cut.table->NodeAt(node.cut));
  if ((node.flags & kNodeDelegation) != 0 && type != kTypeDs) return Below(cut, node);
  if ((node.flags & kNodeApex) != 0 && type == kTypeDs) return DsAtApex(cut, node);
  // Type 0 is the referral's pseudo type here and reserved on the wire: nobody owns such a set.
  const TypeEntry* set = type == kReferralType ? nullptr : FindType(node, type);
  if (set != nullptr) return OfSet(cut, node, *set, Match::kAnswer);
  if ((node.flags & kNodeCname) != 0) {
    // These may stand beside a CNAME, which is then no alias for them (RFC 4035 2.5).
    if (type == kTypeRrsig || type == kTypeNsec) {
      return Negative(Match::kNoData, cut, node, node.zone);
    }
    return type == kTypeAny ? OfAny(cut, node)
                            : OfSet(cut, node, *FindType(node, kTypeCname), Match::kCname);
  }
  if (type == kTypeAny) return OfAny(cut, node);
  return Negative(Match::kNoData, cut, node, node.zone);
}

}  // namespace

const NodeRecord* ClosestEncloser(const Table& table, const uint8_t* name, size_t length,
                                  const NodeRecord* guess) noexcept {
  const NodeRecord* encloser = nullptr;
  for (size_t at = 0; encloser == nullptr && name[at] != 0;) {
    at += name[at] + size_t{1};
    const bool guessed = guess != nullptr && IsNamed(*guess, name + at, length - at);
    encloser = guessed ? guess : table.Find(name + at, length - at);
  }
  return encloser;
}

Resolution LookupFrom(const NodeRecord* exact, const Cut& cut, const uint8_t* name, size_t length,
                      uint16_t type) noexcept {
  const Table& table = *cut.table;
  if (exact != nullptr) return AtNode(cut, *exact, type);

  const NodeRecord* encloser = ClosestEncloser(table, name, length);
  if (encloser == nullptr) return {};
  if ((encloser->flags & kNodeOccluded) != 0) return Below(cut, *table.NodeAt(encloser->cut));
  if ((encloser->flags & (kNodeDelegation | kNodeDname)) != 0) return Below(cut, *encloser);
  if (encloser->wildcard != kNowhere) {
    Resolution result = AtNode(cut, *table.NodeAt(encloser->wildcard), type);
    result.wildcard = true;
    return result;
  }
  return Negative(Match::kNxDomain, cut, *encloser, encloser->zone);
}

}  // namespace understudy::contract
