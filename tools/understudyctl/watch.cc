#include "tools/understudyctl/watch.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/event_tail.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

constexpr char kWait[] = "30s";
constexpr std::chrono::seconds kAnswerWithin{45};  // longer than kWait
constexpr std::chrono::milliseconds kRetry{250};
constexpr unsigned kBusy = 503;  // too many wait already, or control has just started

// One event per line, so that a reader gets each as it comes.
void PrintEach(const Session& session, const json::array& events) {
  for (const json::value& event : events) {
    session.Put(event.as_object(), EventsText({{"events", json::array{event}}}));
  }
  std::cout.flush();
}

class Watcher {
 public:
  Watcher(const Session& session, const Client& client, const Watched& watched)
      : session_(session), client_(client), watched_(watched), tail_(watched.subjects) {}

  ExitCode Run() {
    const uint64_t limit = std::max<uint64_t>(watched_.limit, 1);
    const Answer first = client_.Get(tail_.FirstTarget(watched_.since, limit));
    ExitCode code = kOk;
    const json::object* body = session_.BodyOf(first, client_, &code);
    if (body == nullptr) return code;
    PrintEach(session_, tail_.Begin(*body, watched_.limit > 0));
    while (std::cout.good()) {
      const Answer answer = client_.Get(tail_.NextTarget(kWait), kAnswerWithin);
      if (answer.ok()) {
        Take(answer.body.get_object());
      } else if (!answer.unreachable.empty() || answer.status == kBusy) {
        WaitFor(answer);
      } else {
        session_.BodyOf(answer, client_, &code);
        return code;
      }
    }
    return kOk;
  }

 private:
  void Take(const json::object& body) {
    if (away_) Session::Tell("control answers again", kOk);
    away_ = false;
    PrintEach(session_, tail_.Take(body));
    if (tail_.missed() > 0) {
      Session::Tell(absl::StrCat(tail_.missed(), " events in between are no longer kept"), kOk);
    }
  }

  void WaitFor(const Answer& answer) {
    if (!away_) {
      const std::string why = answer.unreachable.empty() ? "it is busy" : answer.unreachable;
      Session::Tell(absl::StrCat("control does not answer on ", client_.endpoint().Text(), " (",
                                 why, "): waiting for it"),
                    kOk);
    }
    away_ = true;
    tail_.LookBack();
    std::this_thread::sleep_for(kRetry);
  }

  const Session& session_;
  const Client& client_;
  const Watched& watched_;
  EventTail tail_;
  bool away_ = false;
};

}  // namespace

ExitCode Watch(const Session& session, const Client& client, const Watched& watched) {
  return Watcher(session, client, watched).Run();
}

}  // namespace understudy::ctl
