// A table before it has bytes: nodes and record sets collected by TableWriter, and what follows
// from them: empty non-terminals, wildcards, and what zone cuts and DNAMEs occlude.
//
// Used by: table_writer.cc alone. Order of calls: AddZone*, AddGroup*, Add*, Derive, then reading.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_DRAFT_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_DRAFT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/contract/name_index.h"
#include "dataplane/contract/table_writer.h"

namespace understudy::contract {

inline constexpr uint32_t kNoNode = 0xffffffff;

struct SetDraft {
  uint16_t type = 0;
  uint32_t group = 0;
  std::vector<Side> sides;
};

struct NodeDraft {
  std::string_view name;  // owned by the name index
  uint32_t zone = kNoZone;
  uint32_t parent = kNoNode;
  uint32_t wildcard = kNoNode;
  uint32_t cut = kNoNode;
  uint16_t flags = 0;
  std::vector<SetDraft> sets;  // sorted by type after Derive
};

struct ZoneDraft {
  std::string apex;
  uint32_t node = kNoNode;
  uint32_t parent = kNoZone;
};

struct GroupDraft {
  std::string name;
  uint8_t sides = 1;
};

class TableDraft {
 public:
  TableDraft();

  void Reserve(size_t names);
  bool AddZone(std::string_view apex);
  uint32_t AddGroup(std::string_view name, uint8_t sides);
  std::string Add(std::string_view zone_apex, RecordSet set);
  // Error text when a zone lacks SOA or NS; empty when all is derived.
  std::string Derive();

  const std::vector<NodeDraft>& nodes() const { return nodes_; }
  const std::vector<ZoneDraft>& zones() const { return zones_; }
  const std::vector<GroupDraft>& groups() const { return groups_; }
  const SetDraft* FindSet(std::string_view owner, uint16_t type) const;
  const SetDraft* FindSet(const NodeDraft& node, uint16_t type) const;

 private:
  uint32_t NodeOf(std::string_view name, uint32_t zone);
  uint32_t ClosestZone(std::string_view name) const;
  uint32_t ChildOn(std::string_view name, uint32_t zone) const;
  std::string CheckSet(const NodeDraft& node, const RecordSet& set) const;
  void AddAncestors();
  void Occlude();

  NameIndex names_;   // numbers are those of nodes_
  NameIndex apexes_;  // and of zones_
  std::vector<NodeDraft> nodes_;
  std::vector<ZoneDraft> zones_;
  std::vector<GroupDraft> groups_;
};

// The name without its first label; empty for the root.
std::string_view ParentOf(std::string_view name);
// Text for error messages: "www.example.com.", octets outside letters, digits, - and _ as \DDD.
std::string ReadableName(std::string_view name);

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_DRAFT_H_
