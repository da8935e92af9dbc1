#include "dataplane/contract/table_draft.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "dataplane/contract/lookup.h"
#include "dataplane/contract/table_check.h"

namespace understudy::contract {
namespace {

constexpr size_t kMinSoa = 22;  // two root names and five 32-bit fields (RFC 1035 3.3.13)

bool IsName(std::string_view wire) {
  return !wire.empty() &&
         NameLength(reinterpret_cast<const uint8_t*>(wire.data()), wire.size()) == wire.size();
}

bool IsWildcard(std::string_view name) { return name.size() > 2 && name[0] == 1 && name[1] == '*'; }

size_t LabelsOf(std::string_view name) {
  size_t labels = 0;
  for (; name.size() > 1; name = ParentOf(name)) ++labels;
  return labels;
}

bool IsAtOrBelow(std::string_view name, std::string_view apex) {
  while (name.size() > apex.size()) name = ParentOf(name);
  return name == apex;
}

// Octets one side takes in an answer: pointer, type, class, TTL, length before each value.
size_t WireSize(const Side& side) {
  size_t size = 0;
  for (const std::string& rdata : side.rdata) size += 12 + rdata.size();
  return size;
}

}  // namespace

std::string_view ParentOf(std::string_view name) {
  const auto label = static_cast<uint8_t>(name.empty() ? 0 : name[0]);
  return label == 0 ? std::string_view() : name.substr(label + size_t{1});
}

std::string ReadableName(std::string_view name) {
  if (name.size() <= 1) return ".";
  std::string text;
  for (; name.size() > 1; name = ParentOf(name)) {
    for (const char c : name.substr(1, static_cast<uint8_t>(name[0]))) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '*') {
        text += c;
      } else {
        char escaped[5];
        std::snprintf(escaped, sizeof(escaped), "\\%03u", static_cast<unsigned char>(c));
        text += escaped;
      }
    }
    text += '.';
  }
  return text;
}

TableDraft::TableDraft() { groups_.push_back({"", 1}); }

void TableDraft::Reserve(size_t names) {
  names_.Reserve(names);
  nodes_.reserve(names);
}

bool TableDraft::AddZone(std::string_view apex) {
  if (!apexes_.Insert(apex).second) return false;
  zones_.push_back({std::string(apex), kNoNode, kNoZone});
  return true;
}

uint32_t TableDraft::AddGroup(std::string_view name, uint8_t sides) {
  groups_.push_back({std::string(name), sides});
  return static_cast<uint32_t>(groups_.size() - 1);
}

uint32_t TableDraft::ClosestZone(std::string_view name) const {
  for (; !name.empty(); name = ParentOf(name)) {
    const uint32_t zone = apexes_.Find(name);
    if (zone != NameIndex::kNone) return zone;
  }
  return kNoZone;
}

// The zone next below `zone` on the way to `name`, which belongs to a zone below it.
uint32_t TableDraft::ChildOn(std::string_view name, uint32_t zone) const {
  uint32_t child = kNoZone;
  for (uint32_t at = ClosestZone(name); at != zone; at = ClosestZone(ParentOf(zones_[at].apex))) {
    child = at;
  }
  return child;
}

uint32_t TableDraft::NodeOf(std::string_view name, uint32_t zone) {
  const auto [number, fresh] = names_.Insert(name);
  if (fresh) {
    nodes_.emplace_back();
    nodes_.back().name = names_[number];
    nodes_.back().zone = zone;
  }
  return number;
}

std::string TableDraft::CheckSet(const NodeDraft& node, const RecordSet& set) const {
  if (set.group >= groups_.size()) return "belongs to no group";
  if (set.sides.size() != groups_[set.group].sides) return "has not as many sides as its group";
  if (set.type == kTypeNs && IsWildcard(set.owner)) return "NS at a wildcard means nothing";
  for (const Side& side : set.sides) {
    if (WireSize(side) > UINT16_MAX) return "takes more than 65,535 octets";
    const bool single = set.type == kTypeCname || set.type == kTypeDname || set.type == kTypeSoa;
    if (set.type == kTypeSoa && (side.rdata.empty() || side.rdata[0].size() < kMinSoa)) {
      return "is no SOA";
    }
    const bool alias = set.type == kTypeCname || set.type == kTypeDname;
    for (const std::string& rdata : side.rdata) {
      if (rdata.size() > UINT16_MAX) return "has a value over 65,535 octets";
      if (alias && !IsName(rdata)) return "points to what is no name";
    }
    if (single && side.rdata.size() > 1) return "has more than one value of a single-valued type";
  }
  for (const SetDraft& other : node.sets) {
    if (other.type == set.type) return "stands there twice";
    if (other.type == kTypeCname || set.type == kTypeCname) return "is a CNAME beside other data";
  }
  return "";
}

std::string TableDraft::Add(std::string_view zone_apex, RecordSet set) {
  if (!IsName(set.owner)) return "an owner is no name";
  const uint32_t zone = apexes_.Find(zone_apex);
  const uint32_t closest = ClosestZone(set.owner);
  const auto describe = [&](std::string_view wrong) {
    return ReadableName(set.owner) + " type " + std::to_string(set.type) + ": " +
           std::string(wrong);
  };
  if (zone == NameIndex::kNone || !IsAtOrBelow(set.owner, zone_apex)) {
    return describe("is not in zone " + ReadableName(zone_apex));
  }
  if (closest != zone) {
    // The child's data wins; but the names above it exist in the parent for what the parent has
    // there (RFC 8020), and DS belongs to the parent side of the cut.
    const uint32_t child = ChildOn(set.owner, zone);
    const std::string_view above = ParentOf(zones_[child].apex);
    if (above != zone_apex) NodeOf(above, zone);
    if (set.owner != zones_[child].apex || set.type != kTypeDs) return "";
  } else if (set.type == kTypeDs && set.owner == zone_apex) {
    return "";
  }
  NodeDraft& node = nodes_[NodeOf(set.owner, closest)];
  if (std::string wrong = CheckSet(node, set); !wrong.empty()) return describe(wrong);
  node.sets.push_back({set.type, set.group, std::move(set.sides)});
  return "";
}

const SetDraft* TableDraft::FindSet(const NodeDraft& node, uint16_t type) const {
  const auto found = std::ranges::find(node.sets, type, &SetDraft::type);
  return found == node.sets.end() ? nullptr : &*found;
}

const SetDraft* TableDraft::FindSet(std::string_view owner, uint16_t type) const {
  const uint32_t number = names_.Find(owner);
  return number == NameIndex::kNone ? nullptr : FindSet(nodes_[number], type);
}

std::string TableDraft::Derive() {
  for (ZoneDraft& zone : zones_) {
    zone.parent = ClosestZone(ParentOf(zone.apex));
    zone.node = NodeOf(zone.apex, apexes_.Find(zone.apex));
    NodeDraft& apex = nodes_[zone.node];
    apex.flags |= kNodeApex;
    if (!FindSet(apex, kTypeSoa)) return "zone " + ReadableName(zone.apex) + " has no SOA";
    if (!FindSet(apex, kTypeNs)) return "zone " + ReadableName(zone.apex) + " has no NS";
  }
  AddAncestors();
  for (NodeDraft& node : nodes_) {
    std::ranges::sort(node.sets, {}, &SetDraft::type);
    if (FindSet(node, kTypeCname)) node.flags |= kNodeCname;
    if (FindSet(node, kTypeDname)) node.flags |= kNodeDname;
    if (FindSet(node, kTypeNs) && (node.flags & kNodeApex) == 0) node.flags |= kNodeDelegation;
  }
  Occlude();
  return "";
}

// Every name up to the apex becomes a node (RFC 8020), and knows its parent and its wildcard child.
void TableDraft::AddAncestors() {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {  // grows while it runs
    if ((nodes_[i].flags & kNodeApex) != 0) continue;
    const std::string_view name = nodes_[i].name;
    const uint32_t parent = NodeOf(ParentOf(name), nodes_[i].zone);
    nodes_[i].parent = parent;
    if (IsWildcard(name)) nodes_[parent].wildcard = i;
  }
}

// From the apex down, so that the highest cut on the way wins.
void TableDraft::Occlude() {
  std::vector<std::vector<uint32_t>> by_depth(128);  // 255 octets hold 127 labels at most
  for (uint32_t i = 0; i < nodes_.size(); ++i) by_depth[LabelsOf(nodes_[i].name)].push_back(i);
  for (const std::vector<uint32_t>& level : by_depth) {
    for (const uint32_t i : level) {
      NodeDraft& node = nodes_[i];
      if (node.parent == kNoNode) continue;
      const NodeDraft& parent = nodes_[node.parent];
      const bool below = (parent.flags & (kNodeDelegation | kNodeDname)) != 0;
      node.cut = parent.cut != kNoNode ? parent.cut : below ? node.parent : kNoNode;
      if (node.cut == kNoNode) continue;
      node.flags = kNodeOccluded;
    }
  }
}

}  // namespace understudy::contract
