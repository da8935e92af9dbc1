#include "control/api/views.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/engine/because.h"
#include "control/zone/name.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

std::string TargetOf(const HealthCheck& check) {
  const std::string& host = check.address.empty() ? check.host : check.address;
  const bool v6 = host.find(':') != std::string::npos;
  const std::string endpoint =
      absl::StrCat(v6 ? absl::StrCat("[", host, "]") : host, ":", check.port);
  switch (check.type) {
    case CheckType::kTcp:
      return endpoint;
    case CheckType::kHttp:
    case CheckType::kHttpStrMatch:
      return absl::StrCat("http://", endpoint, check.path);
    case CheckType::kHttps:
    case CheckType::kHttpsStrMatch:
      return absl::StrCat("https://", endpoint, check.path);
    case CheckType::kDns:
      return absl::StrCat("dns://", endpoint, "/", NameToText(check.dns.name),
                          "?type=", TypeToText(check.dns.type));
    case CheckType::kExec:
      return absl::StrJoin(check.command, " ");
    case CheckType::kPush:
      return "told through the API";
    case CheckType::kCalculated:
      return absl::StrCat(check.health_threshold, " of ", absl::StrJoin(check.children, ", "));
  }
  return endpoint;
}

json::value OverrideView(const GroupStanding& group, const std::optional<Override>& forced,
                         absl::Time now) {
  if (!forced) return nullptr;
  json::object view;
  view["side"] = TextView(WordOf(group, forced->side));
  view["since"] = TimeView(forced->since);
  view["until"] = TimeView(forced->until);
  view["reason"] = forced->reason;
  view["author"] = forced->author;
  view["remaining_s"] =
      forced->until == absl::InfiniteFuture()
          ? json::value(nullptr)
          : json::value(Seconds(std::max(forced->until - now, absl::ZeroDuration())));
  return view;
}

json::object LabelsView(const Labels& labels) {
  json::object view;
  for (const auto& [key, value] : labels) view[key] = value;
  return view;
}

// In order of preference.
json::array SidesView(const GroupStanding& group, absl::Time now) {
  json::array view;
  for (const TierStanding& tier : group.tiers) {
    json::object side;
    side["side"] = tier.name;
    side["check"] = nullptr;
    if (tier.check != nullptr) side["check"] = tier.check->definition->name;
    side["healthy"] = tier.check == nullptr || tier.check->healthy;
    side["drained"] = OverrideView(group, tier.drained, now);
    side["labels"] = LabelsView(tier.labels);
    view.emplace_back(std::move(side));
  }
  return view;
}

}  // namespace

json::value TimeView(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return nullptr;
  return json::value(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
}

double Seconds(absl::Duration duration) {
  // Whole milliseconds: enough for people, and stable in tests.
  return static_cast<double>(absl::ToInt64Milliseconds(duration)) / 1000.0;
}

bool IsHeld(const GroupStanding& group) {
  return group.decision.decide_again != absl::InfiniteFuture();
}

json::string TextView(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

json::object SelectionView(const Engine& engine) {
  const uint64_t generation = engine.publisher().selection_generation();
  const Observation seen = engine.publisher().Observe(generation);
  return {{"generation", generation}, {"observed", seen.observed}, {"workers", seen.workers}};
}

json::object GroupView(const Engine& engine, const GroupStanding& group) {
  const Moment now = engine.now();
  json::object view;
  view["name"] = group.name;
  view["answer"] = TextView(WordOf(group, group.decision.choice));
  view["cause"] = TextView(control::WordOf(group.decision.cause));
  view["because"] = Because(group, now);
  view["changed_at"] = TimeView(group.changed_at);
  view["by_health"] = TextView(WordOf(group, group.decision.by_health));
  view["waiting"] = group.waiting;
  view["override"] = OverrideView(group, group.forced, now.wall);
  view["hold_down_s"] = Seconds(HoldDownOf(group.policy.failback, group.state.penalty));
  view["hold_down_remaining_s"] = nullptr;
  if (IsHeld(group)) {
    const absl::Duration left = group.decision.decide_again - now.steady;
    view["hold_down_remaining_s"] = Seconds(std::max(left, absl::ZeroDuration()));
  }
  view["sides"] = SidesView(group, now.wall);
  view["labels"] = LabelsView(group.labels);
  view["record_sets"] = group.records;
  return view;
}

json::object CheckView(const CheckStanding& check) {
  const HealthCheck& definition = *check.definition;
  const Verdict& verdict = check.verdict;
  json::object view;
  view["name"] = definition.name;
  view["type"] = TextView(WordOf(definition.type));
  view["target"] = TargetOf(definition);
  view["healthy"] = check.healthy;
  view["by_results"] = IsHealthyByNow(check);
  view["disabled"] = definition.disabled;
  view["inverted"] = definition.inverted;
  view["settled"] = check.settled;
  view["changed_at"] = TimeView(verdict.changed_at);
  view["contrary"] = verdict.contrary;
  view["threshold"] = verdict.healthy ? definition.failure_threshold : definition.success_threshold;
  view["interval_s"] = Seconds(definition.interval);
  view["successes"] = verdict.successes;
  view["failures"] = verdict.failures;
  view["certificate_ends"] = TimeView(check.certificate_ends);
  view["last"] = nullptr;
  if (verdict.last.started != absl::InfinitePast()) {
    view["last"] = json::object{{"success", verdict.last.success},
                                {"conclusive", verdict.last.conclusive},
                                {"reason", verdict.last.reason},
                                {"warning", verdict.last.warning},
                                {"started", TimeView(verdict.last.started)},
                                {"took_s", absl::ToDoubleSeconds(verdict.last.took)}};
  }
  json::array groups;
  for (const GroupStanding* group : check.groups) groups.emplace_back(group->name);
  view["groups"] = std::move(groups);
  return view;
}

json::object EventView(const Event& event) {
  json::object view;
  view["id"] = event.id;
  view["time"] = TimeView(event.time);
  view["kind"] = TextView(WordOf(event.kind));
  view["text"] = Sentence(event);
  view["subject"] = event.subject;
  view["from"] = event.from;
  view["to"] = event.to;
  view["cause"] = event.cause;
  view["reason"] = event.reason;
  view["author"] = event.author;
  view["detail"] = event.detail;
  view["selection"] = event.selection;
  view["took_us"] = event.took > absl::ZeroDuration()
                        ? json::value(absl::ToDoubleMicroseconds(event.took))
                        : json::value(nullptr);
  return view;
}

}  // namespace understudy::control
