#include "control/health/programs.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <utility>

namespace understudy::control {

namespace asio = boost::asio;

Programs::Place::Place(Programs& programs, const asio::any_io_executor& executor)
    : programs_(programs), turn_(executor) {}

Programs::Place::~Place() {
  if (waiting_) programs_.waiting_.remove(this);
  if (has_place_) {
    ++programs_.free_places_;
    programs_.GiveWay();
  }
}

asio::awaitable<bool> Programs::Place::Get() {
  if (programs_.free_places_ > 0 && programs_.waiting_.empty()) {
    --programs_.free_places_;
    has_place_ = true;
    co_return true;
  }
  programs_.waiting_.push_back(this);
  waiting_ = true;
  turn_.expires_at(std::chrono::steady_clock::time_point::max());
  while (!has_place_ && !cancelled_) {
    co_await turn_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return has_place_ && !cancelled_;
}

void Programs::Place::Cancel() {
  cancelled_ = true;
  turn_.cancel();
}

void Programs::GiveWay() {
  if (free_places_ == 0 || waiting_.empty()) return;
  Place* const next = waiting_.front();
  waiting_.pop_front();
  --free_places_;
  next->waiting_ = false;
  next->has_place_ = true;
  next->turn_.cancel();
}

std::shared_ptr<Programs::Start> Programs::Begin(Program::Order order) {
  auto start = std::make_shared<Start>();
  start->done = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (start->done.get() < 0) return nullptr;
  Do([start, order = std::move(order)] {
    start->refusal = Program::Start(order, &start->program);
    // From here on the loop uses what is in `start`.
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(start->done.get(), &one, sizeof(one));
  });
  return start;
}

void Programs::Abandon(std::shared_ptr<Start> start) {
  // Behind the start itself, if that is still to come.
  Do([this, start = std::move(start)] {
    if (start->program.has_value()) dying_.push_back(std::move(*start->program));
  });
}

void Programs::Bury(Program program) {
  program.Kill();
  auto dying = std::make_shared<Program>(std::move(program));
  Do([this, dying] { dying_.push_back(std::move(*dying)); });
}

void Programs::Do(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  changed_.notify_one();
}

void Programs::Work() {
  // Signals are the loop's business.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  constexpr std::chrono::milliseconds kLookAgain{10};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      dying_.empty() ? changed_.wait(lock) : void(changed_.wait_for(lock, kLookAgain));
    }
    std::deque<Job> jobs = std::exchange(jobs_, {});
    lock.unlock();
    for (; !jobs.empty(); jobs.pop_front()) jobs.front()();
    for (Program& program : dying_) program.Kill();
    std::erase_if(dying_, [](Program& program) { return program.Reap().has_value(); });
    lock.lock();
  }
}

Programs::~Programs() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace understudy::control
