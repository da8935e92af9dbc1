#include "control/engine/self_doubt.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {

void Doubt::Configure(const SelfDoubt& policy, size_t counted) {
  policy_ = policy;
  counted_ = counted;
}

void Doubt::Begin(absl::Time since) {
  ++failing_;
  recent_.insert(since);
}

void Doubt::End(absl::Time since) {
  if (failing_ > 0) --failing_;
  const auto found = recent_.find(since);
  if (found != recent_.end()) recent_.erase(found);
}

bool Doubt::IsSurge(absl::Time now) {
  recent_.erase(recent_.begin(), recent_.lower_bound(now - policy_.window));
  return policy_.mass_failure_percent > 0 && counted_ >= policy_.at_least &&
         recent_.size() * 100 > counted_ * policy_.mass_failure_percent;
}

bool Doubt::IsOver(const Canaries& canaries) const {
  const size_t more = failing_ - std::min(failing_, failing_before_);
  return !canaries.unhealthy && !canaries.failing &&
         (policy_.mass_failure_percent == 0 ||
          more * 100 <= counted_ * policy_.mass_failure_percent);
}

Doubt::Word Doubt::Judge(const Canaries& canaries, bool fell, const Moment& now) {
  if (freeze_) {
    if (freeze_->until <= now.wall) return Word::kThaw;
    return !freeze_->by_operator && IsOver(canaries) ? Word::kThaw : Word::kNothing;
  }
  const bool surge = IsSurge(now.steady);
  const bool doubtful = canaries.unhealthy || (fell && (surge || canaries.failing));
  if (believing_) {
    believing_ = !IsOver(canaries);
    return Word::kNothing;
  }
  return doubtful ? Word::kFreeze : Word::kNothing;
}

Freeze Doubt::NewFreeze(const Canaries& canaries, const Moment& now) const {
  Freeze freeze{
      .since = now.wall, .until = now.wall + policy_.release_after, .author = "self-doubt"};
  if (canaries.unhealthy || canaries.failing) {
    freeze.reason = absl::StrCat("canary ", std::string(canaries.name), " fails");
  } else {
    freeze.reason = absl::StrCat(recent_.size(), " of ", counted_, " checks began to fail within ",
                                 absl::FormatDuration(policy_.window));
  }
  return freeze;
}

void Doubt::SetFreeze(Freeze freeze) {
  failing_before_ = failing_ - std::min(failing_, recent_.size());
  freeze_ = std::move(freeze);
}

std::optional<Freeze> Doubt::Thaw() {
  if (!freeze_) return std::nullopt;
  believing_ = true;
  return std::exchange(freeze_, std::nullopt);
}

}  // namespace understudy::control
