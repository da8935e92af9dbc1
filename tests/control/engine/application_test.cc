// What is applied is served, and lasts; what cannot be published is taken back.
#include <sqlite3.h>

#include "tests/control/engine/application_fixture.h"

namespace understudy::control {
namespace {

TEST_F(ApplicationTest, APlanTellsWhatWouldChangeAndNothingDoes) {
  Begin();
  const std::string id = live().id;
  const Plan plan = PlanOf(Reading({.texts = TextsFor({.groups = 9}), .author = "ann"}));
  ASSERT_TRUE(plan.IsGood()) << plan.status;
  EXPECT_EQ(plan.base, id);
  EXPECT_NE(plan.id, id);
  EXPECT_EQ(plan.difference.groups.added, 1u);
  EXPECT_EQ(plan.difference.record_sets.added, 1u);
  EXPECT_EQ(plan.difference.health_checks.changed, 0u);
  EXPECT_EQ(plan.refusal, "");
  EXPECT_EQ(life_->engine().served().table_generation, 1u);
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(ApplicationTest, APlanOfTheLiveTextsIsOfTheSameId) {
  Begin();
  const Plan plan = PlanOf(Reading({.texts = TextsFor({})}));
  ASSERT_TRUE(plan.IsGood()) << plan.status;
  EXPECT_EQ(plan.id, plan.base);
  EXPECT_TRUE(plan.difference.empty());
}

TEST_F(ApplicationTest, AnApplyIsServedAndToldAndOutlivesARestartWithoutTheFile) {
  Begin();
  const Applied applied = Apply(OrderFor({.groups = 9}));
  ASSERT_TRUE(applied.plan.IsGood()) << applied.plan.status;
  ASSERT_TRUE(applied.result.errors.empty()) << applied.result.errors[0];
  EXPECT_EQ(life_->publisher().table()->generation(), applied.result.table_generation);
  EXPECT_EQ(life_->Published("g8"), Choice::kPrimary);
  const auto events = life_->Events(EventKind::kConfigurationApplied);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].author, "ann");
  EXPECT_EQ(events[0].subject, "new/site.yaml");
  EXPECT_EQ(events[0].detail, "groups +1 ~0 -0, record sets +1 ~0 -0");
  const std::string id = live().id;
  EXPECT_EQ(id, applied.plan.id);
  BeginWithoutFile();
  EXPECT_EQ(live().id, id);
  EXPECT_EQ(live().origin, Origin::kApplied);
  EXPECT_EQ(live().author, "ann");
  EXPECT_EQ(live().at, now_.wall);
  EXPECT_EQ(life_->Published("g8"), Choice::kPrimary);
}

TEST_F(ApplicationTest, WhatDidNotChangeGoesOnAnsweringWhereItStands) {
  Begin();
  life_->Probe("eu", false, 3);
  ASSERT_EQ(life_->Published("g0"), Choice::kSecondary);
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  EXPECT_EQ(life_->Published("g0"), Choice::kSecondary);
  EXPECT_EQ(life_->Published("g8"), Choice::kSecondary) << "its primary is known to be dead";
  EXPECT_EQ(life_->engine().standing().checks().at("eu").verdict.failures, 3u);
}

TEST_F(ApplicationTest, AZoneFileThatIsHandedInButNotUsedIsNotKept) {
  Begin();
  ApplyOrder order = OrderFor({.groups = 9});
  order.texts.zones["other.zone"] = "anything";
  ASSERT_TRUE(Apply(order).result.errors.empty());
  EXPECT_EQ(live().id, PackTexts(TextsFor({.groups = 9})).id);
  EXPECT_FALSE(live().zones.contains("other.zone"));
}

TEST_F(ApplicationTest, AnApplyThatIsOnDiskAndCannotBePublishedIsTakenBack) {
  Begin();
  const std::string id = live().id;
  life_->Probe("eu", false, 3);
  const Applied applied = ApplyUnpublished(OrderFor({.groups = 9}));
  EXPECT_TRUE(applied.plan.IsGood()) << "the disk took it: " << applied.plan.status;
  ASSERT_EQ(applied.result.errors.size(), 1u);
  EXPECT_EQ(life_->engine().standing().groups().size(), 8u);
  EXPECT_EQ(life_->Published("g0"), Choice::kSecondary);
  EXPECT_EQ(life_->Events(EventKind::kReloadFailed).size(), 1u);
  EXPECT_TRUE(life_->Events(EventKind::kConfigurationApplied).empty());
  life_->Probe("eu", true, 3);
  EXPECT_EQ(life_->Published("g0"), Choice::kPrimary) << "failover goes on";
  ExpectNothingChanged(id, Origin::kFile);
}

// A writer that keeps the state file to itself.
class HeldFile {
 public:
  explicit HeldFile(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~HeldFile() { sqlite3_close(handle_); }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

TEST_F(ApplicationTest, NobodyIsToldOfARefusalBeforeTheDiskKnows) {
  Begin();
  const std::string id = live().id;
  const std::optional<Applied>& applied = BeginToApplyUnpublished(OrderFor({.groups = 9}));
  {
    const HeldFile held(scratch_.path() + "/state/test.db");
    for (int i = 0; i < 20; ++i) {
      life_->io().restart();
      life_->io().run_for(std::chrono::milliseconds(5));
    }
    EXPECT_FALSE(applied.has_value()) << "a kill now would bring back what was refused";
    EXPECT_TRUE(life_->engine().reloading());
    life_->Probe("eu", false, 3);
    EXPECT_EQ(life_->Published("g0"), Choice::kSecondary) << "failover waits for no disk";
    life_->Probe("eu", true, 3);
  }
  life_->RunUntil([&] { return applied.has_value(); });
  ASSERT_EQ(applied->result.errors.size(), 1u);
  EXPECT_TRUE(applied->result.taken_back.ok()) << applied->result.taken_back;
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(ApplicationTest, ARefusalThatTheDiskDoesNotTakeIsToldAndMendedWhenItDoes) {
  Begin();
  const std::string id = live().id;
  const std::optional<Applied>& applied = BeginToApplyUnpublished(OrderFor({.groups = 9}));
  const std::string state = scratch_.path() + "/state";
  std::filesystem::rename(state, state + ".away");
  std::ofstream(state) << "in the way";
  life_->RunUntil([&] { return applied.has_value(); });
  ASSERT_EQ(applied->result.errors.size(), 2u);
  EXPECT_FALSE(applied->result.taken_back.ok());
  EXPECT_NE(applied->result.errors[1].find("a restart would serve what was handed in"),
            std::string::npos)
      << applied->result.errors[1];
  std::filesystem::remove(state);
  std::filesystem::rename(state + ".away", state);
  ExpectNothingChanged(id, Origin::kFile);
}

TEST_F(ApplicationTest, WhatIsTakenBackLeavesTheOneThatWasAppliedBefore) {
  Begin();
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  const std::string id = live().id;
  EXPECT_EQ(ApplyUnpublished(OrderFor({.groups = 10})).result.errors.size(), 1u);
  EXPECT_EQ(life_->Events(EventKind::kConfigurationApplied).size(), 1u);
  ExpectNothingChanged(id, Origin::kApplied);
}

TEST_F(ApplicationTest, AnApplyAfterOneThatWasTakenBackIsServed) {
  Begin();
  EXPECT_EQ(ApplyUnpublished(OrderFor({.groups = 9})).result.errors.size(), 1u);
  const Applied applied = Apply(OrderFor({.groups = 10}));
  ASSERT_TRUE(applied.result.errors.empty()) << applied.result.errors[0];
  EXPECT_EQ(life_->Published("g9"), Choice::kPrimary);
  ExpectNothingChanged(PackTexts(TextsFor({.groups = 10})).id, Origin::kApplied);
}

TEST_F(ApplicationTest, AReloadDoesNotUndoWhatWasApplied) {
  Begin();
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  const std::string id = live().id;
  const ReloadResult result = life_->Reload();
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_NE(result.errors[0].find("was applied"), std::string::npos) << result.errors[0];
  EXPECT_EQ(life_->loads(), 0);
  ExpectNothingChanged(id, Origin::kApplied);
}

TEST_F(ApplicationTest, ForgettingServesTheFileNowAndAfterARestart) {
  Begin();
  const std::string id = live().id;
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  ASSERT_TRUE(Forget().errors.empty());
  EXPECT_EQ(live().id, id);
  EXPECT_EQ(life_->engine().standing().groups().size(), 8u);
  const auto events = life_->Events(EventKind::kConfigurationForgotten);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].author, "ann");
  EXPECT_EQ(events[0].subject, File());
  Begin();
  EXPECT_EQ(live().origin, Origin::kFile);
}

TEST_F(ApplicationTest, WhatWasAppliedIsNotForgottenForAFileThatCannotBeServed) {
  Begin();
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  const std::string id = live().id;
  std::ofstream(File()) << "instance: test\nbroken: [";
  EXPECT_FALSE(Forget().errors.empty());
  ExpectNothingChanged(id, Origin::kApplied);
  BeginWithoutFile();
  const ReloadResult result = Forget();
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_NE(result.errors[0].find("without it"), std::string::npos) << result.errors[0];
  ExpectNothingChanged(id, Origin::kApplied);
}

TEST_F(ApplicationTest, WhatTheDiskCannotForgetGoesOnBeingServed) {
  Begin();
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  const std::string id = live().id;
  const std::string state = scratch_.path() + "/state";
  std::filesystem::rename(state, state + ".away");
  std::ofstream(state) << "in the way";
  const ReloadResult result = Forget();
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_NE(result.errors[0].find("nothing was changed"), std::string::npos) << result.errors[0];
  EXPECT_EQ(life_->engine().standing().groups().size(), 9u);
  life_.reset();
  std::filesystem::remove(state);
  std::filesystem::rename(state + ".away", state);
  Begin();
  EXPECT_EQ(live().id, id);
  EXPECT_EQ(live().origin, Origin::kApplied);
}

TEST_F(ApplicationTest, AFileThatCannotBePublishedLeavesWhatWasApplied) {
  Begin();
  ASSERT_TRUE(Apply(OrderFor({.groups = 9})).result.errors.empty());
  const std::string id = live().id;
  EXPECT_EQ(ServeFileUnpublished().errors.size(), 1u);
  ExpectNothingChanged(id, Origin::kApplied);
}

}  // namespace
}  // namespace understudy::control
