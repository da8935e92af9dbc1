// events, watch, history: what happened, what happens, and what it adds up to.
#include <algorithm>
#include <boost/json/array.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/history.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/subject.h"
#include "tools/understudyctl/watch.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

struct Asked {
  std::string name;
  std::string since;
  uint64_t limit = 100;
  bool follow = false;
};

ExitCode Events(Session& session, const Asked& asked) {
  if (!asked.follow) {
    std::string target = absl::StrCat("/v1/events?limit=", asked.limit);
    if (!asked.since.empty()) absl::StrAppend(&target, "&since=", Encode(asked.since));
    return session.Print(target, EventsText);
  }
  ExitCode code = kOk;
  const std::optional<Client> client = session.Connect(&code);
  if (!client) return code;
  return Watch(session, *client, {.subjects = "", .since = asked.since, .limit = asked.limit});
}

ExitCode WatchNamed(Session& session, const Asked& asked) {
  ExitCode code = kOk;
  const std::optional<Client> client = session.Connect(&code);
  if (!client) return code;
  Watched watched;
  if (!asked.name.empty()) {
    const std::optional<Subject> subject = FindSubject(session, *client, asked.name, &code);
    if (!subject) return code;
    watched.subjects = subject->WithChecks();
  }
  watched.since = asked.since;
  watched.limit = asked.since.empty() ? 0 : 10'000;
  return Watch(session, *client, watched);
}

// "1h", or a time. False: neither.
bool SinceOf(const std::string& text, absl::Time now, absl::Time* since) {
  absl::Duration ago;
  if (absl::ParseDuration(text, &ago) && ago > absl::ZeroDuration()) {
    *since = now - ago;
    return true;
  }
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, text, since, &error) && *since < now;
}

// Of all events that are kept. Nothing is known from before it.
absl::Time OldestIn(const json::object& body, absl::Time otherwise) {
  const json::array& events = ArrayIn(body, "events");
  absl::Time oldest;
  std::string error;
  if (events.empty() || !events.front().is_object() ||
      !absl::ParseTime(absl::RFC3339_full, TextIn(events.front().get_object(), "time"), &oldest,
                       &error)) {
    return otherwise;
  }
  return oldest;
}

ExitCode ShowHistory(Session& session, const Asked& asked) {
  const absl::Time now = absl::Now();
  absl::Time since;
  if (!SinceOf(asked.since, now, &since)) {
    return Session::Tell(
        absl::StrCat("--since: '", asked.since,
                     "' is neither a duration like 1h nor a past time like 2026-01-31T12:00:00Z"),
        kUsage);
  }
  ExitCode code = kOk;
  const std::optional<Client> client = session.Connect(&code);
  if (!client) return code;
  const std::optional<Subject> subject = FindSubject(session, *client, asked.name, &code);
  if (!subject) return code;
  const Answer oldest = client->Get("/v1/events?limit=1&after=0");
  const Answer events =
      client->Get(absl::StrCat("/v1/events?limit=10000&subject=", Encode(asked.name)));
  for (const Answer* answer : {&oldest, &events}) {
    if (session.BodyOf(*answer, *client, &code) == nullptr) return code;
  }
  const std::string state = subject->is_group                     ? TextIn(subject->view, "answer")
                            : BoolIn(subject->view, "by_results") ? "healthy"
                                                                  : "unhealthy";
  const absl::Time known = OldestIn(oldest.body.get_object(), now);
  const History history =
      HistoryOf(asked.name, subject->is_group, ArrayIn(events.body.get_object(), "events"), state,
                std::min(std::max(since, known), now), now);
  session.Put(HistoryView(history), HistoryText(history));
  return kOk;
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
  events->footer(
      "Examples:\n  understudyctl events --since 1h\n"
      "  understudyctl events -f --json | jq .text");

  CLI::App* watch = tree.Add("watch", "Events as they happen; when control goes away it waits",
                             [asked](Session& session) { return WatchNamed(session, *asked); });
  watch->add_option("GROUP_OR_CHECK", asked->name,
                    "Of this group and the checks of its sides, or of this check alone");
  watch->add_option("--since", asked->since, "Begin with what happened since then (10m)");
  watch->footer(
      "Runs until interrupted. No event is lost or told twice when control restarts; with --json\n"
      "each event is one line.\n"
      "Examples:\n  understudyctl watch\n  understudyctl watch app --since 10m");

  CLI::App* history =
      tree.Add("history", "What a group answered, or how a check stood, and for how long",
               [asked](Session& session) {
                 if (asked->since.empty()) asked->since = "24h";
                 return ShowHistory(session, *asked);
               });
  history->add_option("GROUP_OR_CHECK", asked->name, "Failover group or health check")->required();
  history->add_option("--since", asked->since,
                      "How far back (1h), or a time (RFC 3339); 24h unless given");
  history->footer(
      "It reaches back as far as control keeps events (10,000 of them). While control is down the\n"
      "answer stays as it was, so that time counts for the side answered then.\n"
      "Examples:\n  understudyctl history app --since 1h\n  understudyctl history eu --json");
}

}  // namespace understudy::ctl
