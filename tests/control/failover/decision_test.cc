#include "control/failover/decision.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace understudy::control {
namespace {

constexpr absl::Duration kNoHold = absl::ZeroDuration();
const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

GroupHealth Health(bool primary, bool secondary) { return {primary, secondary, true}; }

Decision Answer(const GroupState& state, const GroupHealth& health, absl::Duration hold_down,
                absl::Time now) {
  return Decide(state, health, hold_down, std::nullopt, now);
}

TEST(DecisionTable, EveryRowOfTheReferenceIsAnsweredAsItSays) {
  struct Row {
    std::string description;
    GroupHealth health;
    Choice choice;
    Cause cause;
  };
  const std::vector<Row> rows = {
      {"both healthy", {true, true, true}, Choice::kPrimary, Cause::kPrimaryHealthy},
      {"secondary unhealthy", {true, false, true}, Choice::kPrimary, Cause::kPrimaryHealthy},
      {"secondary unchecked", {true, true, false}, Choice::kPrimary, Cause::kPrimaryHealthy},
      {"primary unhealthy", {false, true, true}, Choice::kSecondary, Cause::kPrimaryUnhealthy},
      {"primary unhealthy, secondary unchecked",
       {false, true, false},
       Choice::kSecondary,
       Cause::kPrimaryUnhealthy},
      {"both unhealthy", {false, false, true}, Choice::kPrimary, Cause::kAllDown},
  };
  for (const Row& row : rows) {
    for (const Choice before : {Choice::kPrimary, Choice::kSecondary}) {
      SCOPED_TRACE(row.description);
      const Decision decision = Answer({before, std::nullopt}, row.health, kNoHold, kNoon);
      EXPECT_EQ(decision.choice, row.choice);
      EXPECT_EQ(decision.cause, row.cause);
      EXPECT_EQ(decision.state.by_health, row.choice);
      EXPECT_EQ(decision.state.primary_healthy_since, std::nullopt);
      EXPECT_EQ(decision.decide_again, absl::InfiniteFuture());
    }
  }
}

TEST(HoldDown, KeepsTheSecondaryUntilPrimaryWasHealthyThatLong) {
  const absl::Duration hold = absl::Seconds(10);
  Decision d = Answer({}, Health(false, true), hold, kNoon);
  EXPECT_EQ(d.choice, Choice::kSecondary);
  d = Answer(d.state, Health(true, true), hold, kNoon + absl::Seconds(5));
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, kNoon + absl::Seconds(15));
  d = Answer(d.state, Health(true, true), hold, kNoon + absl::Seconds(15) - absl::Nanoseconds(1));
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, kNoon + absl::Seconds(15));
  d = Answer(d.state, Health(true, true), hold, kNoon + absl::Seconds(15));
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kPrimaryHealthy);
  EXPECT_EQ(d.decide_again, absl::InfiniteFuture());
}

TEST(HoldDown, StartsAgainWhenPrimaryFailsAgain) {
  const absl::Duration hold = absl::Seconds(10);
  Decision d = Answer({Choice::kSecondary, std::nullopt}, Health(true, true), hold, kNoon);
  d = Answer(d.state, Health(false, true), hold, kNoon + absl::Seconds(9));
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.cause, Cause::kPrimaryUnhealthy);
  d = Answer(d.state, Health(true, true), hold, kNoon + absl::Seconds(11));
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, kNoon + absl::Seconds(21));
}

TEST(HoldDown, EndsAtOnceWhenTheSecondaryFails) {
  Decision d =
      Answer({Choice::kSecondary, std::nullopt}, Health(true, true), absl::Hours(1), kNoon);
  ASSERT_EQ(d.cause, Cause::kHoldDown);
  d = Answer(d.state, Health(true, false), absl::Hours(1), kNoon + absl::Seconds(1));
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kPrimaryHealthy);
  d = Answer(d.state, Health(true, true), absl::Hours(1), kNoon + absl::Seconds(2));
  EXPECT_EQ(d.choice, Choice::kPrimary);
}

TEST(HoldDown, DoesNotApplyToAPrimaryThatWasAnsweredAnyway) {
  Decision d = Answer({}, Health(false, false), absl::Hours(1), kNoon);
  ASSERT_EQ(d.cause, Cause::kAllDown);
  d = Answer(d.state, Health(true, true), absl::Hours(1), kNoon + absl::Seconds(1));
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kPrimaryHealthy);
}

TEST(HoldDown, IsNotProlongedBeyondItsLengthByAClockThatGoesBack) {
  const absl::Duration hold = absl::Seconds(10);
  Decision d = Answer({Choice::kSecondary, std::nullopt}, Health(true, true), hold, kNoon);
  const absl::Time earlier = kNoon - absl::Hours(24);
  d = Answer(d.state, Health(true, true), hold, earlier);
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, earlier + hold);
  d = Answer(d.state, Health(true, true), hold, earlier + hold);
  EXPECT_EQ(d.choice, Choice::kPrimary);
}

TEST(HoldDown, EndsWhenAReloadShortensIt) {
  Decision d =
      Answer({Choice::kSecondary, std::nullopt}, Health(true, true), absl::Hours(1), kNoon);
  d = Answer(d.state, Health(true, true), absl::Seconds(1), kNoon + absl::Seconds(2));
  EXPECT_EQ(d.choice, Choice::kPrimary);
}

TEST(Forced, SideWinsUntilItExpiresWhileHealthIsStillFollowed) {
  Override force;
  force.side = Choice::kSecondary;
  force.since = kNoon;
  force.until = kNoon + absl::Minutes(30);
  Decision d = Decide({}, Health(true, true), kNoHold, force, kNoon);
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.cause, Cause::kForced);
  EXPECT_EQ(d.state.by_health, Choice::kPrimary);
  EXPECT_EQ(d.decide_again, force.until);
  d = Decide(d.state, Health(true, true), kNoHold, force, force.until - absl::Nanoseconds(1));
  EXPECT_EQ(d.cause, Cause::kForced);
  d = Decide(d.state, Health(true, true), kNoHold, force, force.until);
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kPrimaryHealthy);
}

TEST(Forced, SideIsAnsweredEvenWhenItIsDead) {
  Override force;
  force.side = Choice::kPrimary;
  const Decision d = Decide({}, Health(false, true), kNoHold, force, kNoon);
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kForced);
  EXPECT_EQ(d.state.by_health, Choice::kSecondary);
  EXPECT_EQ(d.decide_again, absl::InfiniteFuture());
}

TEST(Forced, HoldDownRunsOnBeneathAndItsEndIsDecidedToo) {
  const absl::Duration hold = absl::Seconds(10);
  Override force;
  force.side = Choice::kPrimary;
  force.until = kNoon + absl::Seconds(30);
  const GroupState failed_over = {Choice::kSecondary, std::nullopt};
  Decision d = Decide(failed_over, Health(true, true), hold, force, kNoon);
  EXPECT_EQ(d.cause, Cause::kForced);
  EXPECT_EQ(d.state.by_health, Choice::kSecondary);
  EXPECT_EQ(d.decide_again, kNoon + hold);
  const Decision released = Answer(d.state, Health(true, true), hold, kNoon + absl::Seconds(4));
  EXPECT_EQ(released.cause, Cause::kHoldDown);
  EXPECT_EQ(released.decide_again, kNoon + hold);
  d = Decide(d.state, Health(true, true), hold, force, kNoon + hold);
  EXPECT_EQ(d.state.by_health, Choice::kPrimary);
  EXPECT_EQ(d.decide_again, force.until);
}

TEST(Cause, EveryOneHasAWordOfItsOwn) {
  std::vector<std::string_view> words;
  for (const Cause cause : {Cause::kPrimaryHealthy, Cause::kPrimaryUnhealthy, Cause::kAllDown,
                            Cause::kHoldDown, Cause::kForced}) {
    for (const std::string_view other : words) EXPECT_NE(WordOf(cause), other);
    words.push_back(WordOf(cause));
  }
}

// The chart of decision.h as a machine with named states, written without a look at the code.
class Model {
 public:
  enum class State { kPrimary, kSecondary, kHolding };

  void Step(bool primary, bool secondary, absl::Duration hold, absl::Time now) {
    all_down = !primary && !secondary;
    if (primary && secondary && state == State::kSecondary) {
      state = State::kHolding;
      held_from = now;
    }
    if (state == State::kHolding && held_from > now) held_from = now;
    if (primary != secondary) {
      state = primary ? State::kPrimary : State::kSecondary;
    } else if (all_down || (state == State::kHolding && held_from + hold <= now)) {
      state = State::kPrimary;
    }
  }
  Cause ExpectedCause() const {
    if (state == State::kHolding) return Cause::kHoldDown;
    if (state == State::kSecondary) return Cause::kPrimaryUnhealthy;
    return all_down ? Cause::kAllDown : Cause::kPrimaryHealthy;
  }

  State state = State::kPrimary;
  bool all_down = false;
  absl::Time held_from;
};

uint64_t Seed() {
  const char* given = std::getenv("UNDERSTUDY_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "UNDERSTUDY_SEED=" << seed << "\n";
  return seed;
}

// One random life of a group: what happens to it, and what was decided last.
class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed) {}

  void Step() {
    Happen();
    const Decision d = Decide(state_, health_, hold_, forced_, now_);
    model_.Step(health_.primary, health_.secondary, hold_, now_);
    const bool under_force = forced_.has_value() && now_ < forced_->until;
    const Choice by_health =
        model_.state == Model::State::kPrimary ? Choice::kPrimary : Choice::kSecondary;
    const bool holding = model_.state == Model::State::kHolding;
    absl::Time again = holding ? model_.held_from + hold_ : absl::InfiniteFuture();
    if (under_force) again = std::min(again, forced_->until);
    ASSERT_EQ(d.choice, under_force ? forced_->side : by_health);
    ASSERT_EQ(d.cause, under_force ? Cause::kForced : model_.ExpectedCause());
    ASSERT_EQ(d.state.by_health, by_health);
    ASSERT_EQ(d.state.primary_healthy_since.has_value(), holding);
    ASSERT_EQ(d.decide_again, again);
    ASSERT_GT(d.decide_again, now_);  // or the engine would spin
    if (!under_force) {
      const bool answered = d.choice == Choice::kPrimary ? health_.primary : health_.secondary;
      ASSERT_TRUE(answered || (!health_.primary && !health_.secondary));
    }
    // To decide again in the same instant changes nothing.
    ASSERT_EQ(Decide(d.state, health_, hold_, forced_, now_).choice, d.choice);
    state_ = d.state;
  }

 private:
  bool OneIn(uint32_t n) { return random_() % n == 0; }

  void Happen() {
    now_ += absl::Milliseconds(static_cast<int64_t>(random_() % 2000));
    if (OneIn(500)) now_ -= absl::Seconds(static_cast<int64_t>(random_() % 100000));
    if (OneIn(500)) now_ += absl::Seconds(static_cast<int64_t>(random_() % 100000));
    if (OneIn(4)) health_.primary = !health_.primary;
    if (OneIn(4)) health_.secondary = !health_.secondary;
    if (OneIn(200)) hold_ = absl::Seconds(static_cast<int64_t>(random_() % 4) * 3);
    if (OneIn(50)) {
      forced_.emplace();
      forced_->side = OneIn(2) ? Choice::kPrimary : Choice::kSecondary;
      forced_->since = now_;
      forced_->until = now_ + absl::Seconds(static_cast<int64_t>(random_() % 60));
    }
    if (OneIn(50)) forced_.reset();
  }

  std::mt19937_64 random_;
  absl::Time now_ = kNoon;
  GroupHealth health_ = {true, true, true};
  absl::Duration hold_ = absl::Seconds(5);
  std::optional<Override> forced_;
  GroupState state_;
  Model model_;
};

TEST(DecisionProperty, AMillionRandomStepsAgreeWithTheChart) {
  Life life(Seed());
  for (int step = 0; step < 1'000'000; ++step) {
    life.Step();
    if (HasFatalFailure()) FAIL() << "at step " << step;
  }
}

}  // namespace
}  // namespace understudy::control
