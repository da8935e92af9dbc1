#include "tools/understudyctl/inspection.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/selection.h"
#include "dataplane/contract/table.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;
using contract::Choice;

json::string TextOf(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

std::string_view WordOf(contract::StalePolicy policy) {
  switch (policy) {
    case contract::StalePolicy::kFrozen:
      return "frozen";
    case contract::StalePolicy::kPrimary:
      return "primary";
    case contract::StalePolicy::kServfail:
      return "servfail";
  }
  return "unknown";
}

double AgeSeconds(uint64_t then_ns, uint64_t now_ns) {
  const uint64_t age_ms = now_ns > then_ns ? (now_ns - then_ns) / 1'000'000 : 0;
  return static_cast<double>(age_ms) / 1000.0;
}

class Inspector {
 public:
  explicit Inspector(const Instance& instance) : instance_(instance) {}

  json::object Run() {
    view_["instance"] = instance_.name;
    view_["directory"] = instance_.paths.directory;
    LookAtControl();
    LookAtDataplane();
    LookAtTable();
    json::array problems;
    for (std::string& problem : problems_) problems.emplace_back(std::move(problem));
    view_["problems"] = std::move(problems);
    return std::move(view_);
  }

 private:
  void LookAtControl() {
    json::object view;
    const bool alive = contract::OwnerLock::IsHeld(instance_.paths.control_lock());
    view["alive"] = alive;
    std::string error;
    const auto root = contract::RootReader::Open(instance_.paths, &error);
    if (!root) {
      problems_.push_back(absl::StrCat("no root segment: ", error));
      view_["control"] = std::move(view);
      return;
    }
    const int64_t pid = (*root)->pid.load();
    const bool stale = root->IsStale(now_ns_);
    view["pid"] = pid;
    view["shut_down"] = !alive && pid == 0;
    view["stale"] = stale;
    view["heartbeat_age_s"] = AgeSeconds((*root)->heartbeat_ns.load(), now_ns_);
    view["started_age_s"] = AgeSeconds((*root)->started_ns.load(), now_ns_);
    view["stale_policy"] =
        TextOf(WordOf(static_cast<contract::StalePolicy>((*root)->stale_policy.load())));
    current_ = (*root)->table_generation.load();
    if (!alive) {
      problems_.emplace_back(pid == 0 ? "control is shut down: answers are frozen"
                                      : "control is dead: answers are frozen");
    } else if (stale) {
      problems_.emplace_back("control is stale: it lives, but its heartbeat is late");
    }
    view_["control"] = std::move(view);
  }

  void LookAtDataplane() {
    json::object view;
    const bool alive = contract::OwnerLock::IsHeld(instance_.paths.dataplane_lock());
    view["alive"] = alive;
    std::string error;
    const auto report = contract::ReportReader::Open(instance_.paths, &error);
    if (!alive) problems_.emplace_back("no dataplane is running: nothing answers");
    if (!report) {
      if (alive) problems_.push_back(absl::StrCat("no report: ", error));
      view_["dataplane"] = std::move(view);
      return;
    }
    const contract::ReportSegment& segment = *report->operator->();
    const bool stale = report->IsStale(now_ns_);
    if (alive && stale) problems_.emplace_back("the dataplane is stale: its heartbeat is late");
    view["pid"] = segment.pid.load();
    view["stale"] = stale;
    view["heartbeat_age_s"] = AgeSeconds(segment.heartbeat_ns.load(), now_ns_);
    view["started_age_s"] = AgeSeconds(segment.started_ns.load(), now_ns_);
    if (alive) adopted_ = segment.table_generation.load();
    view["table_adopted"] = segment.table_generation.load();
    view["tables_adopted"] = segment.adopted_count.load();
    LookAtRefusals(segment, view);
    view["control_stale"] = segment.control_stale.load() != 0;
    view["control_stale_times"] = segment.control_stale_count.load();
    LookAtMovement(segment, alive, view);
    view["buffers"] = segment.buffers.load();
    view["buffers_free"] = segment.buffers_free.load();
    view["workers"] = WorkersView(segment);
    const contract::Tally sum = report->Sum();
    view["received"] = sum.received;
    view["outcomes"] = OutcomesView(sum.outcomes);
    view["answered_by"] = AnsweredByView(sum.answered_by);
    view_["dataplane"] = std::move(view);
  }

  void LookAtMovement(const contract::ReportSegment& segment, bool alive, json::object& view) {
    const uint64_t moved_ns = segment.workers_moved_ns.load();
    view["workers_moved_age_s"] = nullptr;  // none serves yet, or no more
    if (moved_ns == 0) return;
    view["workers_moved_age_s"] = AgeSeconds(moved_ns, now_ns_);
    const uint64_t slowest = segment.slowest_worker.load();
    if (!alive || slowest >= contract::kMaxWorkers ||
        now_ns_ < moved_ns + contract::StaleAfterNs(segment.heartbeat_interval_ns)) {
      return;
    }
    problems_.push_back(absl::StrCat("worker ", slowest, " (", NameOf(segment.workers[slowest]),
                                     ") stands still since ", AgeSeconds(moved_ns, now_ns_), " s"));
  }

  static std::string NameOf(const contract::WorkerSlot& slot) {
    return {slot.name, strnlen(slot.name, sizeof(slot.name))};
  }

  void LookAtRefusals(const contract::ReportSegment& segment, json::object& view) {
    const uint64_t count = segment.refused_count.load();
    view["tables_refused"] = count;
    view["refused_table"] = nullptr;
    view["refused_reason"] = nullptr;
    if (count == 0) return;
    const uint64_t generation = segment.refused_generation.load();
    const uint64_t reason = segment.refused_reason.load();
    const bool known = reason <= static_cast<uint64_t>(contract::Refusal::kStructure);
    const std::string word =
        known ? std::string(contract::WordOf(static_cast<contract::Refusal>(reason))) : "unknown";
    view["refused_table"] = generation;
    view["refused_reason"] = word;
    if (generation == current_) {
      problems_.push_back(absl::StrCat("the dataplane refused table ", generation, " (", word,
                                       "), table ", segment.table_generation.load(), " goes on"));
    }
  }

  static json::object OutcomesView(const uint64_t (&outcomes)[contract::kOutcomeCount]) {
    json::object view;
    for (size_t i = 0; i < contract::kOutcomeCount; ++i) {
      const std::string_view word = contract::kOutcomeTexts[i].word;
      view[json::string_view(word.data(), word.size())] = outcomes[i];
    }
    return view;
  }

  static json::object AnsweredByView(const uint64_t (&counts)[contract::kAnsweredByCount]) {
    json::object view;
    for (size_t i = 0; i < contract::kAnsweredByCount; ++i) {
      const std::string_view word = contract::kAnsweredByWords[i];
      view[json::string_view(word.data(), word.size())] = counts[i];
    }
    return view;
  }

  static json::array WorkersView(const contract::ReportSegment& segment) {
    json::array workers;
    const uint64_t count = std::min<uint64_t>(segment.worker_count.load(), contract::kMaxWorkers);
    for (uint64_t i = 0; i < count; ++i) {
      const contract::WorkerSlot& slot = segment.workers[i];
      contract::Tally tally;
      for (size_t j = 0; j < contract::kOutcomeCount; ++j) tally.outcomes[j] = slot.outcomes[j];
      for (size_t j = 0; j < contract::kAnsweredByCount; ++j) {
        tally.answered_by[j] = slot.answered_by[j];
      }
      json::object view;
      view["name"] = NameOf(slot);
      view["idle"] = slot.observed.load() == 0;
      view["selection"] = contract::GenerationOf(slot.last_observed.load());
      view["table"] = slot.table_generation.load();
      view["received"] = slot.received.load();
      view["stale_answers"] = slot.stale_answers.load();
      view["outcomes"] = OutcomesView(tally.outcomes);
      view["answered_by"] = AnsweredByView(tally.answered_by);
      workers.emplace_back(std::move(view));
    }
    return workers;
  }

  // The table that is answered from: the adopted one, which may be older than the current one.
  void LookAtTable() {
    json::object view;
    view["current"] = current_;
    view["answered_from"] = adopted_ != 0 ? adopted_ : current_;
    view_["groups"] = json::array();
    if (current_ == 0) problems_.emplace_back("no table is published");
    const uint64_t generation = adopted_ != 0 ? adopted_ : current_;
    if (generation == 0) {
      view_["table"] = std::move(view);
      return;
    }
    contract::Refusal refusal = contract::Refusal::kNone;
    std::string error;
    const auto table = contract::Table::Open(instance_.paths.table(generation), &refusal, &error);
    if (!table) {
      problems_.push_back(absl::StrCat("table ", generation, " cannot be read: ", error));
      view["error"] = error;
    } else {
      AddTable(*table, view);
    }
    view_["table"] = std::move(view);
  }

  void AddTable(const contract::Table& table, json::object& view) {
    const contract::TableHeader& header = table.header();
    view["created_at"] = absl::FormatTime(
        "%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixNanos(header.created_unix_ns), absl::UTCTimeZone());
    view["zones"] = header.zone_count;
    view["names"] = header.node_count;
    view["record_sets"] = header.record_set_count;
    view["bytes"] = header.file_size;
    uint64_t live = 0;
    const std::vector<Choice> choices = contract::SnapshotChoices(table, &live);
    if (choices.empty())
      problems_.emplace_back("the selection cannot be read: it changed all the time");
    view["selection"] = contract::GenerationOf(live);
    json::array groups;
    for (uint32_t i = 1; i < choices.size(); ++i) {
      groups.emplace_back(json::object{{"name", TextOf(table.GroupName(i))},
                                       {"answer", TextOf(WordOf(choices[i]))}});
    }
    view_["groups"] = std::move(groups);
  }

  const Instance& instance_;
  const uint64_t now_ns_ = contract::MonotonicNs();
  json::object view_;
  std::vector<std::string> problems_;
  uint64_t current_ = 0;
  uint64_t adopted_ = 0;
};

}  // namespace

json::object Inspect(const Instance& instance) { return Inspector(instance).Run(); }

}  // namespace understudy::ctl
