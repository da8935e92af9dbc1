// events: what happened.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

struct Asked {
  std::string since;
  uint64_t limit = 100;
  bool follow = false;
};

ExitCode Events(Session& session, const Asked& asked) {
  std::string target = absl::StrCat("/v1/events?limit=", asked.limit);
  if (!asked.since.empty()) absl::StrAppend(&target, "&since=", Encode(asked.since));
  int64_t last = 0;
  const auto print = [&](const json::object& body) {
    for (const json::value& event : ArrayIn(body, "events")) {
      last = IntegerIn(event.as_object(), "id");
    }
    if (!asked.follow) {
      session.Put(body, EventsText(body));
      return kOk;
    }
    // One event per line, so that a follower can read them as they come.
    for (const json::value& event : ArrayIn(body, "events")) {
      session.Put(event.as_object(), EventsText({{"events", json::array{event}}}));
    }
    std::cout.flush();
    return kOk;
  };
  ExitCode code = session.Read(target, print);
  while (asked.follow && code == kOk && std::cout.good()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    code = session.Read(absl::StrCat("/v1/events?limit=1000&after=", last), print);
  }
  return code;
}

}  // namespace

void AddEventCommands(CommandTree& tree) {
  auto asked = std::make_shared<Asked>();
  CLI::App* events = tree.Add("events", "What happened, oldest first",
                              [asked](Session& session) { return Events(session, *asked); });
  events->add_option("--since", asked->since, "How far back (10m), or a time (RFC 3339)");
  events->add_option("--limit", asked->limit, "At most so many, the newest")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  events->add_flag("--follow,-f", asked->follow, "Go on as events come");
}

}  // namespace understudy::ctl
