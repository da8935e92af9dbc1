#include "control/config/group_record.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "control/config/section.h"
#include "control/zone/name.h"
#include "control/zone/set_size.h"
#include "control/zone/zone_file.h"
#include "dataplane/contract/lookup.h"

namespace understudy::control {
namespace {

constexpr int64_t kMaxTtl = 2147483647;  // RFC 2181 8
constexpr int64_t kDefaultTtl = 60;
constexpr int64_t kAdvisedTtl = 60;  // Route 53: "specify a TTL of 60 seconds or less"

// IANA numbers of: A CNAME PTR MX TXT AAAA SRV NAPTR SSHFP TLSA SVCB HTTPS SPF CAA.
constexpr std::array<uint16_t, 14> kFailoverTypes{1,  5,  12, 15, 16, 28, 33,
                                                  35, 44, 52, 64, 65, 99, 257};
constexpr uint16_t kTypeTxt = 16;
constexpr uint16_t kTypeSpf = 99;

std::string RefusalOf(uint16_t type) {
  if (std::find(kFailoverTypes.begin(), kFailoverTypes.end(), type) != kFailoverTypes.end()) {
    return {};
  }
  switch (type) {
    case contract::kTypeNs:
      return "NS cannot fail over: resolvers keep a delegation for its own time, whatever is "
             "answered; it belongs into the zone file";
    case contract::kTypeSoa:
      return "SOA cannot fail over: it is the identity of the zone; it belongs into the zone file";
    case contract::kTypeDs:
      return "DS cannot fail over: validators would take the other side for an attack; it belongs "
             "into the zone file";
    default:
      break;
  }
  std::string allowed;
  for (const uint16_t one : kFailoverTypes) allowed += " " + TypeToText(one);
  return TypeToText(type) + " cannot fail over; allowed:" + allowed;
}

// 'v=spf1 -all' would be two strings that resolvers join without the space. Nobody means that.
bool LosesSpaces(uint16_t type, std::string_view text) {
  if (type != kTypeTxt && type != kTypeSpf) return false;
  return text.find('"') == std::string_view::npos && text.substr(0, 2) != "\\#" &&
         text.find_first_of(" \t") != std::string_view::npos;
}

class RecordReader {
 public:
  RecordReader(const YamlValue& value, const std::string& path, const FailoverGroup& group,
               Findings* findings)
      : path_(path), section_(value, path, findings), group_(group), findings_(findings) {
    record_.sides.resize(group.tiers.size());
  }

  std::optional<GroupRecord> Read() {
    const bool named = ReadName();
    const bool typed = ReadType();
    ReadTtl();
    for (size_t i = 0; i < group_.tiers.size(); ++i) {
      ReadSide(group_.tiers[i].name, typed, &record_.sides[i]);
    }
    if (named && typed) CheckSides();
    section_.RefuseUnknown();
    if (!named || !typed) return std::nullopt;
    return std::move(record_);
  }

 private:
  bool ReadName() {
    section_.Require("name");
    const std::optional<std::string> text = section_.Text("name");
    if (!text) return false;
    const absl::StatusOr<std::string> owner = NameToWire(*text);
    if (!owner.ok()) {
      section_.Error("name", std::string(owner.status().message()));
      return false;
    }
    record_.owner = *owner;
    return true;
  }

  bool ReadType() {
    section_.Require("type");
    const std::optional<std::string> text = section_.Text("type");
    if (!text) return false;
    const absl::StatusOr<uint16_t> type = TypeFromText(*text);
    const std::string wrong = type.ok() ? RefusalOf(*type) : std::string(type.status().message());
    if (!wrong.empty()) {
      section_.Error("type", wrong);
      return false;
    }
    record_.type = *type;
    return true;
  }

  // One for all sides, or a mapping by side.
  void ReadTtl() {
    const YamlValue* value = section_.Take("ttl");
    if (value != nullptr && value->kind == YamlValue::Kind::kMap) {
      Section by_side(*value, path_ + ".ttl", findings_);
      for (size_t i = 0; i < group_.tiers.size(); ++i) {
        SetTtl(by_side, group_.tiers[i].name, record_.sides[i]);
      }
      by_side.RefuseUnknown();
      return;
    }
    contract::Side read;
    SetTtl(section_, "ttl", read);
    for (contract::Side& side : record_.sides) side.ttl_s = read.ttl_s;
  }

  void SetTtl(Section& section, std::string_view key, contract::Side& side) {
    const int64_t ttl_s = section.Number(key, 0, kMaxTtl).value_or(kDefaultTtl);
    if (ttl_s > kAdvisedTtl) {
      section.Warn(key, "clients keep the old side for up to " + std::to_string(ttl_s) +
                            " s after a failover; 60 or less is advised");
    }
    side.ttl_s = static_cast<uint32_t>(ttl_s);
  }

  // A list of values, or one value alone.
  void ReadSide(std::string_view key, bool typed, contract::Side* side) {
    const YamlValue* value = section_.Take(key);
    if (value == nullptr) return;
    if (value->kind == YamlValue::Kind::kText) {
      if (typed) AddValue(*value, section_.PathOf(key), side);
      return;
    }
    if (value->kind != YamlValue::Kind::kList) {
      value_failed_ = true;
      section_.Error(key,
                     "must be a value or a list of them, and is " + std::string(KindText(*value)));
      return;
    }
    if (value->children.empty()) {
      value_failed_ = true;
      section_.Error(key, "is an empty list: give it values, or leave '" + std::string(key) +
                              "' out when this side shall have no such record");
    }
    for (size_t i = 0; i < value->children.size(); ++i) {
      const std::string path = section_.PathOf(key) + "[" + std::to_string(i) + "]";
      if (typed) AddValue(*value->children[i], path, side);
    }
    if (record_.type == contract::kTypeCname && side->rdata.size() > 1) {
      section_.Error(key, "a CNAME has exactly one value, and " +
                              std::to_string(side->rdata.size()) + " are here");
    }
    CheckSize(key, *side);
    RefuseRepeated(key, *value, *side);
  }

  void AddValue(const YamlValue& value, const std::string& path, contract::Side* side) {
    std::string wrong;
    if (value.kind != YamlValue::Kind::kText) {
      wrong = "must be a single value, and is " + std::string(KindText(value));
    } else if (LosesSpaces(record_.type, value.text)) {
      wrong =
          "the text has spaces outside quotes and would become several strings without them: "
          "write '\"" +
          value.text.substr(0, 80) + "\"'";
    } else {
      absl::StatusOr<std::string> rdata = RdataFromText(record_.type, value.text);
      if (rdata.ok()) {
        side->rdata.push_back(*std::move(rdata));
        return;
      }
      wrong = std::string(rdata.status().message());
    }
    value_failed_ = true;
    findings_->Error(value.line, path, std::move(wrong));
  }

  void CheckSize(std::string_view key, const contract::Side& side) {
    size_t octets = 0;
    for (const std::string& rdata : side.rdata) octets += kRecordOctets + rdata.size();
    const uint32_t most = MostSetOctets(record_.owner);
    if (octets > most) section_.Error(key, TooLargeText(most));
  }

  // RFC 2181 5: a record set has no record twice. Written twice it was meant to be two values.
  void RefuseRepeated(std::string_view key, const YamlValue& value, const contract::Side& side) {
    if (side.rdata.size() != value.children.size()) return;  // one of them is wrong
    absl::flat_hash_map<absl::string_view, size_t> seen;
    for (size_t i = 0; i < side.rdata.size(); ++i) {
      const auto [first, is_new] = seen.emplace(side.rdata[i], i);
      if (is_new) continue;
      findings_->Error(value.children[i]->line,
                       section_.PathOf(key) + "[" + std::to_string(i) + "]",
                       Quoted(value.children[i]->text) + " is there twice, first as " +
                           std::string(key) + "[" + std::to_string(first->second) + "]");
    }
  }

  void CheckSides() {
    if (value_failed_) return;  // a side may be empty because of it
    const auto empty = [](const contract::Side& side) { return side.rdata.empty(); };
    if (std::ranges::all_of(record_.sides, empty)) {
      section_.Require("primary", "a record needs values on one side at least");
      return;
    }
    for (size_t i = 0; i < record_.sides.size(); ++i) {
      const std::string& side = group_.tiers[i].name;
      if (!empty(record_.sides[i])) continue;
      section_.Warn(side, "is not there: while group " + group_.name + " answers its " + side +
                              ", " + NameToText(record_.owner) + " has no " +
                              TypeToText(record_.type) + " record (NODATA)");
    }
    if (group_.policy.all_down == AllDown::kAll) CheckUnion();
  }

  // all_down: all answers the values of every side at once.
  void CheckUnion() {
    const contract::Side all = AllSidesOf(record_);
    if (record_.type == contract::kTypeCname && all.rdata.size() > 1) {
      section_.Error("type",
                     "a CNAME has exactly one value, so its group cannot have "
                     "all_down: all, which answers those of every side");
    }
    CheckSize("name", all);
  }

  std::string path_;
  Section section_;
  const FailoverGroup& group_;
  Findings* findings_;
  GroupRecord record_;
  bool value_failed_ = false;
};

}  // namespace

std::optional<GroupRecord> ReadGroupRecord(const YamlValue& value, const std::string& path,
                                           const FailoverGroup& group, Findings* findings) {
  return RecordReader(value, path, group, findings).Read();
}

contract::Side AllSidesOf(const GroupRecord& record) {
  contract::Side all;
  for (const contract::Side& side : record.sides) {
    for (const std::string& rdata : side.rdata) {
      if (std::ranges::find(all.rdata, rdata) != all.rdata.end()) continue;
      all.ttl_s = all.rdata.empty() ? side.ttl_s : std::min(all.ttl_s, side.ttl_s);
      all.rdata.push_back(rdata);
    }
  }
  return all;
}

}  // namespace understudy::control
