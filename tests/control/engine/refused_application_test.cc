// What is refused changes nothing, neither now nor after a restart.
#include <new>

#include "tests/control/engine/application_fixture.h"

namespace understudy::control {
namespace {

using RefusedApplicationTest = ApplicationTest;

TEST_F(RefusedApplicationTest, AnApplyWithoutAPlanIsRefused) {
  Begin();
  const std::string id = live().id;
  ApplyOrder order = OrderFor({.groups = 9});
  order.base = "";
  const Applied applied = Apply(order);
  EXPECT_TRUE(absl::IsInvalidArgument(applied.plan.status)) << applied.plan.status;
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(RefusedApplicationTest, AnApplyOfAPlanThatWasMadeAgainstSomethingElseIsRefused) {
  Begin();
  const std::string id = live().id;
  ApplyOrder order = OrderFor({.groups = 9});
  order.base = std::string(64, '0');
  EXPECT_TRUE(absl::IsFailedPrecondition(Apply(order).plan.status));
  ExpectNothingChanged(id, Origin::kFile);
}

// Both are compared with what is live before either of them is served.
TEST_F(RefusedApplicationTest, OfTwoAppliesAtOnceTheSecondIsToldThatItCameTooLate) {
  Begin();
  std::vector<Applied> applied;
  for (const size_t groups : {9, 10}) {
    control::Apply(life_->engine(), Reading(OrderFor({.groups = groups})),
                   [&](const Applied& done) { applied.push_back(done); });
  }
  life_->RunUntil([&] { return applied.size() == 2; });
  EXPECT_TRUE(applied[0].plan.IsGood()) << applied[0].plan.status;
  EXPECT_TRUE(applied[0].result.errors.empty());
  EXPECT_TRUE(absl::IsFailedPrecondition(applied[1].plan.status)) << applied[1].plan.status;
  EXPECT_EQ(life_->Events(EventKind::kConfigurationApplied).size(), 1u);
  ExpectNothingChanged(PackTexts(TextsFor({.groups = 9})).id, Origin::kApplied);
}

TEST_F(RefusedApplicationTest, MoreThanTheShareIsNotRemovedAndWithALargerShareItIs) {
  Begin();
  const std::string id = live().id;
  ApplyOrder order = OrderFor({.groups = 4});
  Applied applied = Apply(order);
  EXPECT_TRUE(applied.plan.IsGood());
  EXPECT_EQ(
      applied.plan.refusal,
      "this removes 4 of 8 failover groups, 4 of 10 record sets, and 25% is the most allowed");
  EXPECT_EQ(applied.result.table_generation, 0u);
  EXPECT_EQ(live().id, id);
  EXPECT_EQ(life_->engine().standing().groups().size(), 8u);
  order.max_removed_percent = 50;
  applied = Apply(order);
  EXPECT_EQ(applied.plan.refusal, "");
  EXPECT_EQ(life_->engine().standing().groups().size(), 4u);
}

TEST_F(RefusedApplicationTest, ZoneFilesThatAreMissingAreAskedForBeforeAnythingElseIsSaid) {
  Begin();
  const std::string id = live().id;
  ApplyOrder order = OrderFor({});
  order.texts.zones.clear();
  order.texts.yaml += "stale_policy: never\n";
  const Plan plan = PlanOf(Reading(order));
  EXPECT_FALSE(plan.IsGood());
  EXPECT_EQ(plan.needs, std::vector<std::string>{"example.com.zone"});
  EXPECT_TRUE(plan.errors.empty());
  EXPECT_FALSE(Apply(order).plan.needs.empty());
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(RefusedApplicationTest, EveryErrorIsToldWithItsPlaceAndNothingChanges) {
  Begin();
  const std::string id = live().id;
  ApplyOrder order = OrderFor({.zone_records = "bad A 192.0.2.300\n"});
  order.texts.yaml += "stale_policy: never\n";
  const Applied applied = Apply(order);
  ASSERT_EQ(applied.plan.errors.size(), 2u);
  EXPECT_TRUE(applied.plan.errors[0].starts_with("new/site.yaml:")) << applied.plan.errors[0];
  EXPECT_TRUE(applied.plan.errors[1].starts_with("new/example.com.zone:4:"))
      << applied.plan.errors[1];
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(RefusedApplicationTest, TheConfigurationOfAnotherInstanceIsAnError) {
  Begin();
  const std::string id = live().id;
  const Applied applied = Apply(OrderFor({.instance = "other"}));
  ASSERT_EQ(applied.plan.errors.size(), 1u);
  EXPECT_NE(applied.plan.errors[0].find("'other'"), std::string::npos);
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(RefusedApplicationTest, ARequestThatCannotBeReadIsToldAndOneThatNeedsTooMuchMemoryToo) {
  Begin();
  const std::string id = live().id;
  EXPECT_TRUE(absl::IsInvalidArgument(PlanOf([]() -> absl::StatusOr<ApplyOrder> {
                                        return absl::InvalidArgumentError("yaml: is not a string");
                                      }).status));
  EXPECT_TRUE(absl::IsResourceExhausted(
      PlanOf([]() -> absl::StatusOr<ApplyOrder> { throw std::bad_alloc(); }).status));
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(RefusedApplicationTest, WithoutTheLiveTextsNothingIsApplied) {
  life_ = std::make_unique<Life>(scratch_.path(), SiteWith({"app"}), &now_);
  ASSERT_EQ(life_->engine().served().configuration, nullptr);
  const Applied applied = Apply({.texts = TextsFor({}), .base = "x", .author = "ann"});
  EXPECT_TRUE(absl::IsUnavailable(applied.plan.status)) << applied.plan.status;
  EXPECT_EQ(life_->Published("app"), Choice::kPrimary);
}

TEST_F(RefusedApplicationTest, WhatTheDiskDoesNotKeepIsNeitherServedNorLeftInSharedMemory) {
  std::ofstream(scratch_.path() + "/state") << "in the way";
  Begin();
  const std::string id = live().id;
  const std::set<std::string> tables = Tables();
  const Applied applied = Apply(OrderFor({.groups = 9}));
  EXPECT_TRUE(absl::IsUnavailable(applied.plan.status)) << applied.plan.status;
  EXPECT_NE(applied.plan.status.message().find("nothing was changed"), std::string::npos);
  EXPECT_FALSE(applied.result.errors.empty());
  EXPECT_EQ(Tables(), tables);
  EXPECT_EQ(life_->engine().standing().groups().size(), 8u);
  EXPECT_TRUE(life_->Events(EventKind::kConfigurationApplied).empty());
  life_.reset();
  std::filesystem::remove(scratch_.path() + "/state");
  Begin();
  EXPECT_EQ(live().id, id);
}

}  // namespace
}  // namespace understudy::control
