// A force or a drain over very many groups: what it would bring is looked at in pieces, then it is
// done, in pieces of the engine's.
//
// Used by: orders.
// Invariants
//  1. Refused, or only looked at, it changed nothing.
//  2. No reload comes between what is looked at and what is done (engine/piecework.h).
#ifndef UNDERSTUDY_CONTROL_API_OVERRIDE_IN_PIECES_H_
#define UNDERSTUDY_CONTROL_API_OVERRIDE_IN_PIECES_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/engine/engine.h"
#include "control/engine/overrides.h"

namespace understudy::control {

// What an order came to.
struct OrderOutcome {
  std::vector<std::string> names;  // of the groups meant: a reload may take them away meanwhile
  // How the answer begins. They may be very many: it has room for all of it, and is never copied.
  std::string text = "{\"effects\":[]";
  std::optional<absl::Status> durable;
  std::function<void(const absl::Status&)> on_durable;

  void SetDurable(const absl::Status& result) {
    durable = result;
    if (on_durable) on_durable(result);
  }
};

class OverrideInPieces {
 public:
  OverrideInPieces(Engine& engine, Engine::OverrideOrder order, Selector selector, bool dry_run,
                   bool allow_unusable, std::shared_ptr<OrderOutcome> outcome)
      : engine_(engine),
        order_(std::move(order)),
        selector_(std::move(selector)),
        dry_run_(dry_run),
        allow_unusable_(allow_unusable),
        outcome_(std::move(outcome)) {}

  // True: there is more to do. `in_effect` is called once, by the last piece or behind it.
  bool Piece(const Engine::InEffect& in_effect);

 private:
  void LookAtSome();

  Engine& engine_;
  Engine::OverrideOrder order_;
  const Selector selector_;
  const bool dry_run_;
  const bool allow_unusable_;
  const std::shared_ptr<OrderOutcome> outcome_;
  size_t looked_at_ = 0;
  std::vector<Effect> unusable_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_OVERRIDE_IN_PIECES_H_
