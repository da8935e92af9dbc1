#include "dataplane/worker/table_swap.h"

#include <gtest/gtest.h>

#include "dataplane/contract/lookup.h"
#include "dataplane/worker/table_reader.h"
#include "tests/dataplane/serving_fixture.h"

namespace understudy::worker {
namespace {

using test::OpenTable;
using test::TableBuilder;
using test::Wire;

// A table whose failover name answers 192.0.2.1 (primary) or 192.0.2.2 (secondary).
std::unique_ptr<const contract::Table> TableOf(const test::Scratch& scratch, uint64_t generation) {
  TableBuilder builder;
  builder.Zone("example.com");
  builder
      .Failover("example.com", "app.example.com", "A", 30, builder.Group("app"), {"192.0.2.1"},
                {"192.0.2.2"})
      .Record("example.com", "www.example.com", "A", 30, {"192.0.2.3"});
  const std::string path = scratch / ("table." + std::to_string(generation));
  builder.Write(path, generation, {contract::Choice::kPrimary, contract::Choice::kSecondary},
                generation);
  return OpenTable(path);
}

contract::Resolution Ask(const contract::Cut& cut, const std::string& name) {
  std::string padded = Wire(name);
  const size_t length = padded.size();
  padded.resize(contract::kPaddedName);
  const auto* bytes = reinterpret_cast<const uint8_t*>(padded.data());
  return contract::Lookup(cut, cut.table->Hash(bytes, length), bytes, length, 1);
}

class TableSwapTest : public testing::Test {
 protected:
  TableReader& NewReader() {
    auto* slot = serving_.report.AddWorker("reader");
    readers_.push_back(std::make_unique<TableReader>(serving_.swap, serving_.quiescence, *slot));
    return *readers_.back();
  }
  TableSwap& swap() { return serving_.swap; }
  void Adopt(uint64_t generation) { swap().Adopt(TableOf(serving_.scratch, generation)); }

  test::Serving serving_;
  std::vector<std::unique_ptr<TableReader>> readers_;
};

TEST_F(TableSwapTest, WithoutATableTheCutIsEmpty) { EXPECT_EQ(NewReader().Enter().table, nullptr); }

TEST_F(TableSwapTest, AReaderSeesTheNewTableWhenItEntersAgain) {
  Adopt(1);
  TableReader& reader = NewReader();
  EXPECT_EQ(reader.Enter().table->generation(), 1U);
  Adopt(2);
  EXPECT_EQ(reader.Enter().table->generation(), 2U);
}

TEST_F(TableSwapTest, ATableStaysUntilEveryReaderWasSeenBetweenTwoBursts) {
  TableReader& one = NewReader();
  TableReader& other = NewReader();
  Adopt(1);
  const contract::Cut held = one.Enter();
  other.Enter();
  Adopt(2);
  EXPECT_FALSE(swap().Reclaim());
  other.Enter();
  EXPECT_FALSE(swap().Reclaim());
  EXPECT_EQ(held.table->generation(), 1U);  // still mapped: `one` is in its burst
  one.Enter();
  EXPECT_EQ(swap().Reclaim(), 1U);
}

TEST_F(TableSwapTest, AReaderThatLeftDelaysNothing) {
  TableReader& reader = NewReader();
  Adopt(1);
  reader.Enter();
  reader.Leave();
  Adopt(2);
  EXPECT_EQ(swap().Reclaim(), 1U);
  EXPECT_EQ(reader.Enter().table->generation(), 2U);
}

TEST_F(TableSwapTest, AStuckReaderDelaysOnlyUnmapping) {
  TableReader& stuck = NewReader();
  TableReader& working = NewReader();
  Adopt(1);
  stuck.Enter();
  for (uint64_t generation = 2; generation <= 20; ++generation) {
    Adopt(generation);
    EXPECT_EQ(working.Enter().table->generation(), generation);
    EXPECT_FALSE(swap().Reclaim());
  }
  EXPECT_EQ(swap().retired_count(), 19U);
  stuck.Enter();
  working.Enter();
  EXPECT_EQ(swap().Reclaim(), 19U);
  EXPECT_EQ(swap().retired_count(), 0U);
}

// Ends grace periods at once: what a reader sees that reported and was then held up for a while.
class Instant final : public GracePeriod {
 public:
  uint64_t Begin() noexcept override { return 0; }
  bool IsOver(uint64_t) noexcept override { return true; }
};

TEST_F(TableSwapTest, ATableThatLiesWhereAnOldOneWasIsReadAnew) {
  Instant instant;
  TableSwap swap(instant);
  auto* slot = serving_.report.AddWorker("reader");
  TableReader reader(swap, serving_.quiescence, *slot);
  int same_place = 0;
  const contract::Table* before = nullptr;
  for (uint64_t i = 0; i < 50; ++i) {
    // Same generation and selection word in all, but with more names: only the place may be the
    // same.
    TableBuilder builder;
    builder.Zone("example.com");
    for (uint64_t name = 0; name < 100 * i; ++name) {
      builder.Record("example.com", "n" + std::to_string(name) + ".example.com", "A", 30,
                     {"192.0.2.1"});
    }
    builder.Write(serving_.scratch / "table", 1);
    swap.Adopt(OpenTable(serving_.scratch / "table"));
    swap.Reclaim();
    const contract::Cut cut = reader.Enter();
    if (cut.table == before) ++same_place;
    before = cut.table;
    ASSERT_EQ(cut.choices, contract::Table::ChoicesOf(cut.table->BankAt(0)));
    // The old one goes, and the reader does not come by before the next one took its place.
    swap.Adopt(TableOf(serving_.scratch, 2));
    swap.Reclaim();
  }
  RecordProperty("same_place", same_place);
}

TEST_F(TableSwapTest, TheStalePolicyAnswersForGroupsAndLeavesOrdinaryRecordsAlone) {
  TableReader& reader = NewReader();
  Adopt(1);
  EXPECT_EQ(Ask(reader.Enter(), "app.example.com").choice, 1);  // as published
  swap().SetStaleness(StalenessOf(contract::StalePolicy::kFrozen));
  EXPECT_EQ(Ask(reader.Enter(), "app.example.com").choice, 1);
  swap().SetStaleness(StalenessOf(contract::StalePolicy::kPrimary));
  EXPECT_EQ(Ask(reader.Enter(), "app.example.com").choice, 0);
  swap().SetStaleness(StalenessOf(contract::StalePolicy::kServfail));
  EXPECT_EQ(Ask(reader.Enter(), "app.example.com").match, contract::Match::kServfail);
  EXPECT_EQ(Ask(reader.Enter(), "www.example.com").match, contract::Match::kAnswer);
  swap().SetStaleness(Staleness::kFresh);
  EXPECT_EQ(Ask(reader.Enter(), "app.example.com").choice, 1);
}

TEST_F(TableSwapTest, APolicyOfAnotherVersionMeansFrozen) {
  EXPECT_EQ(StalenessOf(static_cast<contract::StalePolicy>(99)), Staleness::kFrozen);
}

TEST_F(TableSwapTest, BurstsAnsweredWhileControlIsSilentAreCounted) {
  Adopt(1);
  auto* slot = serving_.report.AddWorker("reader");
  TableReader reader(swap(), serving_.quiescence, *slot);
  contract::Tally tally;
  tally.received = 3;
  tally.outcomes[0] = 3;
  reader.Account(tally);
  EXPECT_EQ(slot->stale_answers.load(), 0U);
  swap().SetStaleness(Staleness::kFrozen);
  reader.Account(tally);
  reader.Account({});  // nothing was answered
  EXPECT_EQ(slot->stale_answers.load(), 1U);
  EXPECT_EQ(slot->received.load(), 6U);
}

}  // namespace
}  // namespace understudy::worker
