#include "control/config/field_texts.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxShownValues = 512;  // octets; a record set may have thousands of values

template <typename Enum, size_t kCount>
std::string WordIn(const std::array<std::string_view, kCount>& words, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < kCount ? std::string(words[index]) : std::string("?");
}

constexpr std::array<std::string_view, 3> kInitial = {"up", "down", "probe"};
constexpr std::array<std::string_view, 2> kCounting = {"consecutive", "cumulative"};
constexpr std::array<std::string_view, 3> kOnExpiry = {"unhealthy", "healthy", "last_known"};
constexpr std::array<std::string_view, 3> kFamilies = {"ipv4", "ipv6", "any"};
constexpr std::array<std::string_view, 7> kAllDown = {"primary",  "secondary", "last_good", "all",
                                                      "servfail", "refused",   "nodata"};
constexpr std::array<std::string_view, 3> kStalePolicies = {"frozen", "primary", "servfail"};

std::string Number(uint64_t number) { return absl::StrCat(number); }
std::string Time(absl::Duration duration) { return absl::FormatDuration(duration); }
std::string YesNo(bool yes) { return yes ? "true" : "false"; }

std::string HeadersText(const std::vector<HttpHeader>& headers) {
  return absl::StrJoin(headers, ", ", [](std::string* out, const HttpHeader& header) {
    absl::StrAppend(out, header.name, ": ", header.value);
  });
}

std::string StatusesText(const std::vector<StatusRange>& ranges) {
  return absl::StrJoin(ranges, ", ", [](std::string* out, const StatusRange& range) {
    absl::StrAppend(out, range.first);
    if (range.last != range.first) absl::StrAppend(out, "-", range.last);
  });
}

std::string ValuesText(uint16_t type, const std::vector<std::string>& rdata) {
  std::string text;
  for (size_t i = 0; i < rdata.size(); ++i) {
    if (text.size() > kMaxShownValues) {
      return absl::StrCat(text, ", and ", rdata.size() - i, " more");
    }
    absl::StrAppend(&text, i == 0 ? "" : ", ", RdataToText(type, rdata[i]));
  }
  return text;
}

void AddEndpoint(const HealthCheck& check, FieldTexts& fields) {
  fields.push_back({"type", std::string(WordOf(check.type))});
  fields.push_back({"address", check.address});
  fields.push_back({"port", Number(check.port)});
  fields.push_back({"host", check.host});
  fields.push_back({"resolve", WordIn(kFamilies, check.resolve)});
  fields.push_back({"path", check.path});
  fields.push_back({"search_string", check.search_string});
  fields.push_back({"enable_sni", YesNo(check.enable_sni)});
  fields.push_back({"method", check.http.method});
  fields.push_back({"headers", HeadersText(check.http.headers)});
  fields.push_back({"statuses", StatusesText(check.http.statuses)});
  fields.push_back({"verify_certificate", YesNo(check.http.verify_certificate)});
  fields.push_back({"certificate_warning", Time(check.http.certificate_warning)});
}

void AddOtherKinds(const HealthCheck& check, FieldTexts& fields) {
  const DnsExpectation& dns = check.dns;
  fields.push_back({"query.name", dns.name.empty() ? "" : NameToText(dns.name)});
  fields.push_back({"query.type", TypeToText(dns.type)});
  fields.push_back({"query.rcode", Number(dns.rcode)});
  fields.push_back({"query.answers", ValuesText(dns.type, dns.answers)});
  fields.push_back({"query.tcp", YesNo(dns.over_tcp)});
  fields.push_back({"query.recursion_desired", YesNo(dns.recursion_desired)});
  fields.push_back({"command", absl::StrJoin(check.command, " ")});
  fields.push_back({"children", absl::StrJoin(check.children, ", ")});
  fields.push_back({"health_threshold", Number(check.health_threshold)});
  fields.push_back({"expiry", Time(check.expiry)});
  fields.push_back({"on_expiry", WordIn(kOnExpiry, check.on_expiry)});
}

void AddRhythm(const HealthCheck& check, FieldTexts& fields) {
  fields.push_back({"interval", Time(check.interval)});
  fields.push_back({"connect_timeout", Time(check.connect_timeout)});
  fields.push_back({"response_timeout", Time(check.response_timeout)});
  fields.push_back({"failure_threshold", Number(check.failure_threshold)});
  fields.push_back({"success_threshold", Number(check.success_threshold)});
  fields.push_back({"counting", WordIn(kCounting, check.counting)});
  fields.push_back({"clear_threshold", Number(check.clear_threshold)});
  fields.push_back({"initial", WordIn(kInitial, check.initial)});
  fields.push_back({"disabled", YesNo(check.disabled)});
  fields.push_back({"inverted", YesNo(check.inverted)});
}

std::string LabelsText(const Labels& labels) {
  return absl::StrJoin(labels, ", ", absl::PairFormatter("="));
}

std::string FailbackText(const Failback& failback) {
  return failback.mode == FailbackMode::kManual ? "manual" : "automatic";
}

// "eu", or "eu {region=eu}" when more than the check is said of a tier.
std::string TierText(const Tier& tier) {
  std::string text = tier.check.value_or("no check");
  if (!tier.labels.empty()) absl::StrAppend(&text, " {", LabelsText(tier.labels), "}");
  return text;
}

}  // namespace

FieldTexts FieldsOf(const HealthCheck& check) {
  FieldTexts fields;
  AddEndpoint(check, fields);
  AddOtherKinds(check, fields);
  AddRhythm(check, fields);
  return fields;
}

FieldTexts FieldsOf(const FailoverGroup& group) {
  const Failback& failback = group.policy.failback;
  FieldTexts fields = {
      {"labels", LabelsText(group.labels)},
      {"all_down", WordIn(kAllDown, group.policy.all_down)},
      {"failback.mode", FailbackText(failback)},
      {"failback.hold_down", Time(failback.hold_down)},
      {"failback.damping.start", Time(failback.damping.start)},
      {"failback.damping.max", Time(failback.damping.max)},
      {"failback.damping.half_life", Time(failback.damping.half_life)},
  };
  std::vector<std::string> order;
  for (const Tier& tier : group.tiers) {
    fields.push_back({tier.name, TierText(tier)});
    order.push_back(tier.name);
  }
  fields.push_back({"order", absl::StrJoin(order, ", ")});
  return fields;
}

FieldTexts SettingsOf(const DesiredState& state) {
  const SelfDoubt& doubt = state.self_doubt;
  return {{"stale_policy", WordIn(kStalePolicies, state.stale_policy)},
          {"allow_private_addresses", YesNo(state.allow_private_addresses)},
          {"self_doubt.canaries", absl::StrJoin(doubt.canaries, ", ")},
          {"self_doubt.mass_failure_percent", Number(doubt.mass_failure_percent)},
          {"self_doubt.window", Time(doubt.window)},
          {"self_doubt.at_least", Number(doubt.at_least)},
          {"self_doubt.release_after", Time(doubt.release_after)}};
}

FieldTexts FieldsOf(const ZoneRecord& record) {
  return {{"ttl", Number(record.value.ttl_s)},
          {"value", ValuesText(record.type, record.value.rdata)}};
}

FieldTexts FieldsOf(const FailoverGroup& group, const GroupRecord& record) {
  FieldTexts fields = {{"group", group.name}};
  // One TTL for all is the rule, and then told once.
  std::optional<uint32_t> ttl_s;
  bool is_one_ttl = true;
  const size_t sides = std::min(group.tiers.size(), record.sides.size());
  for (size_t i = 0; i < sides; ++i) {
    const contract::Side& side = record.sides[i];
    if (side.rdata.empty()) continue;
    is_one_ttl = is_one_ttl && ttl_s.value_or(side.ttl_s) == side.ttl_s;
    ttl_s = side.ttl_s;
    fields.push_back({group.tiers[i].name, ValuesText(record.type, side.rdata)});
    fields.push_back({absl::StrCat("ttl.", group.tiers[i].name), Number(side.ttl_s)});
  }
  if (is_one_ttl && ttl_s) {
    std::erase_if(fields, [](const FieldText& field) { return field.name.starts_with("ttl."); });
    fields.push_back({"ttl", Number(*ttl_s)});
  }
  return fields;
}

}  // namespace understudy::control
