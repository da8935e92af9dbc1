#include "control/api/override_in_pieces.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <span>

#include "absl/strings/str_cat.h"
#include "control/api/lists.h"
#include "control/api/views.h"

namespace understudy::control {

namespace json = boost::json;

bool OverrideInPieces::Piece(const Engine::InEffect& in_effect) {
  if (order_.targets.empty()) {
    absl::StatusOr<std::vector<OverrideTarget>> targets =
        SelectTargets(engine_.standing(), selector_);
    if (!targets.ok()) return in_effect(targets.status()), false;
    order_.targets = *std::move(targets);
    outcome_->text = "{\"effects\":[";
    outcome_->text.reserve(2 * kRoomOfEach * (order_.targets.size() + 1));
  }
  LookAtSome();
  if (looked_at_ < order_.targets.size()) return true;
  outcome_->text += "]";
  absl::Status usable = absl::OkStatus();
  if (!dry_run_ && !allow_unusable_) usable = RefuseUnusable(unusable_);
  if (dry_run_ || !usable.ok()) return in_effect(usable), false;
  engine_.SetOverride(
      std::move(order_), in_effect,
      [outcome = outcome_](const absl::Status& status) { outcome->SetDurable(status); });
  return false;
}

// Whole groups.
void OverrideInPieces::LookAtSome() {
  const std::span<const OverrideTarget> left = std::span(order_.targets).subspan(looked_at_);
  size_t size = std::min(left.size(), kWorkPiece);
  while (size < left.size() && left[size].group == left[size - 1].group) ++size;
  for (Effect& effect : EffectsOf(left.first(size), order_.kind, engine_.now())) {
    const GroupStanding& group = *effect.group;
    const json::object view{{"group", group.name},
                            {"from", TextView(WordOf(group, effect.from))},
                            {"to", TextView(WordOf(group, effect.to))},
                            {"unusable", effect.unusable}};
    absl::StrAppend(&outcome_->text, outcome_->names.empty() ? "" : ",", json::serialize(view));
    outcome_->names.push_back(group.name);
    if (!effect.unusable.empty()) unusable_.push_back(std::move(effect));
  }
  looked_at_ += size;
}

}  // namespace understudy::control
