// The protocol of selection.h under threads. Cuts are self-checking: every choice of the cut with
// generation G is G % 2, so a torn or mixed cut shows itself to whoever reads it.
#include "dataplane/contract/selection.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/dataplane/zone_of_cases.h"

namespace understudy::contract {
namespace {

constexpr uint32_t kGroups = 300;  // several cache lines of choices

class Node {
 public:
  Node() {
    test::TableBuilder b;
    b.Zone("example.com");
    for (uint32_t i = 1; i < kGroups; ++i) b.Group("g" + std::to_string(i));
    b.Write(path(), 1, std::vector<Choice>(kGroups, Choice::kSecondary), 1);
    paths_.directory = scratch_.path();
    report_ = ReportWriter::Create(paths_, &error_);
    writer_ = SelectionWriter::Open(path(), &error_);
    if (!report_ || !writer_) throw std::runtime_error(error_);
  }
  std::string path() const { return scratch_ / "table.1"; }
  SelectionWriter& writer() { return *writer_; }
  const ReportSegment* report() const { return report_->operator->(); }
  WorkerSlot& NewWorker() { return *report_->AddWorker("test"); }
  bool Flip(uint64_t generation) {
    const Choice side = generation % 2 == 0 ? Choice::kPrimary : Choice::kSecondary;
    return writer_->Publish(generation, std::vector<Choice>(kGroups, side), report());
  }

 private:
  test::Scratch scratch_;
  InstancePaths paths_;
  std::string error_;
  std::optional<ReportWriter> report_;
  std::optional<SelectionWriter> writer_;
};

bool IsWhole(const Cut& cut) {
  for (uint32_t group = 1; group < kGroups; ++group) {
    if (cut.choices[group] != GenerationOf(cut.live) % 2) return false;
  }
  return cut.choices[0] == 0;
}

TEST(SelectionTest, AReaderKeepsItsCutWhileTheWriterGoesOn) {
  Node node;
  SelectionReader reader(node.NewWorker());
  const Cut held = reader.Enter(node.writer().table());
  for (uint64_t generation = 2; generation < 500; ++generation) {
    ASSERT_TRUE(node.Flip(generation)) << "a reader that stands still delays nobody";
    ASSERT_TRUE(IsWhole(held));
  }
  EXPECT_EQ(GenerationOf(reader.Enter(node.writer().table()).live), 499u);
}

TEST(SelectionTest, AWriterThatIgnoresTheReportTearsTheCut) {
  Node node;
  SelectionReader reader(node.NewWorker());
  const Cut held = reader.Enter(node.writer().table());
  const std::vector<Choice> primaries(kGroups, Choice::kPrimary);
  for (uint64_t generation = 2; generation < 6; ++generation) {
    ASSERT_TRUE(node.writer().Publish(generation, primaries, nullptr));
  }
  EXPECT_FALSE(IsWhole(held)) << "else the test above would prove nothing";
}

TEST(SelectionTest, EveryWorkerMayPinABankAndOneIsStillFree) {
  Node node;
  std::vector<std::unique_ptr<SelectionReader>> readers;
  std::vector<Cut> held;
  for (uint32_t i = 0; i < kMaxWorkers; ++i) {
    readers.push_back(std::make_unique<SelectionReader>(node.NewWorker()));
    held.push_back(readers.back()->Enter(node.writer().table()));
    ASSERT_TRUE(node.Flip(i + 2));
  }
  for (uint64_t generation = 100; generation < 200; ++generation) {
    ASSERT_TRUE(node.Flip(generation));
  }
  for (const Cut& cut : held) EXPECT_TRUE(IsWhole(cut));
}

TEST(SelectionTest, ALeavingReaderGivesItsBankBack) {
  Node node;
  WorkerSlot& slot = node.NewWorker();
  SelectionReader reader(slot);
  reader.Enter(node.writer().table());
  EXPECT_NE(slot.observed.load(), 0u);
  reader.Leave();
  EXPECT_EQ(slot.observed.load(), 0u);
  EXPECT_NE(slot.last_observed.load(), 0u);
  EXPECT_TRUE(IsWhole(reader.Enter(node.writer().table())));
}

TEST(SelectionTest, ADamagedLiveWordIsNotFollowed) {
  Node node;
  SelectionReader reader(node.NewWorker());
  const Cut before = reader.Enter(node.writer().table());
  auto& live = const_cast<std::atomic<uint64_t>&>(node.writer().table().selection().live);
  std::string error;
  Mapping writable = Mapping::OpenWritable(node.path(), &error);
  auto* header = reinterpret_cast<SelectionHeader*>(
      writable.data() + node.writer().table().header().selection_offset);
  header->live.store(LiveWord(9, 200));
  EXPECT_EQ(live.load(), LiveWord(9, 200));
  EXPECT_EQ(reader.Enter(node.writer().table()).live, before.live);
  SelectionReader fresh(node.NewWorker());
  EXPECT_NE(fresh.Enter(node.writer().table()).choices, nullptr);
}

TEST(SelectionTest, SpinningReadersNeverSeeAMixedCut) {
  Node node;
  constexpr int kReaders = 3;
  constexpr uint64_t kFlips = 20000;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> torn{0}, backwards{0}, cuts{0}, snapshots{0};
  std::vector<WorkerSlot*> slots;
  for (int i = 0; i < kReaders; ++i) slots.push_back(&node.NewWorker());
  std::vector<std::thread> threads;
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&, i] {
      SelectionReader reader(*slots[i]);
      uint64_t last = 0, seen = 0;
      while (!done.load(std::memory_order_relaxed)) {
        const Cut cut = reader.Enter(node.writer().table());
        if (!IsWhole(cut)) ++torn;
        if (GenerationOf(cut.live) < last) ++backwards;
        if (GenerationOf(cut.live) != last) ++seen;
        last = GenerationOf(cut.live);
        if (seen % 7 == 0) reader.Leave();
      }
      cuts += seen;
    });
  }
  threads.emplace_back([&] {  // one that owns no slot
    while (!done.load(std::memory_order_relaxed)) {
      uint64_t live = 0;
      const std::vector<Choice> choices = SnapshotChoices(node.writer().table(), &live);
      if (choices.empty()) continue;
      ++snapshots;
      for (uint32_t group = 1; group < kGroups; ++group) {
        if (static_cast<uint64_t>(choices[group]) != GenerationOf(live) % 2) ++torn;
      }
    }
  });
  for (uint64_t generation = 2; generation < kFlips; ++generation) {
    ASSERT_TRUE(node.Flip(generation));
    if (generation % 64 == 0) std::this_thread::yield();  // two cores: let the readers look
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn.load(), 0u);
  EXPECT_EQ(backwards.load(), 0u);
  EXPECT_GT(cuts.load(), 10u) << "the readers have to have seen flips";
  EXPECT_GT(snapshots.load(), 0u);
}

}  // namespace
}  // namespace understudy::contract
