// Piecework: what takes long for very many groups, done on the loop in pieces: between two of them
// everything that is ready goes first.
//
// Invariants
//  1. One job after the other, in the order in which they came: none sees another one half done.
//     What a piece asks for comes behind its own job's next pieces, and before every other job.
//  2. What fits into one piece is done when Do returns, unless another job is before it.
//  3. No turn of the loop holds more than one full piece.
// Used by: engine.
#ifndef UNDERSTUDY_CONTROL_ENGINE_PIECEWORK_H_
#define UNDERSTUDY_CONTROL_ENGINE_PIECEWORK_H_

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <list>

namespace understudy::control {

// How many groups, or events, a piece may work on.
inline constexpr size_t kWorkPiece = 1000;

class Piecework {
 public:
  explicit Piecework(boost::asio::io_context& io) : io_(io) {}

  // `piece` works on at most kWorkPiece of them, and says whether there is more to do.
  using Piece = std::function<bool()>;
  void Do(Piece piece);
  // All that is left, at once: the loop is about to end.
  void Finish();
  bool idle() const { return jobs_.empty(); }
  // Calls `then` as soon as no job is left: for what must not come between two pieces of one.
  void WhenIdle(std::function<void()> then);

 private:
  void Run();
  bool RunPiece();
  void GoOn();

  boost::asio::io_context& io_;
  std::list<Piece> jobs_;  // the first is under way
  bool running_ = false;   // a piece of it is, now
  bool posted_ = false;
  size_t asked_ = 0;  // jobs that the one under way asked for
  std::list<std::function<void()>> waiting_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_PIECEWORK_H_
