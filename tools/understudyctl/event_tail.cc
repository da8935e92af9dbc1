#include "tools/understudyctl/event_tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/client.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {

namespace json = boost::json;

std::string EventTail::SubjectQuery() const {
  return subjects_.empty() ? "" : absl::StrCat("&subject=", Encode(subjects_));
}

std::string EventTail::FirstTarget(const std::string& since, uint64_t limit) const {
  return absl::StrCat("/v1/events?limit=", limit,
                      since.empty() ? "" : absl::StrCat("&since=", Encode(since)), SubjectQuery());
}

json::array EventTail::Begin(const json::object& body, bool shown) {
  after_ = IntegerIn(body, "last");
  json::array fresh;
  for (const json::value& event : ArrayIn(body, "events")) {
    if (event.is_object() && Remember(event.get_object())) fresh.push_back(event);
  }
  return shown ? fresh : json::array();
}

std::string EventTail::NextTarget(const std::string& wait) const {
  return absl::StrCat("/v1/events?limit=1000&after=", after_, "&wait=", looking_back_ ? "0s" : wait,
                      SubjectQuery());
}

json::array EventTail::Take(const json::object& body) {
  const int64_t last = IntegerIn(body, "last");
  missed_ = IntegerIn(body, "missed");
  json::array fresh;
  for (const json::value& event : ArrayIn(body, "events")) {
    if (event.is_object() && Remember(event.get_object())) fresh.push_back(event);
  }
  // A control that never heard of what we have seen began with an empty state: so do we.
  after_ = last < after_ ? 0 : last;
  looking_back_ = false;
  return fresh;
}

void EventTail::LookBack() {
  if (looking_back_ || seen_.empty()) return;
  looking_back_ = true;
  const auto oldest = std::ranges::min_element(seen_, {}, &Seen::id);
  after_ = std::max<int64_t>(0, std::min(after_, oldest->id - 1));
}

bool EventTail::Remember(const json::object& event) {
  Seen seen{IntegerIn(event, "id"), TextIn(event, "time"), TextIn(event, "text")};
  if (std::ranges::find(seen_, seen) != seen_.end()) return false;
  seen_.push_back(std::move(seen));
  if (seen_.size() > kRemembered) seen_.pop_front();
  return true;
}

}  // namespace understudy::ctl
