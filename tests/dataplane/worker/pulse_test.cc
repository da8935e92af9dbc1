#include "dataplane/worker/pulse.h"

#include <gtest/gtest.h>

#include "dataplane/worker/table_reader.h"
#include "tests/dataplane/serving_fixture.h"

namespace understudy::worker {
namespace {

constexpr uint64_t kStart = 1'000'000'000'000;
constexpr uint64_t kLook = Pulse::kLookEveryNs;

class PulseTest : public testing::Test {
 protected:
  contract::WorkerSlot& NewWorker() { return *serving_.report.AddWorker("worker"); }
  static void Move(contract::WorkerSlot& slot) { slot.rounds.fetch_add(1); }
  uint64_t moved_ns() const { return serving_.report->workers_moved_ns; }

  test::Serving serving_;
  Pulse pulse_{serving_.report};
};

TEST_F(PulseTest, BeatsWhileEveryWorkerMoves) {
  EXPECT_FALSE(pulse_.IsBeating(kStart)) << "before the first look";
  contract::WorkerSlot& first = NewWorker();
  contract::WorkerSlot& second = NewWorker();
  for (uint64_t now = kStart; now < kStart + 100 * kLook; now += kLook) {
    Move(first);
    Move(second);
    pulse_.Tick(now);
    ASSERT_TRUE(pulse_.IsBeating(now));
    ASSERT_EQ(moved_ns(), now);
  }
}

TEST_F(PulseTest, NamesTheWorkerThatStandsStillAndBeatsAgainWhenItMoves) {
  contract::WorkerSlot& first = NewWorker();
  contract::WorkerSlot& second = NewWorker();
  uint64_t now = kStart;
  pulse_.Tick(now);
  for (; now <= kStart + Pulse::kStuckAfterNs; now += kLook) {
    Move(first);
    pulse_.Tick(now);
    ASSERT_TRUE(pulse_.IsBeating(now));
  }
  Move(first);
  pulse_.Tick(now += kLook);
  EXPECT_FALSE(pulse_.IsBeating(now));
  EXPECT_EQ(moved_ns(), kStart) << "readers learn since when";
  EXPECT_EQ(serving_.report->slowest_worker, 1U);
  Move(second);
  pulse_.Tick(now += kLook);
  EXPECT_TRUE(pulse_.IsBeating(now));
}

TEST_F(PulseTest, AWorkerThatIsAddedLaterCountsFromThen) {
  Move(NewWorker());
  pulse_.Tick(kStart);
  NewWorker();
  pulse_.Tick(kStart + 100 * kLook);
  EXPECT_EQ(serving_.report->slowest_worker, 0U);
}

TEST_F(PulseTest, LooksOnlyWhenItIsTime) {
  contract::WorkerSlot& worker = NewWorker();
  pulse_.Tick(kStart);
  Move(worker);
  pulse_.Tick(kStart + kLook - 1);
  EXPECT_EQ(moved_ns(), kStart);
}

TEST_F(PulseTest, TheEndIsToldAtOnce) {
  Move(NewWorker());
  pulse_.Tick(kStart);
  pulse_.Stop();
  EXPECT_EQ(moved_ns(), 0U);
  EXPECT_FALSE(pulse_.IsBeating(kStart));
}

TEST_F(PulseTest, AReaderShowsLifeWithAndWithoutATable) {
  contract::WorkerSlot& slot = NewWorker();
  TableReader reader(serving_.swap, serving_.quiescence, slot);
  uint64_t before = slot.rounds;
  reader.Leave();  // offline already: an idle thread that woke up
  EXPECT_GT(slot.rounds, before);
  before = slot.rounds;
  reader.Enter();
  EXPECT_GT(slot.rounds, before);
}

}  // namespace
}  // namespace understudy::worker
