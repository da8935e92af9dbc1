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
  RecordReader(const YamlValue& value, std::string path, const std::string& group,
               Findings* findings)
      : section_(value, std::move(path), findings), group_(group), findings_(findings) {}

  std::optional<GroupRecord> Read() {
    const bool named = ReadName();
    const bool typed = ReadType();
    const int64_t ttl_s = section_.Number("ttl", 0, kMaxTtl).value_or(kDefaultTtl);
    if (ttl_s > kAdvisedTtl) {
      section_.Warn("ttl", "clients keep the old side for up to " + std::to_string(ttl_s) +
                               " s after a failover; 60 or less is advised");
    }
    record_.primary.ttl_s = record_.secondary.ttl_s = static_cast<uint32_t>(ttl_s);
    ReadSide("primary", typed, &record_.primary);
    ReadSide("secondary", typed, &record_.secondary);
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
    const bool primary = !record_.primary.rdata.empty();
    const bool secondary = !record_.secondary.rdata.empty();
    if (!primary && !secondary) {
      section_.Require("primary", "a record needs values on one side at least");
    } else if (!primary || !secondary) {
      const std::string side = primary ? "secondary" : "primary";
      section_.Warn(side, "is not there: while group " + group_ + " answers its " + side + ", " +
                              NameToText(record_.owner) + " has no " + TypeToText(record_.type) +
                              " record (NODATA)");
    }
  }

  Section section_;
  const std::string& group_;
  Findings* findings_;
  GroupRecord record_;
  bool value_failed_ = false;
};

}  // namespace

std::optional<GroupRecord> ReadGroupRecord(const YamlValue& value, const std::string& path,
                                           const std::string& group, Findings* findings) {
  return RecordReader(value, path, group, findings).Read();
}

}  // namespace understudy::control
