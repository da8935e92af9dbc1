#include "control/engine/engine.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>

#include "tests/control/engine/life.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

ConfigResult Bad() {
  ConfigResult result;
  for (int line : {3, 7}) {
    result.errors.push_back(
        {.file = "test.yaml", .line = line, .field = "health_checks.eu", .message = "is wrong"});
  }
  return result;
}

class EngineTest : public testing::Test {
 protected:
  void Begin(const DesiredState& site) {
    life_.reset();
    life_ = std::make_unique<Life>(scratch_.path(), site, &now_);
  }
  void Pass(absl::Duration duration) {
    now_.wall += duration;
    now_.steady += duration;
  }

  ScratchDirectory scratch_;
  Moment now_{.wall = absl::FromUnixSeconds(1'000'000), .steady = absl::FromUnixSeconds(50)};
  std::unique_ptr<Life> life_;
};

TEST_F(EngineTest, AFirstStartPublishesTheTableWithEveryGroupOnItsPrimary) {
  Begin(SiteWith({"app"}));
  EXPECT_EQ(life_->Published("app"), Choice::kPrimary);
  EXPECT_EQ(life_->Events(EventKind::kTablePublished).size(), 1u);
}

TEST_F(EngineTest, ADeadPrimaryFailsOverInSharedMemoryAndReturns) {
  Begin(SiteWith({"app"}));
  life_->Probe("eu", false, 3);
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
  const auto events = life_->Events(EventKind::kGroupChanged);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].selection, life_->publisher().selection_generation());
  EXPECT_NE(events[0].detail.find("connection refused"), std::string::npos);
  life_->Probe("eu", true, 3);
  EXPECT_EQ(life_->Published("app"), Choice::kPrimary);
}

TEST_F(EngineTest, WhatIsReadyTogetherGoesOutAsOneSelection) {
  DesiredState site = SiteWith({"a", "b"});
  site.health_checks["eu2"] = CheckOf("eu2");
  site.groups[1].tiers[0].check = "eu2";
  Begin(site);
  const uint64_t before = life_->publisher().selection_generation();
  boost::asio::post(life_->io(), [&] {
    for (const char* check : {"eu", "eu2"}) {
      for (int i = 0; i < 3; ++i) {
        life_->engine().Take(*life_->engine().standing().checks().at(check).definition,
                             {.success = false, .reason = "refused", .started = now_.wall});
      }
    }
  });
  life_->RunReady();
  EXPECT_EQ(life_->Published("a"), Choice::kSecondary);
  EXPECT_EQ(life_->Published("b"), Choice::kSecondary);
  EXPECT_EQ(life_->publisher().selection_generation(), before + 1);
}

TEST_F(EngineTest, AForceIsPublishedAtOnceAndAcknowledgedWhenItIsOnDisk) {
  Begin(SiteWith({"app"}));
  std::optional<absl::Status> durable;
  life_->Force("app", absl::Minutes(30), [&](const absl::Status& status) { durable = status; });
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary) << "before the disk was asked";
  life_->RunUntil([&] { return durable.has_value(); });
  EXPECT_TRUE(durable->ok());
  ASSERT_EQ(life_->Events(EventKind::kForced).size(), 1u);
  Begin(SiteWith({"app"}));
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
  EXPECT_EQ(life_->engine().standing().groups().at("app").forced->author, "ann");
}

TEST_F(EngineTest, AnOverrideExpiresByItself) {
  Begin(SiteWith({"app"}));
  life_->Force("app", absl::Seconds(30), nullptr);
  Pass(absl::Seconds(31));
  life_->RunUntil([&] { return !life_->Events(EventKind::kOverrideExpired).empty(); });
  EXPECT_EQ(life_->Published("app"), Choice::kPrimary);
}

TEST_F(EngineTest, AReleaseGivesTheGroupBackToHealth) {
  Begin(SiteWith({"app"}));
  life_->Force("app", absl::InfiniteDuration(), nullptr);
  ASSERT_TRUE(life_->Release("app").ok());
  EXPECT_EQ(life_->Published("app"), Choice::kPrimary);
  EXPECT_TRUE(absl::IsFailedPrecondition(life_->Release("app")));
}

TEST_F(EngineTest, ARestartChangesNoChoice) {
  Begin(SiteWith({"app", "shop"}));
  life_->Probe("eu", false, 3);
  Begin(SiteWith({"app", "shop"}));
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
  EXPECT_TRUE(life_->Events(EventKind::kGroupChanged).size() == 2) << "those of the first life";
}

TEST_F(EngineTest, ARestartWithoutAStateFileChangesNoChoiceEither) {
  Begin(SiteWith({"app"}));
  life_->Probe("eu", false, 3);
  life_.reset();
  std::filesystem::remove_all(scratch_.path() + "/state");
  Begin(SiteWith({"app"}));
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
  life_->Probe("eu", true, 3);
  EXPECT_EQ(life_->Published("app"), Choice::kPrimary);
}

TEST_F(EngineTest, ARestartWithoutSharedMemoryGoesOnFromTheStateFile) {
  Begin(SiteWith({"app"}));
  life_->Probe("eu", false, 3);
  life_.reset();
  std::filesystem::remove_all(scratch_.path() + "/test");
  Begin(SiteWith({"app"}));
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
}

TEST_F(EngineTest, AReloadServesTheNewConfigurationAndKeepsVerdicts) {
  Begin(SiteWith({"app"}));
  life_->Probe("eu", false, 3);
  const ReloadResult result = life_->Reload(Good(SiteWith({"app", "shop"})));
  EXPECT_TRUE(result.errors.empty());
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
  EXPECT_EQ(life_->Published("shop"), Choice::kSecondary) << "its primary is known to be dead";
  EXPECT_EQ(life_->publisher().table()->generation(), result.table_generation);
}

// Whoever still answers from the table before it goes on by the places of that table.
TEST_F(EngineTest, AReloadThatMovesAForcedSidePublishesEachTableByItsOwnPlaces) {
  DesiredState site = SiteWith({"app"});
  const auto add_side = [&site](const std::string& name, const std::string& address) {
    site.groups[0].tiers.push_back({.name = name, .check = std::nullopt, .labels = {}});
    site.groups[0].records[0].sides.push_back(SideOf("A", {address}));
  };
  add_side("sorry", "203.0.113.1");
  Begin(site);
  life_->Force("app", absl::InfiniteDuration(), nullptr, 2);
  ASSERT_EQ(life_->Published("app"), ChoiceOf(2));
  contract::Refusal refusal = contract::Refusal::kNone;
  std::string error;
  const auto before = contract::Table::Open(
      life_->paths().table(life_->engine().served().table_generation), &refusal, &error);
  ASSERT_TRUE(before) << error;
  site.groups[0].tiers[2].name = "extra";
  add_side("sorry", "203.0.113.1");
  ASSERT_TRUE(life_->Reload(Good(site)).errors.empty());
  EXPECT_EQ(life_->Published("app"), ChoiceOf(3));
  uint64_t live = 0;
  EXPECT_EQ(contract::SnapshotChoices(*before, &live).at(1), ChoiceOf(2));
}

TEST_F(EngineTest, ABadReloadChangesNothingAndTellsEveryError) {
  Begin(SiteWith({"app"}));
  const uint64_t table = life_->publisher().table()->generation();
  const ReloadResult result = life_->Reload(Bad());
  ASSERT_EQ(result.errors.size(), 2u);
  EXPECT_NE(result.errors[0].find("test.yaml:3"), std::string::npos);
  EXPECT_EQ(life_->publisher().table()->generation(), table);
  EXPECT_EQ(life_->engine().standing().groups().size(), 1u);
  ASSERT_EQ(life_->Events(EventKind::kReloadFailed).size(), 1u);
  life_->Probe("eu", false, 3);
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary) << "failover goes on";
}

TEST_F(EngineTest, AReloadWhoseTableCannotBeBuiltChangesNothing) {
  Begin(SiteWith({"app"}));
  DesiredState twice = SiteWith({"app", "shop"});
  twice.zones[0].records.push_back(twice.zones[0].records[2]);
  EXPECT_EQ(life_->Reload(Good(twice)).errors.size(), 1u);
  EXPECT_EQ(life_->engine().standing().groups().size(), 1u);
}

TEST_F(EngineTest, AReloadMayNotChangeTheInstance) {
  Begin(SiteWith({"app"}));
  DesiredState other = SiteWith({"app"});
  other.instance = "other";
  const ReloadResult result = life_->Reload(Good(other));
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_NE(result.errors[0].find("restart"), std::string::npos);
}

TEST_F(EngineTest, ReloadsAskedForDuringAReloadBecomeOne) {
  Begin(SiteWith({"app"}));
  std::vector<uint64_t> tables;
  for (int i = 0; i < 3; ++i) {
    life_->engine().Reload(
        [&](const ReloadResult& result) { tables.push_back(result.table_generation); });
  }
  life_->RunUntil([&] { return tables.size() == 3; });
  EXPECT_EQ(life_->loads(), 2) << "one under way, and one for all who asked meanwhile";
  EXPECT_LT(tables[0], tables[1]);
  EXPECT_EQ(tables[1], tables[2]);
}

TEST_F(EngineTest, TheHeartIsBeatenWhileTheLoopRuns) {
  Begin(SiteWith({"app"}));
  std::string error;
  const auto root = contract::RootReader::Open(*contract::PathsOf(scratch_.path(), "test"), &error);
  const uint64_t before = (*root)->heartbeat_ns.load();
  life_->RunUntil([&] { return (*root)->heartbeat_ns.load() > before; });
}

TEST_F(EngineTest, AnExceptionInAHandlerDoesNotEndTheLoop) {
  boost::asio::io_context io;
  bool reached = false;
  boost::asio::post(io, [] { throw std::runtime_error("a defect"); });
  boost::asio::post(io, [&] { reached = true; });
  RunLoop(io);
  EXPECT_TRUE(reached);
}

TEST_F(EngineTest, AStateThatIsNotDurableIsAnEventAndServiceGoesOn) {
  std::ofstream(scratch_.path() + "/state") << "in the way";
  Begin(SiteWith({"app"}));
  life_->RunUntil([&] { return !life_->Events(EventKind::kStateTrouble).empty(); });
  std::optional<absl::Status> durable;
  life_->Force("app", absl::InfiniteDuration(),
               [&](const absl::Status& status) { durable = status; });
  EXPECT_EQ(life_->Published("app"), Choice::kSecondary);
  life_->RunUntil([&] { return durable.has_value(); });
  EXPECT_FALSE(durable->ok()) << "the operator is told";
}

}  // namespace
}  // namespace understudy::control
