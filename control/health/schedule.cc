#include "control/health/schedule.h"

#include <algorithm>
#include <boost/system/error_code.hpp>

#include "absl/cleanup/cleanup.h"

namespace understudy::control {
namespace {

constexpr std::chrono::milliseconds kStoodStill{500};

}  // namespace

Schedule::~Schedule() {
  state_->items.clear();
  state_->timer.cancel();
}

void Schedule::Add(Item& item, Clock::time_point due) {
  Remove(item);
  item.due_ = due;
  item.waiting_ = true;
  state_->items.emplace(due, &item);
  Arm(state_);
}

void Schedule::Remove(Item& item) {
  if (!std::exchange(item.waiting_, false)) return;
  state_->items.erase({item.due_, &item});
}

// A timer that is early, because its item was removed, costs one look; it is not worth a cancel.
void Schedule::Arm(const std::shared_ptr<State>& state) {
  if (state->items.empty() || state->items.begin()->first >= state->armed) return;
  state->armed = state->items.begin()->first;
  state->timer.expires_at(state->armed);
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (!error) Run(state);
  });
}

void Schedule::Run(const std::shared_ptr<State>& state) {
  // Whatever a callback throws, time goes on.
  const absl::Cleanup rearm = [&state] { Arm(state); };
  const Clock::time_point now = Clock::now();
  // A loop that has too much to do is late too, but never without having looked.
  const bool stood_still = now > std::max(state->armed, state->ran) + kStoodStill;
  state->armed = Clock::time_point::max();
  state->ran = now;
  while (!state->items.empty() && state->items.begin()->first <= now) {
    Item* const item = state->items.begin()->second;
    state->items.erase(state->items.begin());
    item->waiting_ = false;
    item->Due(stood_still);
  }
}

}  // namespace understudy::control
