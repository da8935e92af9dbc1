// What the dataplane counted by group and side, as control adds it up over tables and lives.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "control/publication/publisher.h"
#include "tests/control/desired_site.h"
#include "tests/control/publication/dataplane.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

class AnswerCountsTest : public testing::Test {
 protected:
  AnswerCountsTest() : paths_(*contract::PathsOf(scratch_.path(), "test")) {
    publisher_ = *Publisher::Open(paths_, contract::StalePolicy::kFrozen);
    dataplane_.emplace(paths_);
  }

  void Publish(const std::vector<std::string>& groups) {
    generation_ = *publisher_->WriteTable(SiteWith(groups), nullptr);
    ASSERT_TRUE(publisher_->PublishTable(generation_, {}).ok());
  }
  // The dataplane takes the table over, with counts of it.
  void Adopt() {
    const auto before = std::exchange(counts_, std::nullopt);
    MakeCounts(dataplane_->report());
    dataplane_->Adopt(generation_);
  }
  void MakeCounts(const contract::ReportWriter& report) {
    std::string error;
    auto made = contract::GroupCountsWriter::Create(paths_, report->started_ns.load(),
                                                    *publisher_->table(), 1, &error);
    ASSERT_TRUE(made) << error;
    counts_.emplace(*std::move(made));
  }
  // Another dataplane shows its report, with counts of its own, in the place of the running one.
  contract::ReportWriter StartTakeOver() {
    contract::ReportWriter::Keep(paths_);
    std::string error;
    auto report = contract::ReportWriter::Create(paths_, &error);
    EXPECT_TRUE(report) << error;
    running_counts_.emplace(*std::move(counts_));
    counts_.reset();
    MakeCounts(*report);
    (*report)->table_generation = generation_;
    return *std::move(report);
  }
  void FailTakeOver() {
    dataplane_->report().Restore(paths_);
    counts_.reset();
    counts_.emplace(*std::move(running_counts_));
    running_counts_.reset();
  }
  void Count(const std::string& group, uint8_t choice, int times) {
    const contract::Table& table = *publisher_->table();
    for (uint32_t i = 1; i < table.header().group_count; ++i) {
      if (table.GroupName(i) != group) continue;
      for (; times > 0; --times) counts_->RowOf(0).Add(i, choice);
    }
    ASSERT_EQ(times, 0) << "no group " << group;
  }
  std::vector<uint64_t> Sides(const std::string& group) {
    publisher_->Tend();
    return publisher_->AnswersOf(group).sides;
  }

  using Counts = std::vector<uint64_t>;

  ScratchDirectory scratch_;
  contract::InstancePaths paths_;
  std::unique_ptr<Publisher> publisher_;
  std::optional<Dataplane> dataplane_;
  std::optional<contract::GroupCountsWriter> counts_;
  std::optional<contract::GroupCountsWriter> running_counts_;  // while another one takes over
  uint64_t generation_ = 0;
};

TEST_F(AnswerCountsTest, NothingIsCountedBeforeADataplaneAnswers) {
  Publish({"app"});
  EXPECT_EQ(Sides("app"), Counts());
}

TEST_F(AnswerCountsTest, WhatWorkersCountIsToldBySide) {
  Publish({"app", "shop"});
  Adopt();
  Count("app", 0, 3);
  Count("shop", 1, 2);
  Count("shop", static_cast<uint8_t>(Choice::kServfail), 1);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  EXPECT_EQ(Sides("shop"), (Counts{0, 2}));
  EXPECT_EQ(publisher_->AnswersOf("shop").instead, 1U);
  EXPECT_EQ(Sides("nobody"), Counts());
}

TEST_F(AnswerCountsTest, AnotherTableGoesOnWhereTheLastOneEnded) {
  Publish({"app", "shop"});
  Adopt();
  Count("app", 0, 3);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  Publish({"zoo", "app"});
  Adopt();
  Count("app", 1, 1);  // under another index
  EXPECT_EQ(Sides("app"), (Counts{3, 1}));
  EXPECT_EQ(Sides("app"), (Counts{3, 1})) << "and is added once";
  EXPECT_EQ(Sides("zoo"), (Counts{0, 0}));
}

TEST_F(AnswerCountsTest, AGroupThatIsRemovedIsForgotten) {
  Publish({"app", "shop"});
  Adopt();
  Count("shop", 0, 3);
  EXPECT_EQ(Sides("shop"), (Counts{3, 0}));
  Publish({"app"});
  Adopt();
  EXPECT_EQ(Sides("shop"), Counts());
}

TEST_F(AnswerCountsTest, ARestartedDataplaneCountsFromZeroAndTheTotalGoesOn) {
  Publish({"app"});
  Adopt();
  Count("app", 0, 3);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  dataplane_.reset();
  dataplane_.emplace(paths_);
  Adopt();
  Count("app", 0, 1);
  EXPECT_EQ(Sides("app"), (Counts{4, 0}));
}

TEST_F(AnswerCountsTest, ATakeOverGoesOnWhereTheLastOneEnded) {
  Publish({"app"});
  Adopt();
  Count("app", 0, 3);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  const contract::ReportWriter next = StartTakeOver();
  Count("app", 0, 1);
  EXPECT_EQ(Sides("app"), (Counts{4, 0}));
  contract::ReportWriter::Forget(paths_);
  running_counts_.reset();
  Count("app", 0, 1);
  EXPECT_EQ(Sides("app"), (Counts{5, 0}));
  EXPECT_EQ(Sides("app"), (Counts{5, 0})) << "and is added once";
}

TEST_F(AnswerCountsTest, ATakeOverThatFailsLosesNoCountAndAddsNoneTwice) {
  Publish({"app"});
  Adopt();
  Count("app", 0, 3);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  for (uint64_t seen = 3; seen < 9; seen += 2) {
    const contract::ReportWriter next = StartTakeOver();
    Count("app", 0, 1);
    EXPECT_EQ(Sides("app"), (Counts{seen + 1, 0}));
    FailTakeOver();
    EXPECT_EQ(Sides("app"), (Counts{seen + 1, 0}));
    Count("app", 0, 1);
    EXPECT_EQ(Sides("app"), (Counts{seen + 2, 0}));
  }
}

TEST_F(AnswerCountsTest, ATakeOverThatNobodySawChangesNothing) {
  Publish({"app"});
  Adopt();
  Count("app", 0, 3);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  StartTakeOver();
  FailTakeOver();
  Count("app", 0, 1);
  EXPECT_EQ(Sides("app"), (Counts{4, 0}));
}

TEST_F(AnswerCountsTest, WhatADeadDataplaneCountedInATableThatIsLetGoOfIsKept) {
  Publish({"app"});
  Adopt();
  Count("app", 0, 3);
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  dataplane_.reset();
  Publish({"app", "shop"});
  EXPECT_EQ(Sides("app"), (Counts{3, 0}));
  EXPECT_EQ(Sides("app"), (Counts{3, 0})) << "and is added once";
}

TEST_F(AnswerCountsTest, ARestartedControlBeginsAtWhatTheTableHasCounted) {
  Publish({"app"});
  Adopt();
  Count("app", 1, 5);
  publisher_.reset();
  publisher_ = *Publisher::Open(paths_, contract::StalePolicy::kFrozen);
  EXPECT_EQ(Sides("app"), (Counts{0, 5}));
}

}  // namespace
}  // namespace understudy::control
