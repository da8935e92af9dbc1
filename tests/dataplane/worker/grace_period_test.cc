// Readers spin over tables that check themselves while another thread swaps them as fast as it can.
// With real grace periods no answer is ever wrong; with sabotaged ones the test must notice.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "dataplane/contract/lookup.h"
#include "dataplane/worker/table_reader.h"
#include "tests/dataplane/serving_fixture.h"

namespace understudy::worker {
namespace {

constexpr int kNames = 64;
constexpr int kFiles = 8;
constexpr int kReaders = 2;

// Ends grace periods before they began.
class Sabotaged final : public GracePeriod {
 public:
  uint64_t Begin() noexcept override { return 0; }
  bool IsOver(uint64_t) noexcept override { return true; }
};

std::string NameOf(int i) { return "n" + std::to_string(i) + ".example.com"; }

// Every address in the table of generation G is 10.0.0.G.
std::string WriteTable(const test::Scratch& scratch, uint64_t generation) {
  test::TableBuilder builder;
  builder.Zone("example.com");
  const std::string address = "10.0.0." + std::to_string(generation);
  for (int i = 0; i < kNames; ++i) {
    builder.Record("example.com", NameOf(i), "A", 30, {address});
  }
  const std::string path = scratch / ("table." + std::to_string(generation));
  builder.Write(path, generation, {}, generation);
  return path;
}

// One burst: every name has the address of the one table the burst entered. False when torn.
bool IsConsistent(const contract::Cut& cut, const std::vector<std::string>& names) {
  const uint64_t generation = cut.table->generation();
  for (const std::string& name : names) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(name.data());
    const size_t length = std::strlen(name.c_str()) + 1;
    const contract::Resolution found =
        contract::Lookup(cut, cut.table->Hash(bytes, length), bytes, length, 1);
    if (found.match != contract::Match::kAnswer || found.answer->length < 16) return false;
    // Behind pointer, type, class, TTL and length: the address, whose last octet is the generation.
    if (contract::WireOf(*found.answer)[15] != generation) return false;
  }
  return true;
}

// How many swaps went by without a torn burst; 0 when one was torn.
uint64_t SwapUnderReaders(GracePeriod* grace_period, std::chrono::milliseconds duration) {
  test::Serving serving;
  TableSwap swap(grace_period != nullptr ? *grace_period : serving.quiescence);
  std::vector<std::string> paths;
  for (uint64_t generation = 1; generation <= kFiles; ++generation) {
    paths.push_back(WriteTable(serving.scratch, generation));
  }
  std::vector<std::string> names;
  for (int i = 0; i < kNames; ++i) {
    names.push_back(test::Wire(NameOf(i)));
    names.back().resize(contract::kPaddedName);
  }
  swap.Adopt(test::OpenTable(paths[0]));
  std::atomic<bool> stop{false};
  std::atomic<bool> torn{false};
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<TableReader>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<TableReader>(swap, serving.quiescence,
                                                    *serving.report.AddWorker("reader")));
    threads.emplace_back([&, reader = readers.back().get()] {
      for (unsigned burst = 0; !stop.load(); ++burst) {
        if (!IsConsistent(reader->Enter(), names)) torn.store(true);
        if (burst % 64 == 0) reader->Leave();  // some of the time it rests, as workers do
      }
      reader->Leave();
    });
  }
  uint64_t swaps = 0;
  const auto end = std::chrono::steady_clock::now() + duration;
  while (!torn.load() && std::chrono::steady_clock::now() < end) {
    swap.Adopt(test::OpenTable(paths[++swaps % kFiles]));
    swap.Reclaim();
    // A reader that got no CPU yet keeps every table mapped: mappings are finite.
    while (swap.retired_count() > 1000) swap.Reclaim();
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  return torn.load() ? 0 : swaps;
}

TEST(GracePeriod, NoBurstIsTornWhileTablesAreSwapped) {
  const uint64_t swaps = SwapUnderReaders(nullptr, std::chrono::seconds(2));
  EXPECT_GT(swaps, 1000U);
  RecordProperty("swaps", std::to_string(swaps));
}

// A fault ends the process at once: a sanitizer's report may hang when two threads have one.
void EndOnFault() {
  for (const int fault : {SIGSEGV, SIGBUS}) std::signal(fault, [](int) { _exit(3); });
}

TEST(GracePeriodDeathTest, WithoutItReadersFallOntoUnmappedOrForeignPages) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  // Either a reader dies of the fault, or it reads another table's answers and says so.
  EXPECT_EXIT(
      {
        EndOnFault();
        Sabotaged sabotaged;
        std::_Exit(SwapUnderReaders(&sabotaged, std::chrono::seconds(30)) == 0 ? 1 : 0);
      },
      [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != 0; }, "");
}

}  // namespace
}  // namespace understudy::worker
