#include "control/engine/selection_watch.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/contract/mapping.h"

namespace understudy::control {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(1);
constexpr uint64_t kGiveUpNs = 5'000'000'000;  // a worker that is this late is stuck: say so
constexpr size_t kMaxWatched = 64;

Event Of(EventKind kind, const Publisher::Published& published, const Observation& seen) {
  Event event;
  event.kind = kind;
  event.subject = absl::StrCat(published.generation);
  event.selection = published.generation;
  event.detail = absl::StrCat("by ", seen.observed, "/", seen.workers, " workers");
  if (seen.last_observed_ns > published.at_ns) {
    event.took = absl::Nanoseconds(static_cast<int64_t>(seen.last_observed_ns - published.at_ns));
  }
  return event;
}

}  // namespace

SelectionWatch::SelectionWatch(boost::asio::io_context& io, const Publisher& publisher,
                               OnEvent on_event)
    : publisher_(publisher), on_event_(std::move(on_event)), timer_(io) {}

void SelectionWatch::Watch(const Publisher::Published& published) {
  if (!publisher_.dataplane_alive()) return;
  watched_.push_back(published);
  if (watched_.size() > kMaxWatched) watched_.pop_front();
  if (!armed_) Arm();
}

void SelectionWatch::Stop() {
  watched_.clear();
  timer_.cancel();
}

void SelectionWatch::Arm() {
  armed_ = true;
  timer_.expires_after(kPollInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    armed_ = false;
    if (!error) Poll();
  });
}

void SelectionWatch::Poll() {
  while (!watched_.empty()) {
    const Publisher::Published published = watched_.front();
    const Observation seen = publisher_.Observe(published.generation);
    const bool complete = seen.workers > 0 && seen.observed == seen.workers;
    const bool late = contract::MonotonicNs() - published.at_ns > kGiveUpNs;
    if (seen.dataplane_alive && !complete && !late) break;
    watched_.pop_front();
    if (complete) {
      on_event_(Of(EventKind::kSelectionObserved, published, seen));
    } else if (seen.workers > 0) {
      on_event_(Of(EventKind::kSelectionUnobserved, published, seen));
    }
  }
  if (!watched_.empty()) Arm();
}

}  // namespace understudy::control
