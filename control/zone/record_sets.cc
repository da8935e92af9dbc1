#include "control/zone/record_sets.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "control/zone/name.h"
#include "control/zone/set_size.h"
#include "dataplane/contract/lookup.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxFindings = 1000;
constexpr size_t kLargeSet = 16;
constexpr size_t kMaxTypes = 200;

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void FindingList::Add(int line, std::string message) {
  if (list_->size() == kMaxFindings) {
    ++left_out_;
    return;
  }
  const auto after = std::upper_bound(list_->begin(), list_->end(), line,
                                      [](int a, const ZoneFileError& b) { return a < b.line; });
  list_->insert(after, {line, std::move(message)});
}

void FindingList::Close(const std::string& what) {
  if (left_out_ == 0) return;
  list_->push_back({0, std::to_string(left_out_) + " more " + what + " are not shown"});
}

size_t RecordSets::SetHash::operator()(const Key& key) const {
  return absl::HashOf(Abseil(key.owner), key.type);
}

size_t RecordSets::SetHash::operator()(uint32_t position) const {
  const ZoneRecord& record = zone->records[position];
  return (*this)(Key{record.owner, record.type});
}

bool RecordSets::SetEqual::operator()(uint32_t a, const Key& b) const {
  const ZoneRecord& record = zone->records[a];
  return record.type == b.type && record.owner == b.owner;
}

bool RecordSets::Has(std::string_view owner, uint16_t type) const {
  return index_.contains(Key{owner, type});
}

void RecordSets::Add(std::string_view owner, uint16_t type, uint32_t ttl_s, std::string_view rdata,
                     int line) {
  const auto found = index_.find(Key{owner, type});
  if (found != index_.end()) {
    AddTo(*found, ttl_s, rdata, line);
    return;
  }
  const auto position = static_cast<uint32_t>(zone_->records.size());
  ZoneRecord& record = zone_->records.emplace_back();
  record.owner = owner;
  record.type = type;
  record.line = line;
  record.value.ttl_s = ttl_s;
  notes_.emplace_back();
  index_.insert(position);
  if (Grow(position, rdata.size(), line)) record.value.rdata.emplace_back(rdata);
}

void RecordSets::AddTo(uint32_t position, uint32_t ttl_s, std::string_view rdata, int line) {
  contract::Side& value = zone_->records[position].value;
  SetNote& note = notes_[position];
  if (IsDuplicate(position, rdata)) {
    warnings_->Add(line, NameOf(position) + " is there twice with the same data: kept once");
    return;
  }
  if (ttl_s != value.ttl_s) {
    value.ttl_s = std::min(value.ttl_s, ttl_s);
    if (!note.ttl_warned) {
      note.ttl_warned = true;
      warnings_->Add(line, NameOf(position) + " has another TTL on line " +
                               std::to_string(zone_->records[position].line) +
                               ": the lowest counts (RFC 2181 5.2)");
    }
  }
  if (Grow(position, rdata.size(), line)) value.rdata.emplace_back(rdata);
}

bool RecordSets::Grow(uint32_t position, size_t octets, int line) {
  const uint32_t most = MostSetOctets(zone_->records[position].owner);
  uint32_t& used = notes_[position].octets;
  const bool fitted = used <= most;
  used += kRecordOctets + static_cast<uint32_t>(octets);
  if (used > most && fitted) errors_->Add(line, NameOf(position) + " " + TooLargeText(most));
  return used <= most;
}

bool RecordSets::IsDuplicate(uint32_t position, std::string_view rdata) {
  const std::vector<std::string>& all = zone_->records[position].value.rdata;
  if (all.size() < kLargeSet) return std::find(all.begin(), all.end(), rdata) != all.end();
  absl::flat_hash_set<std::string>& seen = large_[position];
  if (seen.empty()) seen.insert(all.begin(), all.end());
  return !seen.insert(std::string(rdata)).second;
}

void RecordSets::CheckWhole() {
  for (uint32_t i = 0; i < zone_->records.size(); ++i) CheckSingle(i);
  CheckCnames();
  CheckDnames();
  CheckTypeCounts();
}

void RecordSets::CheckSingle(uint32_t position) {
  const ZoneRecord& record = zone_->records[position];
  const bool single = record.type == contract::kTypeSoa || record.type == contract::kTypeCname ||
                      record.type == contract::kTypeDname;
  if (single && record.value.rdata.size() > 1) {
    errors_->Add(record.line, NameOf(position) + " has more than one value");
  }
  const bool wildcard = record.owner.compare(0, 2, "\1*") == 0;
  if (wildcard && record.type == contract::kTypeNs) {
    errors_->Add(
        record.line,
        NameOf(position) + " is a delegation by wildcard, which means nothing (RFC 4592 4.2)");
  }
  if (record.type == contract::kTypeDs && record.owner == zone_->apex) {
    warnings_->Add(record.line,
                   NameOf(position) + " is never answered: it belongs to the zone above");
  }
}

void RecordSets::CheckCnames() {
  absl::flat_hash_map<absl::string_view, int> cnames;  // line by owner
  for (const ZoneRecord& record : zone_->records) {
    if (record.type == contract::kTypeCname) cnames[record.owner] = record.line;
  }
  if (cnames.empty()) return;
  for (uint32_t i = 0; i < zone_->records.size(); ++i) {
    const ZoneRecord& record = zone_->records[i];
    if (record.type == contract::kTypeCname) continue;
    const auto cname = cnames.find(record.owner);
    if (cname == cnames.end()) continue;
    errors_->Add(record.line, NameOf(i) + " stands beside the CNAME of line " +
                                  std::to_string(cname->second) +
                                  ": a name with a CNAME has no other data (RFC 1034 3.6.2)");
  }
}

void RecordSets::CheckDnames() {
  absl::flat_hash_map<absl::string_view, int> dnames;  // line by owner
  for (const ZoneRecord& record : zone_->records) {
    if (record.type == contract::kTypeDname) dnames[record.owner] = record.line;
  }
  if (dnames.empty()) return;
  for (uint32_t i = 0; i < zone_->records.size(); ++i) {
    std::string_view above = zone_->records[i].owner;
    while (above.size() > zone_->apex.size()) {
      above.remove_prefix(1 + static_cast<size_t>(static_cast<uint8_t>(above[0])));
      const auto dname = dnames.find(Abseil(above));
      if (dname == dnames.end()) continue;
      errors_->Add(zone_->records[i].line, NameOf(i) + " is below the DNAME of " +
                                               NameToText(above) + " on line " +
                                               std::to_string(dname->second) +
                                               ": it could never be answered (RFC 6672 2.4)");
      break;
    }
  }
}

// A node of the table counts its types in one octet; some of them are left to the groups. No name
// of a zone with fewer types than that can have more.
void RecordSets::CheckTypeCounts() {
  std::vector<bool> seen(65536, false);
  size_t types = 0;
  for (const ZoneRecord& record : zone_->records) {
    types += seen[record.type] ? 0 : 1;
    seen[record.type] = true;
  }
  if (types <= kMaxTypes) return;
  absl::flat_hash_map<absl::string_view, size_t> counts;
  for (uint32_t i = 0; i < zone_->records.size(); ++i) {
    const std::string& owner = zone_->records[i].owner;
    if (++counts[owner] != kMaxTypes + 1) continue;
    errors_->Add(zone_->records[i].line, NameToText(owner) + " has more than " +
                                             std::to_string(kMaxTypes) + " types of records");
  }
}

std::string RecordSets::NameOf(uint32_t position) const {
  const ZoneRecord& record = zone_->records[position];
  return NameToText(record.owner) + " " + TypeToText(record.type);
}

}  // namespace understudy::control
