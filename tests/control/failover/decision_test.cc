#include "control/failover/decision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace understudy::control {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

absl::Time After(double seconds) { return kNoon + absl::Seconds(seconds); }

// "HUd": healthy, unhealthy, healthy but drained ("D": unhealthy and drained); healthy since ever.
GroupHealth Health(const std::string& tiers, absl::Time since = absl::InfinitePast()) {
  GroupHealth health;
  for (const char c : tiers) {
    health.push_back({.healthy = c == 'H' || c == 'd', .drained = c == 'd' || c == 'D'});
    if (health.back().healthy) health.back().healthy_since = since;
  }
  return health;
}

FailoverPolicy Holding(absl::Duration hold_down) {
  FailoverPolicy policy;
  policy.failback.hold_down = hold_down;
  return policy;
}

GroupState At(uint8_t tier, double penalty = 0) {
  return {.tier = tier, .penalty = penalty, .penalty_at = kNoon};
}

Decision Answer(const GroupState& state, const GroupHealth& health,
                const FailoverPolicy& policy = {}, absl::Time now = kNoon) {
  return Decide(state, health, policy, std::nullopt, now);
}

TEST(DecisionTable, EveryRowOfTheReferenceIsAnsweredAsItSays) {
  struct Row {
    std::string description;
    std::string health;
    Choice choice;
    Cause cause;
  };
  // A tier without a check counts as healthy, so its rows are those of a healthy one.
  const std::vector<Row> rows = {
      {"both healthy", "HH", Choice::kPrimary, Cause::kPrimaryHealthy},
      {"secondary unhealthy", "HU", Choice::kPrimary, Cause::kPrimaryHealthy},
      {"primary unhealthy", "UH", Choice::kSecondary, Cause::kPrimaryUnhealthy},
      {"both unhealthy", "UU", Choice::kPrimary, Cause::kAllDown},
  };
  for (const Row& row : rows) {
    for (const uint8_t before : std::vector<uint8_t>{0, 1}) {
      SCOPED_TRACE(row.description);
      const Decision decision = Answer(At(before), Health(row.health));
      EXPECT_EQ(decision.choice, row.choice);
      EXPECT_EQ(decision.cause, row.cause);
      EXPECT_EQ(decision.by_health, row.choice);
      EXPECT_EQ(decision.decide_again, absl::InfiniteFuture());
    }
  }
}

TEST(Tiers, TheFirstAvailableOneIsAnswered) {
  struct Row {
    std::string health;
    size_t tier;
    Cause cause;
  };
  const std::vector<Row> rows = {
      {"HHHH", 0, Cause::kPrimaryHealthy},   {"UHHH", 1, Cause::kPrimaryUnhealthy},
      {"UUHH", 2, Cause::kPrimaryUnhealthy}, {"UUUH", 3, Cause::kPrimaryUnhealthy},
      {"dHHH", 1, Cause::kDrained},          {"UdHH", 2, Cause::kDrained},
      {"DHHH", 1, Cause::kPrimaryUnhealthy}, {"HdUU", 0, Cause::kPrimaryHealthy},
  };
  for (const Row& row : rows) {
    for (const uint8_t before : std::vector<uint8_t>{0, 1, 2, 3}) {
      SCOPED_TRACE(row.health);
      const Decision decision = Answer(At(before), Health(row.health));
      EXPECT_EQ(decision.choice, ChoiceOf(row.tier));
      EXPECT_EQ(decision.cause, row.cause);
    }
  }
}

TEST(Tiers, ATierThatIsGoneFromTheConfigurationIsNotAnswered) {
  EXPECT_EQ(Answer(At(7), Health("UH")).choice, Choice::kSecondary);
  EXPECT_EQ(Answer(At(7), Health("HH")).choice, Choice::kPrimary);
}

TEST(Drain, DoesNotCountWhereEveryHealthyTierIsDrained) {
  EXPECT_EQ(Answer({}, Health("dU")).choice, Choice::kPrimary);
  EXPECT_EQ(Answer({}, Health("Ud")).choice, Choice::kSecondary);
  EXPECT_EQ(Answer({}, Health("dd")).choice, Choice::kPrimary);
  EXPECT_EQ(Answer({}, Health("DD")).cause, Cause::kAllDown);
}

TEST(AllDown, EveryPolicyAnswersWhatItSays) {
  struct Row {
    AllDown policy;
    uint8_t before;
    Choice choice;
    uint8_t stands;
  };
  const std::vector<Row> rows = {
      {AllDown::kPrimary, 1, Choice::kPrimary, 0},
      {AllDown::kSecondary, 0, Choice::kSecondary, 1},
      {AllDown::kLastGood, 0, Choice::kPrimary, 0},
      {AllDown::kLastGood, 2, ChoiceOf(2), 2},
      {AllDown::kAll, 2, AllOf(3), 2},
      {AllDown::kServfail, 1, Choice::kServfail, 1},
      {AllDown::kRefused, 1, Choice::kRefused, 1},
      {AllDown::kNoData, 1, Choice::kNoData, 1},
  };
  for (const Row& row : rows) {
    FailoverPolicy policy;
    policy.all_down = row.policy;
    const Decision decision = Answer(At(row.before), Health("UUU"), policy);
    EXPECT_EQ(decision.choice, row.choice);
    EXPECT_EQ(decision.by_health, row.choice);
    EXPECT_EQ(decision.cause, Cause::kAllDown);
    EXPECT_EQ(decision.state.tier, row.stands);
  }
}

TEST(AllDown, EndsAtOnceWithWhicheverTierIsBackFirst) {
  FailoverPolicy policy = Holding(absl::Hours(1));
  policy.all_down = AllDown::kServfail;
  const Decision down = Answer(At(0), Health("UU"), policy);
  EXPECT_EQ(Answer(down.state, Health("HU", kNoon), policy).choice, Choice::kPrimary);
  EXPECT_EQ(Answer(down.state, Health("UH", kNoon), policy).choice, Choice::kSecondary);
  // Even where an operator has the last word otherwise.
  policy.failback.mode = FailbackMode::kManual;
  EXPECT_EQ(Answer(At(1), Health("HU", kNoon), policy).choice, Choice::kPrimary);
}

TEST(HoldDown, KeepsTheSecondaryUntilPrimaryWasHealthyThatLong) {
  const FailoverPolicy policy = Holding(absl::Seconds(10));
  Decision d = Answer({}, Health("UH"), policy);
  EXPECT_EQ(d.choice, Choice::kSecondary);
  GroupHealth back = Health("HH");
  back[0].healthy_since = After(5);
  d = Answer(d.state, back, policy, After(5));
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, After(15));
  d = Answer(d.state, back, policy, After(15) - absl::Nanoseconds(1));
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, After(15));
  d = Answer(d.state, back, policy, After(15));
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kPrimaryHealthy);
  EXPECT_EQ(d.decide_again, absl::InfiniteFuture());
}

TEST(HoldDown, EndsAtOnceWhenTheTierThatStandsFails) {
  const FailoverPolicy policy = Holding(absl::Hours(1));
  EXPECT_EQ(Answer(At(1), Health("HH", kNoon), policy).cause, Cause::kHoldDown);
  EXPECT_EQ(Answer(At(1), Health("HU", kNoon), policy).choice, Choice::kPrimary);
}

TEST(HoldDown, LeadsToWhicheverBetterTierIsReadyFirst) {
  const FailoverPolicy policy = Holding(absl::Seconds(10));
  GroupHealth health = Health("HHH");
  health[1].healthy_since = kNoon;
  health[0].healthy_since = After(4);
  Decision d = Answer(At(2), health, policy, After(5));
  EXPECT_EQ(d.choice, ChoiceOf(2));
  EXPECT_EQ(d.decide_again, After(10));
  d = Answer(d.state, health, policy, After(10));
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.decide_again, absl::InfiniteFuture());
  d = Answer(d.state, health, policy, After(11));
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, After(14));
}

TEST(HoldDown, DoesNotApplyToAPrimaryThatWasAnsweredAnyway) {
  const Decision d = Answer({}, Health("UU"), Holding(absl::Hours(1)));
  ASSERT_EQ(d.cause, Cause::kAllDown);
  EXPECT_EQ(Answer(d.state, Health("HH", kNoon), Holding(absl::Hours(1))).cause,
            Cause::kPrimaryHealthy);
}

TEST(HoldDown, IsNotProlongedBeyondItsLengthByAClockThatGoesBack) {
  const absl::Time earlier = kNoon - absl::Hours(24);
  const Decision d = Answer(At(1), Health("HH", kNoon), Holding(absl::Seconds(10)), earlier);
  EXPECT_EQ(d.cause, Cause::kHoldDown);
  EXPECT_EQ(d.decide_again, earlier + absl::Seconds(10));
}

TEST(HoldDown, EndsWhenAReloadShortensIt) {
  EXPECT_EQ(Answer(At(1), Health("HH", kNoon), Holding(absl::Seconds(1)), After(2)).choice,
            Choice::kPrimary);
}

TEST(Damping, TheFirstFailoverIsFollowedByTheHoldDownAloneAndEveryFurtherOneByALongerOne) {
  Failback failback;
  failback.damping = {.start = absl::Seconds(2), .max = absl::Minutes(1)};
  const std::vector<double> seconds = {0, 0, 2, 6, 14, 30, 60, 60};
  for (size_t failovers = 0; failovers < seconds.size(); ++failovers) {
    EXPECT_EQ(HoldDownOf(failback, static_cast<double>(failovers)),
              absl::Seconds(seconds[failovers]));
  }
  failback.hold_down = absl::Seconds(10);
  EXPECT_EQ(HoldDownOf(failback, 2), absl::Seconds(10));
  EXPECT_EQ(HoldDownOf(failback, 4), absl::Seconds(14));
  failback.damping.max = absl::ZeroDuration();
  EXPECT_EQ(HoldDownOf(failback, 7), absl::Seconds(10));
}

TEST(Damping, ThePenaltyHalvesWithItsHalfLifeAndHasACeiling) {
  FailoverPolicy policy;
  policy.failback.damping = {
      .start = absl::Seconds(2), .max = absl::Seconds(62), .half_life = absl::Minutes(5)};
  Decision d = Answer({}, Health("UH"), policy);
  EXPECT_DOUBLE_EQ(d.state.penalty, 1);
  d = Answer({.tier = 0, .penalty = d.state.penalty, .penalty_at = kNoon}, Health("UH"), policy,
             kNoon + absl::Minutes(5));
  EXPECT_DOUBLE_EQ(d.state.penalty, 1.5);
  EXPECT_EQ(d.state.penalty_at, kNoon + absl::Minutes(5));
  for (int i = 0; i < 100; ++i) d = Answer(At(0, d.state.penalty), Health("UH"), policy);
  EXPECT_NEAR(d.state.penalty, 2 + std::log2(32), 1e-9);
  EXPECT_EQ(HoldDownOf(policy.failback, d.state.penalty), absl::Seconds(62));
}

TEST(Damping, ADrainIsAnOperatorsDoingAndNoFlapping) {
  EXPECT_EQ(Answer(At(0), Health("dH")).choice, Choice::kSecondary);
  EXPECT_EQ(Answer(At(0, 1), Health("dH")).state.penalty, 1);
  EXPECT_EQ(Answer(At(0, 1), Health("DH")).state.penalty, 2) << "it failed as well";
}

TEST(Damping, SaysItselfWhenItIsWhatHolds) {
  EXPECT_EQ(Answer(At(1, 3), Health("HH", kNoon)).cause, Cause::kDamped);
  EXPECT_EQ(Answer(At(1, 3), Health("HH", kNoon)).decide_again, After(6));
  EXPECT_EQ(Answer(At(1, 3), Health("HH", kNoon), Holding(absl::Seconds(7))).cause,
            Cause::kHoldDown);
}

// What an operator wants of a backend that is up for a second and down for a second.
TEST(Damping, ABackendThatFlapsForAMinuteChangesTheAnswerOnceWithTheHoldDownOfTheExample) {
  for (const auto& [hold, most] :
       {std::pair{absl::Seconds(10), 1}, std::pair{absl::ZeroDuration(), 3}}) {
    const FailoverPolicy policy = Holding(hold);
    GroupState state;
    Choice before = Choice::kPrimary;
    int changes = 0;
    for (int tenths = 0; tenths < 600; ++tenths) {
      const bool up = tenths / 10 % 2 == 1;
      GroupHealth health = Health(up ? "HH" : "UH");
      const int second = tenths / 10;
      health[0].healthy_since = After(second);
      const Decision d = Answer(state, health, policy, After(tenths / 10.0));
      changes += d.choice != before;
      before = d.choice;
      state = d.state;
    }
    EXPECT_EQ(changes, most);
  }
}

TEST(ManualFailback, WaitsForAnOperatorHoweverLongThePrimaryIsHealthy) {
  FailoverPolicy policy;
  policy.failback.mode = FailbackMode::kManual;
  Decision d = Answer(At(1), Health("HH"), policy, kNoon + absl::Hours(1000));
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.cause, Cause::kManualFailback);
  EXPECT_EQ(d.decide_again, absl::InfiniteFuture());
  EXPECT_FALSE(FailBack(d.state, Health("UH")));
  EXPECT_TRUE(FailBack(d.state, Health("HH")));
  EXPECT_EQ(Answer(d.state, Health("HH"), policy).choice, Choice::kPrimary);
  EXPECT_FALSE(FailBack(d.state, Health("HH")));
}

TEST(Forced, SideWinsUntilItExpiresWhileHealthIsStillFollowed) {
  Override force;
  force.side = Choice::kSecondary;
  force.since = kNoon;
  force.until = kNoon + absl::Minutes(30);
  Decision d = Decide({}, Health("HH"), {}, force, kNoon);
  EXPECT_EQ(d.choice, Choice::kSecondary);
  EXPECT_EQ(d.cause, Cause::kForced);
  EXPECT_EQ(d.by_health, Choice::kPrimary);
  EXPECT_EQ(d.decide_again, force.until);
  d = Decide(d.state, Health("HH"), {}, force, force.until - absl::Nanoseconds(1));
  EXPECT_EQ(d.cause, Cause::kForced);
  d = Decide(d.state, Health("HH"), {}, force, force.until);
  EXPECT_EQ(d.choice, Choice::kPrimary);
  EXPECT_EQ(d.cause, Cause::kPrimaryHealthy);
}

TEST(Forced, SideIsAnsweredEvenWhenItIsDeadOrDrained) {
  Override force;
  force.side = Choice::kPrimary;
  for (const char* health : {"UH", "dH", "DH"}) {
    const Decision d = Decide({}, Health(health), {}, force, kNoon);
    EXPECT_EQ(d.choice, Choice::kPrimary);
    EXPECT_EQ(d.cause, Cause::kForced);
    EXPECT_EQ(d.by_health, Choice::kSecondary);
    EXPECT_EQ(d.decide_again, absl::InfiniteFuture());
  }
}

TEST(Forced, HoldDownRunsOnBeneathAndItsEndIsDecidedToo) {
  const FailoverPolicy policy = Holding(absl::Seconds(10));
  Override force;
  force.side = Choice::kPrimary;
  force.until = After(30);
  Decision d = Decide(At(1), Health("HH", kNoon), policy, force, kNoon);
  EXPECT_EQ(d.cause, Cause::kForced);
  EXPECT_EQ(d.by_health, Choice::kSecondary);
  EXPECT_EQ(d.decide_again, After(10));
  EXPECT_EQ(Answer(d.state, Health("HH", kNoon), policy, After(4)).cause, Cause::kHoldDown);
  d = Decide(d.state, Health("HH", kNoon), policy, force, After(10));
  EXPECT_EQ(d.by_health, Choice::kPrimary);
  EXPECT_EQ(d.decide_again, force.until);
}

TEST(Cause, EveryOneHasAWordOfItsOwn) {
  std::vector<std::string_view> words;
  for (const Cause cause :
       {Cause::kPrimaryHealthy, Cause::kPrimaryUnhealthy, Cause::kAllDown, Cause::kHoldDown,
        Cause::kForced, Cause::kDrained, Cause::kDamped, Cause::kManualFailback}) {
    for (const std::string_view other : words) EXPECT_NE(WordOf(cause), other);
    words.push_back(WordOf(cause));
  }
}

}  // namespace
}  // namespace understudy::control
