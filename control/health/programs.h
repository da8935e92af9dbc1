// Programs: starts the programs of exec checks on a thread of its own, and lets so many run at
// once.
//
// Used by: exec_probe; probe_context owns it. All members but the thread's run on the loop's
// thread.
//  1. The loop never waits for a program to be loaded (its file may lie on a disk that does not
//     answer), killed or reaped.
//  2. Whatever ends the wait for a program, it is killed and reaped. The thread that started it
//     lives as long as this object, so that programs die with it (program.h).
//  3. At most `at_once` places are given; the others wait in the order in which they came.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PROGRAMS_H_
#define UNDERSTUDY_CONTROL_HEALTH_PROGRAMS_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "control/health/program.h"

namespace understudy::control {

class Programs {
 public:
  static constexpr size_t kAtOnce = 64;

  explicit Programs(size_t at_once = kAtOnce) : free_places_(at_once) {}
  ~Programs();
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  // The right to run a program, from Get to the destructor.
  class Place {
   public:
    Place(Programs& programs, const boost::asio::any_io_executor& executor);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // Waits for one; false when Cancel ended that.
    boost::asio::awaitable<bool> Get();
    void Cancel();

   private:
    friend class Programs;
    Programs& programs_;
    boost::asio::steady_timer turn_;  // cancelled when it is this one's turn
    bool has_place_ = false;
    bool waiting_ = false;
    bool cancelled_ = false;
  };

  // A start under way. `done` becomes readable when `program` or `refusal` is there.
  struct Start {
    Descriptor done;
    std::optional<Program> program;
    std::optional<Program::Refusal> refusal;
  };
  // Null: no descriptor left; errno says why.
  std::shared_ptr<Start> Begin(Program::Order order);
  // Nobody waits for it any more: what it started, or will have started, is buried.
  void Abandon(std::shared_ptr<Start> start);
  // Kills the program and sees to its end.
  void Bury(Program program);

 private:
  using Job = std::function<void()>;
  void Do(Job job);
  void Work();
  void GiveWay();

  size_t free_places_;
  std::list<Place*> waiting_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;      // guarded by mutex_
  bool stopping_ = false;     // guarded by mutex_
  std::list<Program> dying_;  // the thread's
  std::thread thread_;        // from the first job on
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PROGRAMS_H_
