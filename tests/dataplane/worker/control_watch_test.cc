#include "dataplane/worker/control_watch.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "dataplane/worker/table_reader.h"
#include "tests/dataplane/serving_fixture.h"

namespace understudy::worker {
namespace {

using contract::kHeartbeatIntervalNs;
using contract::Refusal;
using test::Eventually;

constexpr uint64_t kMs = 1'000'000;

class ControlWatchTest : public testing::Test {
 protected:
  ControlWatchTest() { NewRoot(); }

  void NewRoot() {
    std::string error;
    root_ = contract::RootWriter::Open(serving_.paths, &error);
    ASSERT_TRUE(root_) << error;
  }
  void Write(uint64_t generation, const std::string& path = "") {
    test::TableBuilder builder;
    builder.Zone("example.com");
    builder.Write(path.empty() ? serving_.paths.table(generation) : path, generation, {},
                  generation);
  }
  void Point(uint64_t generation) { (*root_)->table_generation.store(generation); }
  void Publish(uint64_t generation) {
    Write(generation);
    Point(generation);
  }
  void BeatAt(uint64_t ns) { (*root_)->heartbeat_ns.store(ns); }
  // Lets the watch work at the time it is until the condition holds.
  template <typename Condition>
  bool TickUntil(Condition condition) {
    return Eventually([&] {
      watch_.Tick(now_ns_);
      return condition();
    });
  }
  uint64_t adopted() const { return serving_.report->table_generation.load(); }
  uint64_t refused() const { return serving_.report->refused_count.load(); }
  std::string Counts(uint64_t generation) const {
    return serving_.paths.counts(serving_.report->started_ns.load(), generation);
  }
  const AdoptedTable* current() const { return serving_.swap.current(); }

  test::Serving serving_;
  std::optional<contract::RootWriter> root_;
  std::vector<std::string> log_;
  uint64_t now_ns_ = 1'000'000 * kMs;
  ControlWatch watch_{serving_.paths, serving_.swap, serving_.report, 2,
                      [this](const std::string& line) { log_.push_back(line); }};
};

TEST_F(ControlWatchTest, TheCurrentTableIsThereWhenStartReturns) {
  Publish(5);
  watch_.Start(now_ns_);
  EXPECT_EQ(adopted(), 5U);
  ASSERT_NE(current(), nullptr);
  EXPECT_EQ(current()->table->generation(), 5U);
}

TEST_F(ControlWatchTest, AnswersAreCountedByTableUntilItIsLeft) {
  Publish(1);
  watch_.Start(now_ns_);
  ASSERT_TRUE(current()->counts);
  EXPECT_TRUE(std::filesystem::exists(Counts(1)));
  Publish(2);
  EXPECT_TRUE(TickUntil([&] { return serving_.report->retired_generation.load() == 1; }));
  EXPECT_FALSE(std::filesystem::exists(Counts(1)));
  EXPECT_TRUE(std::filesystem::exists(Counts(2)));
}

TEST_F(ControlWatchTest, ATableIsAdoptedAlsoWhereItsAnswersCannotBeCounted) {
  std::filesystem::create_directory(Counts(1) + ".tmp");
  std::filesystem::create_directory(Counts(1) + ".tmp/full");
  Publish(1);
  watch_.Start(now_ns_);
  EXPECT_EQ(adopted(), 1U);
  EXPECT_FALSE(current()->counts);
  EXPECT_NE(log_.at(log_.size() - 2).find("not counted by group"), std::string::npos);
}

TEST_F(ControlWatchTest, ANewGenerationIsAdoptedAndTheOldOneRetired) {
  Publish(1);
  watch_.Start(now_ns_);
  Publish(2);
  EXPECT_TRUE(TickUntil([&] { return adopted() == 2; }));
  EXPECT_TRUE(TickUntil([&] { return serving_.report->retired_generation.load() == 1; }));
  EXPECT_EQ(serving_.report->adopted_count.load(), 2U);
}

TEST_F(ControlWatchTest, ADamagedTableIsRefusedOnceAndTheOldOneGoesOn) {
  Publish(1);
  watch_.Start(now_ns_);
  Write(2);
  std::filesystem::resize_file(serving_.paths.table(2), 1000);
  Point(2);
  EXPECT_TRUE(TickUntil([&] { return refused() == 1; }));
  EXPECT_EQ(serving_.report->refused_generation.load(), 2U);
  EXPECT_EQ(serving_.report->refused_reason.load(), static_cast<uint64_t>(Refusal::kTruncated));
  EXPECT_EQ(current()->table->generation(), 1U);
  for (int i = 0; i < 1000; ++i) watch_.Tick(now_ns_ += kMs);
  EXPECT_EQ(refused(), 1U);  // not again and again
  Publish(3);
  EXPECT_TRUE(TickUntil([&] { return adopted() == 3; }));
}

TEST_F(ControlWatchTest, ATableUnderTheNameOfAnotherGenerationIsRefused) {
  Write(7, serving_.paths.table(2));
  Point(2);
  watch_.Start(now_ns_);
  EXPECT_EQ(refused(), 1U);
  EXPECT_EQ(current(), nullptr);
}

TEST_F(ControlWatchTest, AMissingTableIsTriedAFewTimesBeforeItCounts) {
  Point(2);
  watch_.Start(now_ns_);
  EXPECT_EQ(refused(), 0U);
  Write(2);
  now_ns_ += 100 * kMs;
  EXPECT_TRUE(TickUntil([&] { return adopted() == 2; }));
  EXPECT_EQ(refused(), 0U);
  Point(3);
  EXPECT_TRUE(TickUntil([&] {
    now_ns_ += 100 * kMs;
    return refused() == 1;
  }));
  EXPECT_EQ(serving_.report->refused_reason.load(), static_cast<uint64_t>(Refusal::kMissing));
}

TEST_F(ControlWatchTest, ControlThatComesLaterIsFound) {
  std::filesystem::remove(serving_.paths.root());
  root_.reset();
  watch_.Start(now_ns_);
  watch_.Tick(now_ns_);
  EXPECT_EQ(serving_.report->control_stale.load(), 1U);
  NewRoot();
  Publish(1);
  BeatAt(now_ns_);
  now_ns_ += 100 * kMs;
  EXPECT_TRUE(TickUntil([&] { return adopted() == 1; }));
  EXPECT_EQ(serving_.report->control_stale.load(), 0U);
}

TEST_F(ControlWatchTest, ARootThatWasReplacedIsReadAnewEvenIfItCountsFromTheStart) {
  Publish(1);
  watch_.Start(now_ns_);
  const uint64_t sequence = current()->sequence;
  std::filesystem::remove(serving_.paths.root());
  NewRoot();
  Publish(1);
  now_ns_ += 100 * kMs;
  EXPECT_TRUE(TickUntil([&] { return current()->sequence > sequence; }));
}

TEST_F(ControlWatchTest, ARootThatIsGoneLeavesTheTableAndCountsAsSilence) {
  Publish(1);
  BeatAt(now_ns_);
  watch_.Start(now_ns_);
  watch_.Tick(now_ns_);
  std::filesystem::remove(serving_.paths.root());
  watch_.Tick(now_ns_ += 200 * kMs);
  EXPECT_EQ(serving_.report->control_stale.load(), 1U);
  EXPECT_EQ(current()->table->generation(), 1U);
}

TEST_F(ControlWatchTest, SilenceIsSeenWithinTwoHeartbeatsAndEndsWithTheNext) {
  Publish(1);
  (*root_)->stale_policy.store(static_cast<uint64_t>(contract::StalePolicy::kPrimary));
  BeatAt(now_ns_);
  watch_.Start(now_ns_);
  watch_.Tick(now_ns_ + kHeartbeatIntervalNs);
  EXPECT_EQ(serving_.report->control_stale.load(), 0U);
  EXPECT_EQ(serving_.swap.staleness(), Staleness::kFresh);
  watch_.Tick(now_ns_ + 2 * kHeartbeatIntervalNs);
  EXPECT_EQ(serving_.report->control_stale.load(), 1U);
  EXPECT_EQ(serving_.swap.staleness(), Staleness::kPrimary);
  BeatAt(now_ns_ + 2 * kHeartbeatIntervalNs);
  watch_.Tick(now_ns_ + 2 * kHeartbeatIntervalNs + kMs);
  EXPECT_EQ(serving_.report->control_stale.load(), 0U);
  EXPECT_EQ(serving_.swap.staleness(), Staleness::kFresh);
  EXPECT_EQ(serving_.report->control_stale_count.load(), 1U);
}

TEST_F(ControlWatchTest, ThePolicyOutlivesTheRootThatNamedIt) {
  Publish(1);
  (*root_)->stale_policy.store(static_cast<uint64_t>(contract::StalePolicy::kServfail));
  BeatAt(now_ns_);
  watch_.Start(now_ns_);
  watch_.Tick(now_ns_);
  std::filesystem::remove(serving_.paths.root());
  watch_.Tick(now_ns_ += 200 * kMs);
  EXPECT_EQ(serving_.swap.staleness(), Staleness::kServfail);
}

TEST_F(ControlWatchTest, TheHeartbeatIsWrittenAsOftenAsItSays) {
  watch_.Start(now_ns_);
  watch_.Tick(now_ns_);
  const uint64_t first = serving_.report->heartbeat_ns.load();
  watch_.Tick(now_ns_ + kHeartbeatIntervalNs - 1);
  EXPECT_EQ(serving_.report->heartbeat_ns.load(), first);
  watch_.Tick(now_ns_ + kHeartbeatIntervalNs);
  EXPECT_GT(serving_.report->heartbeat_ns.load(), first);
}

}  // namespace
}  // namespace understudy::worker
