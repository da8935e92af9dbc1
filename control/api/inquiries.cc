#include "control/api/inquiries.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/time_to_failover.h"
#include "control/api/views.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

Reply NoSuch(const std::string& what, const std::string& name) {
  return ErrorReply(404, "not_found", absl::StrCat("there is no ", what, " '", name, "'"));
}

Reply Check(const Engine& engine, const std::string& name) {
  const auto& checks = engine.standing().checks();
  const auto found = checks.find(name);
  if (found == checks.end()) return NoSuch("health check", name);
  return {200, json::object{{"check", CheckView(found->second)}}};
}

Reply FailoverTime(const Engine& engine, const std::string& name) {
  const auto& groups = engine.standing().groups();
  const auto found = groups.find(name);
  if (found == groups.end()) return NoSuch("failover group", name);
  MeasuredPublication measured;
  for (const Event& event : engine.events().kept()) measured.Add(event);
  return {200, TimeToFailoverView(TimeToFailoverOf(found->second, measured))};
}

template <typename Map>
json::array NamesFrom(const Map& map, const std::string& prefix, uint64_t limit) {
  json::array names;
  for (auto it = map.lower_bound(prefix);
       it != map.end() && it->first.starts_with(prefix) && names.size() < limit; ++it) {
    names.emplace_back(it->first);
  }
  return names;
}

Reply Names(const Engine& engine, const Request& request) {
  const std::optional<uint64_t> limit = LimitIn(request, kMaxListed);
  if (!limit) return LimitReply(kMaxListed);
  const std::string prefix = QueryValue(request, "prefix");
  return {200, json::object{{"groups", NamesFrom(engine.standing().groups(), prefix, *limit)},
                            {"checks", NamesFrom(engine.standing().checks(), prefix, *limit)}}};
}

}  // namespace

std::optional<Reply> Inquire(const Engine& engine, const Request& request) {
  const std::vector<std::string>& path = request.path;
  if (request.method != "GET" || path.size() < 2 || path[0] != "v1") return std::nullopt;
  if (path.size() == 2 && path[1] == "names") return Names(engine, request);
  if (path.size() == 3 && path[1] == "checks") return Check(engine, path[2]);
  if (path.size() == 4 && path[1] == "groups" && path[3] == "time-to-failover") {
    return FailoverTime(engine, path[2]);
  }
  return std::nullopt;
}

}  // namespace understudy::control
