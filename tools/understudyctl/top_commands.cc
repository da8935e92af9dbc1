// top: live, like htop; in batches where there is no terminal.
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/screen.h"
#include "tools/understudyctl/top_page.h"
#include "tools/understudyctl/traffic.h"

namespace understudy::ctl {
namespace {

using std::chrono::milliseconds;

constexpr std::array<int, 8> kIntervalsMs = {100, 200, 500, 1000, 2000, 5000, 10'000, 60'000};
constexpr size_t kBatchWidth = 160;
// Control is on this machine: one that does not answer within this is left out of this page.
constexpr milliseconds kAskWithin{500};
constexpr char kKeys[] = "q quit   space pause   s sort   + - interval";

struct Asked {
  std::string interval = "1s";
  uint64_t batch = 0;
  bool once = false;
};

volatile sig_atomic_t interrupted = 0;

void Interrupt(int number) { interrupted = number; }

// While it lives, signals that end a program only set `interrupted`, so that the terminal is given
// back first.
class HeldSignals {
 public:
  HeldSignals() {
    struct sigaction action = {};
    action.sa_handler = Interrupt;
    for (size_t i = 0; i < kNumbers.size(); ++i) sigaction(kNumbers[i], &action, &before_[i]);
  }
  ~HeldSignals() {
    for (size_t i = 0; i < kNumbers.size(); ++i) sigaction(kNumbers[i], &before_[i], nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  static constexpr std::array<int, 4> kNumbers = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, 4> before_ = {};
};

class Top {
 public:
  Top(const Session& session, const Instance& instance, int interval_ms)
      : session_(session),
        client_(Endpoint{.socket = instance.socket}),
        reader_(instance),
        interval_ms_(interval_ms) {
    moment_.instance = instance.name;
    Look();
  }

  ExitCode RunInBatches(uint64_t count) {
    for (uint64_t i = 0; i < count && std::cout.good(); ++i) {
      std::this_thread::sleep_for(milliseconds(interval_ms_));
      Look();
      std::string text = i == 0 ? "" : "\n";
      for (const TopLine& line : TopLines(moment_, kBatchWidth)) {
        absl::StrAppend(&text, line.text, "\n");
      }
      session_.Put(TopView(moment_), text);
      std::cout.flush();
    }
    return kOk;
  }

  void RunOn(Screen& screen) {
    auto next = Clock::now() + milliseconds(interval_ms_);
    bool more = true;
    while (more && interrupted == 0) {
      screen.Draw(TopLines(moment_, screen.width()), kKeys);
      const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
      const int key = screen.WaitForKey(static_cast<int>(std::max<int64_t>(left.count(), 0)));
      more = Obey(key);
      if (key == 0 && Clock::now() >= next) {
        if (!moment_.paused) Look();
        next = Clock::now() + milliseconds(interval_ms_);
      } else if (key != 0) {
        next = std::min(next, Clock::now() + milliseconds(interval_ms_));
      }
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  void Look() {
    Reading reading = reader_.Read();
    moment_.now = absl::Now();
    moment_.interval = absl::Milliseconds(interval_ms_);
    moment_.rates = RatesBetween(moment_.reading, reading);
    moment_.reading = std::move(reading);
    moment_.status = moment_.trouble = {};
    // A control that is dead or stuck would only keep us waiting.
    if (!moment_.reading.control.alive || moment_.reading.control.stale) return;
    const Answer status = client_.Get("/v1/status", kAskWithin);
    const Answer trouble = client_.Get("/v1/trouble?limit=100", kAskWithin);
    if (!status.ok() || !trouble.ok()) return;
    moment_.status = status.body.get_object();
    moment_.trouble = trouble.body.get_object();
  }

  // False: the end is asked for.
  bool Obey(int key) {
    if (key == ' ') moment_.paused = !moment_.paused;
    if (key == 's') {
      moment_.sort = moment_.sort == TopSort::kName ? TopSort::kBusiest : TopSort::kName;
    }
    const auto place = std::ranges::lower_bound(kIntervalsMs, interval_ms_);
    if (key == '+' || key == '=') {
      const auto above = std::ranges::upper_bound(kIntervalsMs, interval_ms_);
      interval_ms_ = above == kIntervalsMs.end() ? interval_ms_ : *above;
    }
    if (key == '-' && place != kIntervalsMs.begin()) interval_ms_ = *(place - 1);
    moment_.interval = absl::Milliseconds(interval_ms_);
    return key != 'q' && key != 'Q';
  }

  const Session& session_;
  const Client client_;
  TrafficReader reader_;
  int interval_ms_;
  TopMoment moment_;
};

// False: there is none.
bool RunOnTerminal(Top& top) {
  const HeldSignals held;
  const std::unique_ptr<Screen> screen = Screen::Open();
  if (screen != nullptr) top.RunOn(*screen);
  return screen != nullptr;
}

ExitCode RunTop(Session& session, const Asked& asked) {
  if (session.is_remote()) {
    return session.TellNotRemote("top");
  }
  absl::Duration interval;
  if (!absl::ParseDuration(asked.interval, &interval) || interval < absl::Milliseconds(100) ||
      interval > absl::Minutes(1)) {
    return Session::Tell(
        absl::StrCat("--interval: '", asked.interval, "' is no duration from 100ms to 1m, like 1s"),
        kUsage);
  }
  const std::optional<Instance> instance = session.ChooseInstance();
  if (!instance) return kUnreachable;
  const uint64_t batches = asked.once ? 1 : asked.batch;
  Top top(session, *instance, static_cast<int>(absl::ToInt64Milliseconds(interval)));
  if (batches > 0) return top.RunInBatches(batches);
  if (session.as_json()) return top.RunInBatches(UINT64_MAX);
  if (!RunOnTerminal(top)) return top.RunInBatches(UINT64_MAX);
  if (interrupted != 0) raise(interrupted);  // the terminal is as it was: end as the signal says
  return kOk;
}

}  // namespace

void AddTopCommands(CommandTree& tree) {
  auto asked = std::make_shared<Asked>();
  CLI::App* top = tree.Add("top", "Live: queries a second, groups off their primary, sick checks",
                           [asked](Session& session) { return RunTop(session, *asked); });
  top->add_option("--interval", asked->interval, "Between two looks, 100ms to 1m")
      ->capture_default_str();
  CLI::Option* batch = top->add_option("--batch", asked->batch, "Print so many pages and end")
                           ->check(CLI::Range(1, 1'000'000'000));
  top->add_flag("--once", asked->once, "Print one page and end")->excludes(batch);
  top->footer(
      "Keys: q quit, space pause, s sort (busiest or by name), + and - the interval.\n"
      "It reads the shared memory, so it works while control is dead; with --json, or where there\n"
      "is no terminal, it prints page after page.\n"
      "Examples:\n  understudyctl top\n  understudyctl top --once --json | jq .queries_per_s");
}

}  // namespace understudy::ctl
