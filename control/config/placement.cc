#include "control/config/placement.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "control/zone/zone_file.h"
#include "dataplane/contract/lookup.h"

namespace understudy::control {
namespace {

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

std::string_view ParentOf(std::string_view name) {
  return name.substr(1 + static_cast<size_t>(static_cast<uint8_t>(name[0])));
}

bool IsRoot(std::string_view name) { return name.size() <= 1; }

std::string SetText(std::string_view owner, uint16_t type) {
  return NameToText(owner) + " " + TypeToText(type);
}

// "example.com.zone:17", where a record of a zone is written.
std::string PlaceOf(const Zone& zone, int line) { return zone.file + ":" + std::to_string(line); }

// Owners of one type in a zone, and their lines.
using Lines = absl::flat_hash_map<absl::string_view, int>;

class PlacementCheck {
 public:
  PlacementCheck(const Zones& zones, const Groups& groups, Findings* findings)
      : zones_(zones), groups_(groups), findings_(findings) {
    for (size_t i = 0; i < zones.zones.size(); ++i) apexes_[zones.zones[i].apex] = i;
  }

  void Run() {
    for (size_t i = 0; i < groups_.groups.size(); ++i) {
      for (size_t j = 0; j < groups_.groups[i].records.size(); ++j) {
        Place(groups_.groups[i], groups_.groups[i].records[j], groups_.places[i][j]);
      }
    }
    for (size_t i = 0; i < zones_.zones.size(); ++i) CompareWithZone(i);
  }

 private:
  struct Placed {
    const FailoverGroup* group;
    const GroupRecord* record;
    const RecordPlace* place;
  };
  struct Name {
    size_t zone = 0;
    std::vector<Placed> sets;  // of different types
  };

  std::optional<size_t> ZoneOf(std::string_view name) const {
    while (true) {
      const auto found = apexes_.find(Abseil(name));
      if (found != apexes_.end()) return found->second;
      if (IsRoot(name)) return std::nullopt;
      name = ParentOf(name);
    }
  }

  void Tell(const RecordPlace& place, std::string message) {
    findings_->Error(place.line, place.field, std::move(message));
  }

  // Finds the zone, and compares with the groups' records before this one.
  void Place(const FailoverGroup& group, const GroupRecord& record, const RecordPlace& place) {
    const std::optional<size_t> zone = ZoneOf(record.owner);
    if (!zone) {
      if (zones_.complete) Tell(place, NameToText(record.owner) + OutsideText());
      return;
    }
    if (record.type == contract::kTypeCname && record.owner == zones_.zones[*zone].apex) {
      Tell(place, SetText(record.owner, record.type) +
                      " is at the apex of its zone, where SOA and NS are: a name with a CNAME has "
                      "no other data (RFC 1034 3.6.2). Let A and AAAA records fail over instead");
      return;
    }
    Name& name = names_[record.owner];
    name.zone = *zone;
    for (const Placed& other : name.sets) {
      const std::string where =
          "group " + other.group->name + ", line " + std::to_string(other.place->line);
      if (other.record->type == record.type) {
        Tell(place, SetText(record.owner, record.type) + " is already in " + where);
        return;
      }
      CompareCname(record, place, other.record->type, where);
    }
    name.sets.push_back({&group, &record, &place});
    placed_.emplace_back(*zone, name.sets.back());
  }

  std::string OutsideText() const {
    constexpr size_t kShown = 10;
    std::string text = " is in none of the zones:";
    for (size_t i = 0; i < std::min(zones_.zones.size(), kShown); ++i) {
      text += " " + NameToText(zones_.zones[i].apex);
    }
    if (zones_.zones.empty()) text += " there are none";
    return zones_.zones.size() > kShown ? text + " ..." : text;
  }

  void CompareCname(const GroupRecord& record, const RecordPlace& place, uint16_t other_type,
                    const std::string& where) {
    if (record.type != contract::kTypeCname && other_type != contract::kTypeCname) return;
    Tell(place, SetText(record.owner, record.type) + " stands beside " + TypeToText(other_type) +
                    " in " + where + ": a name with a CNAME has no other data (RFC 1034 3.6.2)");
  }

  void CompareWithZone(size_t index) {
    if (names_.empty()) return;
    const Zone& zone = zones_.zones[index];
    Lines delegations;
    Lines dnames;
    for (const ZoneRecord& record : zone.records) {
      if (record.type == contract::kTypeNs && record.owner != zone.apex) {
        delegations[record.owner] = record.line;
      }
      if (record.type == contract::kTypeDname) dnames[record.owner] = record.line;
      const auto name = names_.find(record.owner);
      if (name != names_.end() && name->second.zone == index) {
        CompareSets(name->second, record, zone);
      }
    }
    if (delegations.empty() && dnames.empty()) return;
    for (const auto& [placed_zone, placed] : placed_) {
      if (placed_zone == index) CheckAbove(placed, zone, delegations, dnames);
    }
  }

  void CompareSets(const Name& name, const ZoneRecord& record, const Zone& zone) {
    for (const Placed& placed : name.sets) {
      if (placed.record->type == record.type) {
        Tell(*placed.place, SetText(record.owner, record.type) + " is in " +
                                PlaceOf(zone, record.line) +
                                " too: a record belongs either to a group or to the zone file");
      } else {
        CompareCname(*placed.record, *placed.place, record.type, PlaceOf(zone, record.line));
      }
    }
  }

  // From the name up. At a DNAME itself other types may stand (RFC 6672 2.4), at a cut none.
  void CheckAbove(const Placed& placed, const Zone& zone, const Lines& delegations,
                  const Lines& dnames) {
    const std::string& owner = placed.record->owner;
    for (std::string_view at = owner; at != zone.apex; at = ParentOf(at)) {
      if (const auto cut = delegations.find(Abseil(at)); cut != delegations.end()) {
        return TellUnreachable(placed, " is delegated: it is at or below the NS of ", *cut, zone);
      }
      const auto dname = dnames.find(Abseil(ParentOf(at)));
      if (dname != dnames.end()) {
        return TellUnreachable(placed, " is below the DNAME of ", *dname, zone);
      }
    }
  }

  void TellUnreachable(const Placed& placed, const std::string& what,
                       const Lines::value_type& above, const Zone& zone) {
    const std::string_view name(above.first.data(), above.first.size());
    Tell(*placed.place, NameToText(placed.record->owner) + what + NameToText(name) + " (" +
                            PlaceOf(zone, above.second) + "): the record could never be answered");
  }

  const Zones& zones_;
  const Groups& groups_;
  Findings* findings_;
  absl::flat_hash_map<absl::string_view, size_t> apexes_;
  absl::flat_hash_map<absl::string_view, Name> names_;
  std::vector<std::pair<size_t, Placed>> placed_;  // with their zones, in the order of the file
};

}  // namespace

void CheckPlacement(const Zones& zones, const Groups& groups, Findings* findings) {
  PlacementCheck(zones, groups, findings).Run();
}

}  // namespace understudy::control
