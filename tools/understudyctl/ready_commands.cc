// ready: should the service addresses be announced to this node? By exit code, or line by line.
#include <poll.h>

#include <unistd.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dataplane/contract/mapping.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/layout.h"
#include "tools/understudyctl/readiness.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

constexpr int kLookEveryMs = 100;

struct Asked {
  bool quiet = false;
  bool follow = false;
  std::string max_age;
  std::string max_stale;
  std::string wait;
};

// False, and told: that is no duration.
bool DurationOf(const std::string& option, const std::string& text, absl::Duration* duration) {
  if (text.empty()) return true;
  if (absl::ParseDuration(text, duration) && *duration > absl::ZeroDuration()) return true;
  Session::Tell(absl::StrCat(option, " '", text, "': say e.g. 600ms, 10s or 1h"), kUsage);
  return false;
}

json::object ViewOf(const Instance& instance, const Readiness& readiness) {
  json::object view;
  view["instance"] = instance.name;
  view["ready"] = readiness.ready;
  view["reason"] = nullptr;
  if (!readiness.ready) view["reason"] = readiness.reason;
  view["remark"] = nullptr;
  if (!readiness.remark.empty()) view["remark"] = readiness.remark;
  view["table"] = readiness.table;
  view["control_silent_s"] = nullptr;
  if (readiness.control_silent) {
    view["control_silent_s"] = absl::ToDoubleSeconds(*readiness.control_silent);
  }
  return view;
}

std::string TextOf(const Readiness& readiness) {
  if (!readiness.ready) return absl::StrCat("not ready: ", readiness.reason, "\n");
  return readiness.remark.empty() ? "ready\n" : absl::StrCat("ready (", readiness.remark, ")\n");
}

Readiness Look(const Instance& instance, const ReadinessLimits& limits) {
  return AssessReadiness(instance.paths, limits, contract::MonotonicNs());
}

// Sleeps. False: nobody reads our output any more.
bool Rest() {
  pollfd output = {STDOUT_FILENO, 0, 0};
  return poll(&output, 1, kLookEveryMs) == 0 || (output.revents & (POLLERR | POLLHUP)) == 0;
}

// A line at first, and whenever it changed.
ExitCode Follow(const Session& session, const Instance& instance, const ReadinessLimits& limits) {
  std::optional<bool> told;
  do {
    const Readiness readiness = Look(instance, limits);
    if (told == readiness.ready) continue;
    told = readiness.ready;
    session.Put(ViewOf(instance, readiness), TextOf(readiness));
    std::cout.flush();
  } while (std::cout && Rest());
  return kOk;
}

ExitCode Ready(Session& session, const Asked& asked) {
  if (session.is_remote()) return session.TellNotRemote("ready");
  ReadinessLimits limits;
  absl::Duration wait = absl::ZeroDuration();
  if (!DurationOf("--max-age", asked.max_age, &limits.max_age) ||
      !DurationOf("--max-stale", asked.max_stale, &limits.max_stale) ||
      !DurationOf("--wait", asked.wait, &wait)) {
    return kUsage;
  }
  const std::optional<Instance> instance = session.ChooseInstance();
  if (!instance) return kRefused;
  if (asked.follow) return Follow(session, *instance, limits);
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
  Readiness readiness = Look(*instance, limits);
  while (!readiness.ready && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookEveryMs / 4));
    readiness = Look(*instance, limits);
  }
  if (!asked.quiet) session.Put(ViewOf(*instance, readiness), TextOf(readiness));
  return readiness.ready ? kOk : kRefused;
}

}  // namespace

void AddReadyCommands(CommandTree& tree) {
  auto asked = std::make_shared<Asked>();
  CLI::App* ready =
      tree.Add("ready", "Should the service addresses be announced? Exit status 0 or 1; no control",
               [asked](Session& session) { return Ready(session, *asked); });
  CLI::Option* quiet = ready->add_flag("-q,--quiet", asked->quiet, "Say nothing, only exit");
  CLI::Option* follow =
      ready->add_flag("-f,--follow", asked->follow,
                      "Go on: a line now, and one each time it changes, within 100 ms");
  ready->add_option("--max-age", asked->max_age,
                    "How long dataplane and workers may be silent (default: 2s)");
  ready->add_option("--max-stale", asked->max_stale,
                    "Not ready when control is silent for longer (default: that is no reason)");
  ready->add_option("--wait", asked->wait, "Wait this long to become ready")->excludes(follow);
  quiet->excludes(follow);
  ready->footer(
      "Ready: a dataplane lives, all its workers move, and it answers from a table. A dead "
      "control\n"
      "is no reason to withdraw: answers go on. Reads shared memory; takes milliseconds.\n"
      "Exit status: 0 ready; 1 not ready (the reason is printed); 2 wrong command line.\n"
      "Examples:\n"
      "  understudyctl ready --quiet && announce\n"
      "  understudyctl --instance edge1 ready --wait 30s\n"
      "  understudyctl ready --follow | while read -r state; do ...; done");
}

}  // namespace understudy::ctl
