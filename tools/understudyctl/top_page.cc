#include "tools/understudyctl/top_page.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

std::string RateText(double rate) {
  return rate > 0 && rate < 10 ? absl::StrCat(std::round(rate * 10) / 10)
                               : Number(static_cast<uint64_t>(std::llround(rate)));
}

std::string HealthOf(const Process& process) {
  if (!process.alive) return process.pid == 0 ? "not running" : "DEAD";
  return process.stale ? "STALE" : "alive";
}

class Page {
 public:
  Page(const TopMoment& moment, size_t width) : moment_(moment), width_(width) {}

  std::vector<TopLine> Lines() && {
    AddHead();
    AddTraffic();
    AddBusiest();
    AddGroups();
    AddChecks();
    AddWorkers();
    return std::move(lines_);
  }

 private:
  void Add(std::string text, TopStyle style = TopStyle::kPlain) {
    // Whole characters of UTF-8, as many as fit.
    size_t characters = 0, end = 0;
    for (; end < text.size(); ++end) {
      const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
      if (begins && characters++ == width_) break;
    }
    text.resize(end);
    lines_.push_back({std::move(text), style});
  }
  void AddTable(const Columns& columns, TopStyle style) {
    std::vector<std::string> rows = absl::StrSplit(columns.Text(), '\n', absl::SkipEmpty());
    for (size_t i = 0; i < rows.size(); ++i) {
      Add(std::move(rows[i]), i == 0 ? TopStyle::kHead : style);
    }
  }

  void AddHead() {
    const Reading& reading = moment_.reading;
    Add(absl::StrCat("understudy ", moment_.instance, "  ",
                     absl::FormatTime("%H:%M:%SZ", moment_.now, absl::UTCTimeZone()), "  every ",
                     absl::FormatDuration(moment_.interval), moment_.paused ? "  PAUSED" : "",
                     moment_.sort == TopSort::kName ? "  by name" : "  busiest first"),
        TopStyle::kTitle);
    AddProcess("control    ", reading.control, "");
    AddProcess("dataplane  ", reading.dataplane,
               absl::StrCat(", ", reading.workers.size(), " workers"));
    const bool behind =
        reading.table_adopted != 0 && reading.table_adopted != reading.table_current;
    const auto seen = std::ranges::count_if(reading.workers, [&](const WorkerReading& worker) {
      return worker.idle || worker.selection == reading.selection;
    });
    Add(absl::StrCat("table      ", reading.table_current,
                     behind ? absl::StrCat(", answered from ", reading.table_adopted) : "",
                     "; selection ", reading.selection,
                     reading.workers.empty() ? ""
                                             : absl::StrCat(", seen by ", seen, "/",
                                                            reading.workers.size(), " workers")),
        behind ? TopStyle::kBad : TopStyle::kPlain);
    for (const std::string& error : reading.errors) Add("problem    " + error, TopStyle::kBad);
    for (const json::value& problem : ArrayIn(moment_.status, "problems")) {
      if (problem.is_string()) {
        Add(absl::StrCat("problem    ", problem.get_string().c_str()), TopStyle::kBad);
      }
    }
  }

  void AddProcess(const char* label, const Process& process, const std::string& more) {
    std::string text = absl::StrCat(label, HealthOf(process));
    if (process.alive) {
      absl::StrAppend(&text, ", pid ", process.pid, ", up ", Age(absl::Seconds(process.up_s)),
                      ", heartbeat ", Age(absl::Seconds(process.heartbeat_age_s)), " ago", more);
    }
    const bool well = process.alive && !process.stale;
    Add(std::move(text), well ? TopStyle::kPlain : TopStyle::kBad);
  }

  void AddTraffic() {
    const Rates& rates = moment_.rates;
    Add(absl::StrCat("queries/s  ", rates.known ? RateText(rates.received) : "-"),
        TopStyle::kTitle);
    if (!rates.known) return;
    std::vector<std::pair<std::string, double>> counts;
    for (size_t i = 0; i < rates.answered_by.size(); ++i) {
      counts.emplace_back(contract::kAnsweredByWords[i], rates.answered_by[i]);
    }
    AddCounts("by side    ", counts);
    counts.clear();
    for (size_t i = 0; i < rates.outcomes.size(); ++i) {
      if (rates.outcomes[i] > 0) {
        counts.emplace_back(contract::kOutcomeTexts[i].word, rates.outcomes[i]);
      }
    }
    const bool by_name = moment_.sort == TopSort::kName;
    std::ranges::sort(counts, [by_name](const auto& a, const auto& b) {
      return by_name || a.second == b.second ? a.first < b.first : a.second > b.second;
    });
    AddCounts("outcomes   ", counts);
  }

  // "positive 12,345  nxdomain 12", wrapped.
  void AddCounts(const std::string& label,
                 const std::vector<std::pair<std::string, double>>& counts) {
    std::string line = label;
    for (const auto& [word, rate] : counts) {
      const std::string cell = absl::StrCat(word, " ", RateText(rate));
      if (line.size() + cell.size() > width_ && line.size() > label.size()) {
        Add(std::exchange(line, std::string(label.size(), ' ')));
      }
      absl::StrAppend(&line, line.size() > label.size() ? "  " : "", cell);
    }
    Add(counts.empty() ? label + "-" : std::move(line));
  }

  void AddBusiest() {
    std::vector<GroupRate> busiest = moment_.rates.busiest;
    if (busiest.empty()) return;
    if (moment_.sort == TopSort::kName) std::ranges::sort(busiest, {}, &GroupRate::name);
    Columns columns({"BUSIEST GROUP", "ANSWERS/S", "BY SIDE"});
    for (const GroupRate& group : busiest) {
      std::string sides;
      for (size_t side = 0; side < group.sides.size(); ++side) {
        if (group.sides[side] <= 0) continue;
        absl::StrAppend(&sides, sides.empty() ? "" : "  ", WordOfSide(side, group.sides.size()),
                        " ", RateText(group.sides[side]));
      }
      columns.Add({group.name, RateText(group.answers), sides});
    }
    AddTable(columns, TopStyle::kPlain);
  }

  // The times first, so that the newest trouble comes first.
  template <typename Row>
  std::vector<std::vector<std::string>> RowsOf(const json::array& values, Row row) const {
    std::vector<std::pair<std::string, std::vector<std::string>>> timed;
    for (const json::value& value : values) {
      if (!value.is_object()) continue;
      timed.emplace_back(TextIn(value.get_object(), "changed_at"), row(value.get_object()));
    }
    if (moment_.sort == TopSort::kBusiest) {
      std::ranges::sort(timed, std::greater());
    }
    std::vector<std::vector<std::string>> rows;
    for (auto& [time, cells] : timed) rows.push_back(std::move(cells));
    return rows;
  }

  void AddGroups() {
    const Reading& reading = moment_.reading;
    Add(absl::StrCat("groups     ", Number(reading.groups), ", ", Number(reading.strays),
                     " not on their primary"),
        TopStyle::kTitle);
    if (reading.strays == 0) return;
    Columns columns({"GROUP", "ANSWER", "CAUSE", "SINCE"});
    const auto row = [this](const json::object& group) -> std::vector<std::string> {
      return {TextIn(group, "name"), TextIn(group, "answer"), TextIn(group, "cause"),
              AgeOf(TextIn(group, "changed_at"), moment_.now)};
    };
    for (auto& cells : RowsOf(ArrayIn(moment_.trouble, "groups"), row)) {
      columns.Add(std::move(cells));
    }
    if (moment_.trouble.empty()) {
      for (const StrayGroup& group : reading.stray) {
        columns.Add({group.name, group.answer, "?", "?"});
      }
    }
    AddTable(columns, TopStyle::kBad);
  }

  void AddChecks() {
    if (moment_.status.empty()) return Add("checks     known to control alone, which is away");
    const json::object& counts = ObjectIn(moment_.status, "checks");
    const auto unhealthy = static_cast<uint64_t>(IntegerIn(counts, "unhealthy"));
    Add(absl::StrCat("checks     ", Number(static_cast<uint64_t>(IntegerIn(counts, "total"))), ", ",
                     Number(unhealthy), " unhealthy"),
        TopStyle::kTitle);
    if (unhealthy == 0) return;
    Columns columns({"CHECK", "SINCE", "TARGET", "LAST RESULT"});
    const auto row = [this](const json::object& check) -> std::vector<std::string> {
      return {TextIn(check, "name"), AgeOf(TextIn(check, "changed_at"), moment_.now),
              TextIn(check, "target"), TextIn(ObjectIn(check, "last"), "reason")};
    };
    for (auto& cells : RowsOf(ArrayIn(moment_.trouble, "checks"), row)) {
      columns.Add(std::move(cells));
    }
    AddTable(columns, TopStyle::kBad);
  }

  void AddWorkers() {
    std::vector<WorkerRate> workers = moment_.rates.workers;
    if (workers.empty()) return;
    const bool by_name = moment_.sort == TopSort::kName;
    std::ranges::sort(workers, [by_name](const WorkerRate& a, const WorkerRate& b) {
      return by_name || a.received == b.received ? a.name < b.name : a.received > b.received;
    });
    Columns columns({"WORKER", "QUERIES/S", "SELECTION"});
    for (const WorkerRate& worker : workers) {
      columns.Add({worker.name, moment_.rates.known ? RateText(worker.received) : "-",
                   absl::StrCat(worker.selection, worker.idle ? " idle" : "")});
    }
    AddTable(columns, TopStyle::kPlain);
  }

  const TopMoment& moment_;
  const size_t width_;
  std::vector<TopLine> lines_;
};

}  // namespace

std::vector<TopLine> TopLines(const TopMoment& moment, size_t width) {
  return Page(moment, width).Lines();
}

}  // namespace understudy::ctl
