#include "control/api/views.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/api/configuration.h"
#include "control/engine/because.h"
#include "control/zone/name.h"
#include "control/zone/zone_file.h"
#include "dataplane/contract/table.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

double Seconds(absl::Duration duration) {
  // Whole milliseconds: enough for people, and stable in tests.
  return static_cast<double>(absl::ToInt64Milliseconds(duration)) / 1000.0;
}

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
    if (tier.check != nullptr) side["check"] = tier.check->definition.name;
    side["healthy"] = tier.check == nullptr || tier.check->healthy;
    side["drained"] = OverrideView(group, tier.drained, now);
    side["labels"] = LabelsView(tier.labels);
    view.emplace_back(std::move(side));
  }
  return view;
}

json::value FreezeView(const std::optional<Freeze>& freeze) {
  if (!freeze) return nullptr;
  return json::object{{"since", TimeView(freeze->since)},
                      {"until", TimeView(freeze->until)},
                      {"reason", freeze->reason},
                      {"author", freeze->author}};
}

json::object DataplaneView(const Engine& engine) {
  const Publisher& publisher = engine.publisher();
  json::object view{{"alive", publisher.dataplane_alive()}};
  const contract::ReportReader* reader = publisher.report();
  if (reader == nullptr) return view;
  const contract::ReportSegment& report = *reader->operator->();
  const uint64_t now_ns = contract::MonotonicNs();
  const uint64_t beat_ns = report.heartbeat_ns.load();
  view["stale"] = reader->IsStale(now_ns);
  view["heartbeat_age_s"] =
      Seconds(absl::Nanoseconds(static_cast<int64_t>(now_ns > beat_ns ? now_ns - beat_ns : 0)));
  view["pid"] = report.pid.load();
  view["workers"] = std::min<uint64_t>(report.worker_count.load(), contract::kMaxWorkers);
  view["table_adopted"] = report.table_generation.load();
  view["tables_refused"] = report.refused_count.load();
  if (report.refused_count.load() > 0) {
    view["refused_table"] = report.refused_generation.load();
    const uint64_t reason = report.refused_reason.load();
    view["refused_reason"] =
        reason <= static_cast<uint64_t>(contract::Refusal::kStructure)
            ? TextView(contract::WordOf(static_cast<contract::Refusal>(reason)))
            : json::string("unknown");
  }
  return view;
}

json::object TableView(const Engine& engine) {
  const Served& served = engine.served();
  const contract::Table* table = engine.publisher().table();
  json::object view{{"generation", 0}, {"published", false}, {"zones", served.zones}};
  view["in_use"] = engine.publisher().tables_in_use();
  if (!engine.table_health().ok()) view["error"] = std::string(engine.table_health().message());
  if (table == nullptr) return view;
  view["generation"] = table->generation();
  view["published"] = table->generation() == served.table_generation;
  view["names"] = table->header().node_count;
  view["record_sets"] = table->header().record_set_count;
  view["bytes"] = table->header().file_size;
  view["created_at"] = TimeView(absl::FromUnixNanos(table->header().created_unix_ns));
  return view;
}

void AddDataplaneProblems(const Engine& engine, std::vector<std::string>& problems) {
  const Publisher& publisher = engine.publisher();
  if (!publisher.dataplane_alive()) {
    problems.emplace_back("no dataplane is running: nothing answers");
    return;
  }
  const contract::ReportReader* reader = publisher.report();
  if (reader == nullptr) {
    problems.emplace_back("the dataplane has no report that this control can read");
    return;
  }
  if (reader->IsStale(contract::MonotonicNs())) {
    problems.emplace_back("the dataplane is silent: its heartbeat is late");
  }
  const contract::Table* table = publisher.table();
  const uint64_t adopted = (*reader)->table_generation.load();
  if (table == nullptr || adopted == table->generation()) return;
  if ((*reader)->refused_generation.load() == table->generation()) {
    problems.push_back(absl::StrCat("the dataplane refused table ", table->generation(), ", table ",
                                    adopted, " goes on"));
  } else {
    problems.push_back(absl::StrCat("the dataplane has not adopted table ", table->generation(),
                                    " yet (it answers from ", adopted, ")"));
  }
}

std::vector<std::string> Problems(const Engine& engine) {
  std::vector<std::string> problems;
  AddDataplaneProblems(engine, problems);
  if (!engine.table_health().ok()) {
    problems.push_back(
        absl::StrCat("the table is not published: ", engine.table_health().message()));
  }
  if (const absl::Status state = engine.state_health(); !state.ok()) {
    problems.push_back(absl::StrCat("state not durable: ", state.message()));
  }
  if (const std::optional<Freeze>& freeze = engine.standing().freeze()) {
    problems.push_back(absl::StrCat("health is frozen by ", freeze->author, ": ", freeze->reason));
  }
  for (const auto& [name, group] : engine.standing().groups()) {
    if (group.decision.cause != Cause::kAllDown) continue;
    problems.push_back(absl::StrCat("group ", name, ": all sides are down"));
  }
  return problems;
}

// A better side is back, and waits for its time.
bool IsHeld(const GroupStanding& group) {
  return group.decision.decide_again != absl::InfiniteFuture();
}

json::object GroupCounts(const Engine& engine) {
  size_t not_primary = 0, forced = 0, drained = 0, all_down = 0, holding = 0, manual = 0;
  for (const auto& [name, group] : engine.standing().groups()) {
    not_primary += group.decision.choice != Choice::kPrimary;
    forced += group.forced.has_value();
    drained += group.overridden() && !group.forced;
    all_down += group.decision.cause == Cause::kAllDown;
    holding += IsHeld(group);
    manual += group.decision.cause == Cause::kManualFailback;
  }
  return {{"total", engine.standing().groups().size()},
          {"on_secondary", not_primary},
          {"forced", forced},
          {"drained", drained},
          {"all_down", all_down},
          {"holding_down", holding},
          {"waiting_for_failback", manual}};
}

json::object CheckCounts(const Engine& engine) {
  size_t unhealthy = 0;
  for (const auto& [name, check] : engine.standing().checks()) unhealthy += !check.healthy;
  return {{"total", engine.standing().checks().size()}, {"unhealthy", unhealthy}};
}

}  // namespace

json::value TimeView(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return nullptr;
  return json::value(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
}

json::string TextView(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

json::object SelectionView(const Engine& engine) {
  const uint64_t generation = engine.publisher().selection_generation();
  const Observation seen = engine.publisher().Observe(generation);
  return {{"generation", generation}, {"observed", seen.observed}, {"workers", seen.workers}};
}

json::object StatusView(const Engine& engine) {
  const Served& served = engine.served();
  const Moment now = engine.now();
  json::array problems;
  for (const std::string& problem : Problems(engine)) problems.emplace_back(problem);
  json::object view;
  view["health"] = problems.empty() ? "ok" : "degraded";
  view["problems"] = std::move(problems);
  view["instance"] = served.instance;
  view["pid"] = getpid();
  view["started_at"] = TimeView(engine.started_at());
  view["now"] = TimeView(now.wall);
  view["config_file"] = served.config_file;
  view["configuration"] = ConfigurationView(engine);
  view["loaded_at"] = TimeView(served.loaded_at);
  view["reloading"] = engine.reloading();
  view["table"] = TableView(engine);
  view["selection"] = SelectionView(engine);
  view["dataplane"] = DataplaneView(engine);
  view["groups"] = GroupCounts(engine);
  view["checks"] = CheckCounts(engine);
  view["frozen"] = FreezeView(engine.standing().freeze());
  const absl::Status state = engine.state_health();
  view["state"] = json::object{{"durable", state.ok()}, {"error", std::string(state.message())}};
  return view;
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
  const HealthCheck& definition = check.definition;
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
