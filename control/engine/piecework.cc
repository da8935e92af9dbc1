#include "control/engine/piecework.h"

#include <boost/asio/post.hpp>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/cleanup/cleanup.h"

namespace understudy::control {
namespace {

// Small jobs that follow each other in one turn.
constexpr int kSmallJobs = 8;

}  // namespace

void Piecework::Do(Piece piece) {
  if (running_) {
    jobs_.insert(std::next(jobs_.begin(), static_cast<std::ptrdiff_t>(++asked_)), std::move(piece));
    return;
  }
  jobs_.push_back(std::move(piece));
  if (jobs_.size() == 1) Run();
}

// True: the job under way has more to do. An exception ends that job, and no other.
bool Piecework::RunPiece() {
  running_ = true;
  bool more = false;
  const absl::Cleanup after = [&] {
    running_ = false;
    if (more) return;
    jobs_.pop_front();
    asked_ = 0;
  };
  more = jobs_.front()();
  return more;
}

void Piecework::Run() {
  const absl::Cleanup after = [this] { GoOn(); };
  for (int i = 0; i < kSmallJobs && !jobs_.empty(); ++i) {
    if (RunPiece()) return;
  }
}

// In a turn of its own: what is ready goes first.
void Piecework::GoOn() {
  if ((jobs_.empty() && waiting_.empty()) || std::exchange(posted_, true)) return;
  boost::asio::post(io_, [this] {
    posted_ = false;
    if (!jobs_.empty()) return Run();
    const absl::Cleanup after = [this] { GoOn(); };
    if (waiting_.empty()) return;
    const std::function<void()> then = std::move(waiting_.front());
    waiting_.pop_front();
    then();
  });
}

void Piecework::WhenIdle(std::function<void()> then) {
  if (jobs_.empty() && waiting_.empty()) return then();
  waiting_.push_back(std::move(then));
  GoOn();
}

void Piecework::Finish() {
  while (!jobs_.empty()) RunPiece();
}

}  // namespace understudy::control
