// kill -9 of either side at random instants. Tables are self-checking: every record set of
// generation G says G, every choice of selection generation S is S % 2.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "dataplane/contract/root.h"
#include "dataplane/contract/selection.h"
#include "tests/dataplane/table_builder.h"

namespace understudy::contract {
namespace {

constexpr uint32_t kGroups = 100;
constexpr int kNames = 20;

// A soak run raises it.
int Rounds(int usual) {
  const char* wanted = std::getenv("UNDERSTUDY_KILLS");
  return wanted != nullptr ? std::atoi(wanted) : usual;
}

std::vector<Choice> ChoicesFor(uint64_t selection) {
  return std::vector<Choice>(kGroups, selection % 2 == 0 ? Choice::kPrimary : Choice::kSecondary);
}

void WriteTable(const InstancePaths& paths, uint64_t generation, uint64_t selection) {
  test::TableBuilder b;
  b.Zone("example.com");
  for (uint32_t i = 1; i < kGroups; ++i) b.Group("g" + std::to_string(i));
  for (int i = 0; i < kNames; ++i) {
    b.Record("example.com", "n" + std::to_string(i) + ".example.com", "TXT", 60,
             {std::to_string(generation)});
  }
  b.Write(paths.table(generation), generation, ChoicesFor(selection), selection);
}

// Control as fast as it can: tables and flips, from wherever the predecessor was killed.
[[noreturn]] void RunWriter(const InstancePaths& paths) {
  std::string error;
  auto root = RootWriter::Open(paths, &error);
  auto report = ReportReader::Open(paths, &error);
  if (!root || !report) _exit(1);
  uint64_t generation = (*root)->table_generation.load();
  uint64_t selection = 0;
  if (generation != 0) {
    auto current = SelectionWriter::Open(paths.table(generation), &error);
    if (!current) _exit(2);
    selection = GenerationOf(current->live());
  }
  for (;;) {
    // A predecessor killed before the swing may have left a file of the next name: it is replaced.
    WriteTable(paths, generation + 1, ++selection);
    (*root)->table_generation.store(++generation, std::memory_order_release);
    unlink(paths.table(generation - 2).c_str());
    auto current = SelectionWriter::Open(paths.table(generation), &error);
    for (int flip = 0; flip < 20 && current; ++flip) {
      ++selection;
      if (!current->Publish(selection, ChoicesFor(selection), report->operator->())) _exit(3);
      root->Beat();
    }
  }
}

// Empty when the current table is whole and says one generation and one selection throughout.
std::string CheckCurrent(const InstancePaths& paths) {
  std::string error;
  auto root = RootReader::Open(paths, &error);
  if (!root) return error;
  const uint64_t generation = (*root)->table_generation.load(std::memory_order_acquire);
  if (generation == 0) return "";
  Refusal refusal = Refusal::kNone;
  const auto table = Table::Open(paths.table(generation), &refusal, &error);
  if (!table) return error;
  if (table->generation() != generation) return "a table of another generation";
  uint64_t live = 0;
  const std::vector<Choice> choices = SnapshotChoices(*table, &live);
  if (choices.size() != kGroups) return "no whole cut";
  for (uint32_t group = 1; group < kGroups; ++group) {
    if (static_cast<uint64_t>(choices[group]) != GenerationOf(live) % 2) return "a mixed cut";
  }
  const std::string said = std::to_string(generation);
  for (int i = 0; i < kNames; ++i) {
    alignas(8) uint8_t name[64] = {};
    const std::string wire = test::Wire("n" + std::to_string(i) + ".example.com");
    std::memcpy(name, wire.data(), wire.size());
    const NodeRecord* node = table->Find(name, wire.size());
    if (node == nullptr) return "a name is missing";
    const AnswerRecord* answer = table->AnswerAt(TypesOf(*node)[0].answer);
    if (std::memcmp(WireOf(*answer) + 13, said.data(), said.size()) != 0) return "an old record";
  }
  return "";
}

void SleepUs(unsigned us) { usleep(us); }

TEST(KillTest, AWriterKilledAtAnyInstantLeavesTheOldTableOrTheNewOne) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  std::string error;
  auto report = ReportWriter::Create(paths, &error);
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  uint64_t last = 0;
  for (int round = 0; round < Rounds(1000); ++round) {
    const pid_t writer = fork();
    if (writer == 0) RunWriter(paths);
    SleepUs(static_cast<unsigned>(random() % 4000));
    kill(writer, SIGKILL);
    int status = 0;
    waitpid(writer, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer gave up with " << WEXITSTATUS(status);
    if (access(paths.root().c_str(), F_OK) != 0) continue;
    ASSERT_EQ(CheckCurrent(paths), "") << "round " << round << ", seed " << seed;
    const uint64_t generation = (*RootReader::Open(paths, &error))->table_generation.load();
    ASSERT_GE(generation, last);
    last = generation;
  }
  EXPECT_GT(last, 100u) << "the writers have to have published";
}

[[noreturn]] void RunReader(const InstancePaths& paths, WorkerSlot& slot) {
  SelectionReader reader(slot);
  Refusal refusal = Refusal::kNone;
  std::string error;
  const auto table = Table::Open(paths.table(1), &refusal, &error);
  if (!table) _exit(1);
  for (;;) {
    const Cut cut = reader.Enter(*table);
    for (uint32_t group = 1; group < kGroups; ++group) {
      if (cut.choices[group] != GenerationOf(cut.live) % 2) _exit(2);
    }
  }
}

TEST(KillTest, AReaderKilledAtAnyInstantNeverStopsTheWriterAndNeverSawAMixedCut) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  WriteTable(paths, 1, 1);
  std::string error;
  auto writer = SelectionWriter::Open(paths.table(1), &error);
  ASSERT_TRUE(writer) << error;
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  uint64_t selection = 1;
  for (int life = 0; life < Rounds(1000) / 10; ++life) {
    auto report = ReportWriter::Create(paths, &error);
    for (int round = 0; round < 10; ++round) {  // ten dead workers of one life pin their banks
      WorkerSlot& slot = *report->AddWorker("w");
      const pid_t reader = fork();
      if (reader == 0) RunReader(paths, slot);
      // Every other one is killed wherever it is, the rest while it certainly reads.
      for (int i = 0; round % 2 == 0 && slot.last_observed.load() == 0 && i < 100000; ++i)
        SleepUs(20);
      const uint64_t flips = 200 + random() % 2000;
      for (uint64_t flip = 0; flip < flips; ++flip) {
        ++selection;
        ASSERT_TRUE(writer->Publish(selection, ChoicesFor(selection), report->operator->()));
      }
      kill(reader, SIGKILL);
      int status = 0;
      waitpid(reader, &status, 0);
      ASSERT_TRUE(WIFSIGNALED(status))
          << "the reader saw " << WEXITSTATUS(status) << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace understudy::contract
