#include "control/api/status.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/api/configuration.h"
#include "control/api/views.h"
#include "control/engine/piecewise.h"
#include "dataplane/contract/table.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// Of many that are all down the rest is only counted.
constexpr size_t kMaxDownTold = 20;

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

std::string UntilText(absl::Time until) {
  if (until == absl::InfiniteFuture()) return "until thawed";
  return absl::FormatTime("until %Y-%m-%d %H:%M:%SZ", until, absl::UTCTimeZone());
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

// What is told of all groups together.
struct GroupTally {
  size_t not_primary = 0;
  size_t forced = 0;
  size_t drained = 0;
  size_t all_down = 0;
  size_t holding = 0;
  size_t manual = 0;
  std::vector<std::string> down;  // the first of those that are
};

void Count(const GroupStanding& group, GroupTally& tally) {
  tally.not_primary += group.decision.choice != Choice::kPrimary;
  tally.forced += group.forced.has_value();
  tally.drained += !group.forced && group.overridden();
  tally.holding += IsHeld(group);
  tally.manual += group.decision.cause == Cause::kManualFailback;
  if (group.decision.cause != Cause::kAllDown) return;
  if (tally.all_down++ < kMaxDownTold) tally.down.push_back(group.name);
}

void AddGroupProblems(const GroupTally& tally, std::vector<std::string>& problems) {
  for (const std::string& name : tally.down) {
    problems.push_back(absl::StrCat("group ", name, ": all sides are down"));
  }
  if (tally.all_down > tally.down.size()) {
    problems.push_back(
        absl::StrCat(tally.all_down - tally.down.size(), " more groups: all sides are down"));
  }
}

json::array ProblemsView(const Engine& engine, const GroupTally& tally) {
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
    problems.push_back(absl::StrCat("health is frozen by ", freeze->author, " ",
                                    UntilText(freeze->until), ": ", freeze->reason));
  }
  AddGroupProblems(tally, problems);
  json::array view;
  for (const std::string& problem : problems) view.emplace_back(problem);
  return view;
}

json::object GroupCounts(const Engine& engine, const GroupTally& tally) {
  return {{"total", engine.standing().groups().size()},
          {"on_secondary", tally.not_primary},
          {"forced", tally.forced},
          {"drained", tally.drained},
          {"all_down", tally.all_down},
          {"holding_down", tally.holding},
          {"waiting_for_failback", tally.manual}};
}

json::object StatusView(const Engine& engine, const GroupTally& tally, size_t unhealthy) {
  const Served& served = engine.served();
  const Moment now = engine.now();
  json::array problems = ProblemsView(engine, tally);
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
  view["groups"] = GroupCounts(engine, tally);
  view["checks"] =
      json::object{{"total", engine.standing().checks().size()}, {"unhealthy", unhealthy}};
  view["frozen"] = FreezeView(engine.standing().freeze());
  const absl::Status state = engine.state_health();
  view["state"] = json::object{{"durable", state.ok()}, {"error", std::string(state.message())}};
  return view;
}

asio::awaitable<Reply> AnswerStatus(const Engine& engine) {
  GroupTally tally;
  size_t unhealthy = 0;
  co_await ForEachPiecewise(engine.standing().groups(), kStatusPiece,
                            [&](const GroupStanding& group) { Count(group, tally); });
  co_await ForEachPiecewise(engine.standing().checks(), kStatusPiece,
                            [&](const CheckStanding& check) { unhealthy += !check.healthy; });
  co_return Reply{200, StatusView(engine, tally, unhealthy)};
}

asio::awaitable<Reply> AnswerTrouble(const Engine& engine, uint64_t limit) {
  json::array groups, checks;
  co_await ForEachPiecewise(
      engine.standing().groups(), kStatusPiece, [&](const GroupStanding& group) {
        if (groups.size() == limit || group.decision.choice == Choice::kPrimary) return;
        groups.push_back(GroupView(engine, group));
      });
  co_await ForEachPiecewise(engine.standing().checks(), kStatusPiece,
                            [&](const CheckStanding& check) {
                              if (checks.size() == limit || check.healthy) return;
                              checks.push_back(CheckView(check));
                            });
  co_return Reply{200, json::object{{"groups", std::move(groups)}, {"checks", std::move(checks)}}};
}

}  // namespace

bool IsForStatus(const Request& request) {
  return request.method == "GET" && request.path.size() == 2 && request.path[0] == "v1" &&
         (request.path[1] == "status" || request.path[1] == "trouble");
}

asio::awaitable<Reply> Status(const Engine& engine, Request request) {
  if (request.path[1] == "status") co_return co_await AnswerStatus(engine);
  const std::optional<uint64_t> limit = LimitIn(request, kMaxListed);
  if (!limit) co_return LimitReply(kMaxListed);
  co_return co_await AnswerTrouble(engine, *limit);
}

}  // namespace understudy::control
