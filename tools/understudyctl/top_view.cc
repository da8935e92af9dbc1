// What top shows, as JSON.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "dataplane/contract/outcome.h"
#include "tools/understudyctl/top_page.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

json::object ProcessView(const Process& process) {
  return {{"alive", process.alive},
          {"stale", process.stale},
          {"pid", process.pid},
          {"heartbeat_age_s", process.heartbeat_age_s}};
}

template <typename Words, typename Values>
json::value RatesView(const Rates& rates, const Words& words, const Values& values) {
  if (!rates.known) return nullptr;
  json::object view;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string word(words(i));
    view[word] = values[i];
  }
  return view;
}

}  // namespace

json::object TopView(const TopMoment& moment) {
  const Reading& reading = moment.reading;
  const Rates& rates = moment.rates;
  json::array workers, strays, errors;
  for (const WorkerRate& worker : rates.workers) {
    workers.push_back(json::object{
        {"name", worker.name},
        {"queries_per_s", rates.known ? json::value(worker.received) : json::value(nullptr)},
        {"selection", worker.selection},
        {"idle", worker.idle}});
  }
  for (const StrayGroup& group : reading.stray) {
    strays.push_back(json::object{{"name", group.name}, {"answer", group.answer}});
  }
  for (const std::string& error : reading.errors) errors.emplace_back(error);
  json::object view;
  view["time"] =
      json::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", moment.now, absl::UTCTimeZone()));
  view["instance"] = moment.instance;
  view["control"] = ProcessView(reading.control);
  view["dataplane"] = ProcessView(reading.dataplane);
  view["table"] =
      json::object{{"current", reading.table_current}, {"adopted", reading.table_adopted}};
  view["selection"] = reading.selection;
  view["queries_per_s"] = rates.known ? json::value(rates.received) : json::value(nullptr);
  view["outcomes_per_s"] = RatesView(
      rates, [](size_t i) { return contract::kOutcomeTexts[i].word; }, rates.outcomes);
  view["answered_by_per_s"] = RatesView(
      rates, [](size_t i) { return contract::kAnsweredByWords[i]; }, rates.answered_by);
  json::array busiest;
  for (const GroupRate& group : rates.busiest) {
    json::object sides;
    for (size_t side = 0; side < group.sides.size(); ++side) {
      sides[WordOfSide(side, group.sides.size())] = group.sides[side];
    }
    busiest.push_back(json::object{
        {"name", group.name}, {"answers_per_s", group.answers}, {"by_side", std::move(sides)}});
  }
  view["workers"] = std::move(workers);
  view["busiest_groups"] = rates.known ? json::value(std::move(busiest)) : json::value(nullptr);
  view["groups"] = json::object{{"total", reading.groups}, {"not_on_primary", reading.strays}};
  view["groups_not_on_primary"] = std::move(strays);
  view["errors"] = std::move(errors);
  view["status"] = moment.status.empty() ? json::value(nullptr) : json::value(moment.status);
  view["trouble"] = moment.trouble.empty() ? json::value(nullptr) : json::value(moment.trouble);
  return view;
}

}  // namespace understudy::ctl
