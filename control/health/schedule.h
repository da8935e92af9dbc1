// Schedule: calls back at given times, over one timer for any number of items.
//
// Used by: checker. Everything here runs on the thread that runs `io`.
//  1. An item is in it once at most; it is called once for each Add, unless removed before.
//  2. A callback may add and remove any item, and may destroy the schedule.
// One timer and a tree of times, because a timer of asio's for each of 100,000 checks needs a
// coroutine waiting on it, ten times the memory.
#ifndef UNDERSTUDY_CONTROL_HEALTH_SCHEDULE_H_
#define UNDERSTUDY_CONTROL_HEALTH_SCHEDULE_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/container/btree_set.h"

namespace understudy::control {

class Schedule {
 public:
  using Clock = std::chrono::steady_clock;

  class Item {
   public:
    // `stood_still`: this process did not run for a while, so what is due now had its time spread
    // over that while.
    virtual void Due(bool stood_still) = 0;

   protected:
    ~Item() = default;

   private:
    friend class Schedule;
    Clock::time_point due_;
    bool waiting_ = false;
  };

  explicit Schedule(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // Moves it when it is there already. The item stays where it is until it is removed or called.
  void Add(Item& item, Clock::time_point due);
  void Remove(Item& item);

 private:
  // What the timer's handler needs, which may run when the Schedule is gone.
  struct State {
    explicit State(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    absl::btree_set<std::pair<Clock::time_point, Item*>> items;
    Clock::time_point armed = Clock::time_point::max();  // when the timer will expire
    Clock::time_point ran;                               // when items were last looked at
  };
  static void Arm(const std::shared_ptr<State>& state);
  static void Run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_SCHEDULE_H_
