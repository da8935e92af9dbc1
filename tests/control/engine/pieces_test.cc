// Very many groups at once: one selection, one transaction, and no turn of the loop that holds more
// than one piece.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/engine/piecework.h"
#include "tests/control/engine/life.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

constexpr size_t kGroups = 2 * kWorkPiece + kWorkPiece / 2;
// Beside a piece, a turn may record what is not of that order.
constexpr size_t kSomeEvents = 10;

class PiecesTest : public testing::Test {
 protected:
  PiecesTest() {
    for (size_t i = 0; i < kGroups; ++i) names_.push_back(absl::StrCat("group-", 10'000 + i));
    site_ = SiteWith(names_);
    site_.health_checks["eu2"] = CheckOf("eu2");
    site_.groups.back().tiers[0].check = "eu2";
    Begin();
  }

  void Begin() {
    life_.reset();
    in_effect_.reset();
    durable_.reset();
    life_ = std::make_unique<Life>(scratch_.path(), site_, &now_);
    life_->RunUntil([this] { return engine().work().idle() && !engine().reloading(); });
    events_ = engine().events().last_id();
    selection_ = life_->publisher().selection_generation();
  }
  Engine& engine() { return life_->engine(); }

  // One turn of the loop, which is held for at most one piece.
  void RunTurn() {
    const uint64_t before = engine().events().last_id();
    life_->io().restart();
    life_->io().run_one_for(std::chrono::milliseconds(50));
    EXPECT_LE(engine().events().last_id() - before, kWorkPiece + kSomeEvents);
  }
  // The turns that it took.
  int RunTurnsUntil(const std::optional<absl::Status>& status) {
    int turns = 0;
    for (; !status && turns < 10'000; ++turns) RunTurn();
    EXPECT_TRUE(status.has_value() && status->ok());
    return turns;
  }
  void Drain() {
    Engine::OverrideOrder order;
    order.kind = OverrideKind::kDrain;
    order.reason = "drill";
    order.author = "ann";
    for (const auto& [name, group] : engine().standing().groups()) {
      order.targets.push_back({&group, 0});
    }
    engine().SetOverride(std::move(order), Told(in_effect_), Told(durable_));
  }
  std::vector<const GroupStanding*> AllGroups() {
    std::vector<const GroupStanding*> groups;
    for (const auto& [name, group] : engine().standing().groups()) groups.push_back(&group);
    return groups;
  }
  void Release() {
    in_effect_.reset();
    durable_.reset();
    engine().Release(AllGroups(), "", {.reason = "", .author = "ann"}, Told(in_effect_),
                     Told(durable_));
  }
  std::function<void(const absl::Status&)> Told(std::optional<absl::Status>& where) {
    return [&where](const absl::Status& status) { where = status; };
  }
  void Fail(const std::string& check) {
    for (int i = 0; i < 3; ++i) {
      engine().Take(*engine().standing().checks().at(check).definition,
                    {.success = false, .reason = "refused", .started = now_.wall});
    }
  }

  size_t AnsweredBy(Choice choice) {
    uint64_t live = 0;
    const auto choices = contract::SnapshotChoices(*life_->publisher().table(), &live);
    return static_cast<size_t>(std::count(choices.begin() + 1, choices.end(), choice));
  }
  size_t Overridden() {
    return static_cast<size_t>(std::ranges::count_if(
        engine().standing().groups(), [](const auto& group) { return group.second.overridden(); }));
  }

  ScratchDirectory scratch_;
  Moment now_{.wall = absl::FromUnixSeconds(1'000'000), .steady = absl::FromUnixSeconds(50)};
  std::vector<std::string> names_;
  DesiredState site_;
  std::unique_ptr<Life> life_;
  uint64_t events_ = 0;
  uint64_t selection_ = 0;
  std::optional<absl::Status> in_effect_;
  std::optional<absl::Status> durable_;
};

TEST_F(PiecesTest, AnOrderIsLaidOverTheGroupsInPiecesAndPublishedAsOne) {
  Drain();
  while (!in_effect_) {
    EXPECT_EQ(AnsweredBy(Choice::kSecondary), 0u) << "all or nothing";
    RunTurn();
  }
  EXPECT_EQ(AnsweredBy(Choice::kSecondary), kGroups);
  EXPECT_EQ(life_->publisher().selection_generation(), selection_ + 1);
  EXPECT_GE(RunTurnsUntil(durable_), 2) << "rows and events are made in pieces too";
  EXPECT_EQ(engine().events().last_id() - events_, 2 * kGroups) << "drained, and changed side";
  Begin();
  EXPECT_EQ(Overridden(), kGroups) << "what was acknowledged is on disk";
  Release();
  RunTurnsUntil(durable_);
  EXPECT_EQ(AnsweredBy(Choice::kPrimary), kGroups);
  Begin();
  EXPECT_EQ(Overridden(), 0u);
}

TEST_F(PiecesTest, WhatDiesInTheMiddleOfAnOrderFindsNothingOfIt) {
  Drain();
  Fail("eu2");
  for (int turn = 0; turn < 2; ++turn) RunTurn();
  ASSERT_FALSE(in_effect_.has_value()) << "it shall be in the middle";
  ASSERT_GT(Overridden(), 0u);
  EXPECT_EQ(AnsweredBy(Choice::kSecondary), 1u) << "failover waits for no order";
  Begin();
  EXPECT_EQ(Overridden(), 0u);
  EXPECT_EQ(AnsweredBy(Choice::kSecondary), 1u) << "a restart changes no answer";
}

TEST_F(PiecesTest, WhatFailsMeanwhileIsPublishedAtOnceAndStays) {
  Drain();
  Fail("us");
  RunTurnsUntil(durable_);
  EXPECT_EQ(AnsweredBy(Choice::kPrimary), kGroups) << "drained, but the other side is dead";
  EXPECT_EQ(Overridden(), kGroups);
}

TEST_F(PiecesTest, AReloadWaitsUntilAnOrderIsThrough) {
  const uint64_t table = engine().served().table_generation;
  Drain();
  std::optional<absl::Status> reloaded;
  engine().Reload([&](const ReloadResult& result) {
    EXPECT_TRUE(in_effect_.has_value());
    reloaded = result.errors.empty() ? absl::OkStatus() : absl::UnknownError(result.errors[0]);
  });
  life_->LetTheReloaderWork();
  while (!in_effect_) {
    EXPECT_EQ(engine().served().table_generation, table);
    RunTurn();
  }
  life_->RunUntil([&] { return reloaded.has_value(); });
  EXPECT_TRUE(reloaded->ok()) << *reloaded;
  EXPECT_EQ(AnsweredBy(Choice::kSecondary), kGroups);
}

TEST_F(PiecesTest, OrdersFollowEachOther) {
  Drain();
  std::optional<absl::Status> in_effect, durable;
  engine().Release(AllGroups(), "", {.reason = "", .author = "ann"}, Told(in_effect),
                   Told(durable));
  RunTurnsUntil(durable);
  EXPECT_TRUE(durable_.has_value());
  EXPECT_EQ(AnsweredBy(Choice::kPrimary), kGroups);
  Begin();
  EXPECT_EQ(Overridden(), 0u);
}

TEST_F(PiecesTest, ACheckOfVeryManyGroupsMovesThemAtOnceAndIsToldInPieces) {
  Fail("eu");
  RunTurn();
  EXPECT_EQ(AnsweredBy(Choice::kSecondary), kGroups - 1);
  EXPECT_EQ(life_->publisher().selection_generation(), selection_ + 1);
  while (!engine().work().idle()) RunTurn();
  EXPECT_EQ(engine().events().last_id() - events_, kGroups) << "the check, and every group";
}

TEST(PieceworkTest, JobsFollowEachOtherAndWhatOneAsksForComesBeforeTheNext) {
  boost::asio::io_context io;
  Piecework work(io);
  std::string done;
  work.Do([&, left = 2]() mutable {
    done += 'a';
    work.Do([&] { return done += 'b', false; });
    return --left > 0;
  });
  EXPECT_EQ(done, "a") << "one piece at once";
  work.Do([&] { return done += 'c', false; });
  work.WhenIdle([&] { done += 'd'; });
  io.run();
  EXPECT_EQ(done, "aabbcd");
  EXPECT_TRUE(work.idle());
}

TEST(PieceworkTest, WhatFitsIntoOnePieceIsDoneAtOnce) {
  boost::asio::io_context io;
  Piecework work(io);
  std::string done;
  work.Do([&] {
    work.Do([&] { return done += 'b', false; });
    return done += 'a', false;
  });
  work.WhenIdle([&] { done += 'c'; });
  EXPECT_EQ(done, "abc");
}

TEST(PieceworkTest, AJobThatFailsEndsAloneAndTheNextGoesOn) {
  boost::asio::io_context io;
  Piecework work(io);
  int done = 0;
  work.Do([&] { return ++done < 2; });
  work.Do([]() -> bool { throw std::runtime_error("no memory"); });
  work.Do([&] { return ++done, false; });
  EXPECT_THROW(io.run(), std::runtime_error);
  io.restart();
  io.run();
  EXPECT_EQ(done, 3);
}

TEST(PieceworkTest, WhatIsLeftIsFinishedWithoutTheLoop) {
  boost::asio::io_context io;
  Piecework work(io);
  int pieces = 0;
  work.Do([&] { return ++pieces < 5; });
  work.Finish();
  EXPECT_EQ(pieces, 5);
}

}  // namespace
}  // namespace understudy::control
