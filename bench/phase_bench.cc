// The phases of the packet path alone, each beside its rival or its floor. Counter `cycles` is TSC
// cycles an item: a name, or a message.
//
//   phase_bench [--benchmark_filter=...] [Google Benchmark's options]
//
//   BM_NamePass   end, lower and sum the names of a burst      BM_NameCopy: memcpy of the same
//   octets BM_Find       from names to nodes, a burst at a time       BM_RteHash:
//   rte_hash_lookup_bulk with
//                                                              the same keys; BM_FlatHashMap: absl
//   BM_Checksum   the UDP checksum of an answer from its parts BM_RteChecksum: from its octets
#include <benchmark/benchmark.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_ip.h>
#include <rte_jhash.h>
#include <x86intrin.h>

#include <array>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bench/bench_table.h"
#include "dataplane/responder/name_pass.h"
#include "dataplane/wire/checksum.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"

namespace understudy {
namespace {

using responder::Asked;
using responder::SimdWidth;

constexpr size_t kBurst = 32;
constexpr size_t kQueries = 1 << 16;  // asked in a random order, so that no cache learns it
constexpr size_t kStored = 128;       // octets of a query that waits to be asked

void SetCycles(benchmark::State& state, uint64_t cycles) {
  const auto items = static_cast<double>(state.iterations() * kBurst);
  state.counters["cycles"] = static_cast<double>(cycles) / items;
  state.SetItemsProcessed(static_cast<int64_t>(items));
}

// Queries for random names of the table, as octets of a message.
std::vector<uint8_t> QueriesOf(size_t names) {
  std::vector<uint8_t> queries(kQueries * kStored);
  std::mt19937_64 random(1);
  for (size_t i = 0; i < kQueries; ++i) {
    const std::string query = test::Query({.name = NameOf(random() % names)});
    std::memcpy(&queries[i * kStored], query.data(), query.size());
  }
  return queries;
}

// The next burst of questions, their names passed or not.
class Questions {
 public:
  explicit Questions(size_t names) : queries_(QueriesOf(names)) {}
  std::span<Asked> Next() {
    for (Asked& asked : burst_) {
      asked.message = &queries_[next_++ % kQueries * kStored];
      std::memset(asked.name + responder::kSpan, 0, sizeof(asked.name) - responder::kSpan);
    }
    return burst_;
  }
  std::span<Asked> NextPassed() {
    static const responder::NamePass pass = responder::NamePassOf(SimdWidth::k512);
    const std::span<Asked> burst = Next();
    pass(burst);
    return burst;
  }

 private:
  std::vector<uint8_t> queries_;
  std::array<Asked, kBurst> burst_;
  size_t next_ = 0;
};

void BM_NamePass(benchmark::State& state) {
  const auto width = static_cast<SimdWidth>(state.range(0));
  if (responder::WidestUpTo(width) != width) {
    state.SkipWithError("this processor has no vectors of that width");
    return;
  }
  const responder::NamePass pass = responder::NamePassOf(width);
  Questions questions(10000);
  uint64_t cycles = 0;
  for (auto _ : state) {
    const std::span<Asked> burst = questions.Next();
    const uint64_t started = __rdtsc();
    pass(burst);
    cycles += __rdtsc() - started;
    benchmark::DoNotOptimize(burst.data());
    benchmark::ClobberMemory();
  }
  SetCycles(state, cycles);
}

void BM_NameCopy(benchmark::State& state) {
  Questions questions(10000);
  uint64_t cycles = 0;
  for (auto _ : state) {
    const std::span<Asked> burst = questions.Next();
    const uint64_t started = __rdtsc();
    for (Asked& asked : burst) std::memcpy(asked.name, asked.message + 12, responder::kSpan);
    cycles += __rdtsc() - started;
    benchmark::DoNotOptimize(burst.data());
    benchmark::ClobberMemory();
  }
  SetCycles(state, cycles);
}

void BM_Find(benchmark::State& state) {
  const auto names = static_cast<size_t>(state.range(0));
  const contract::Table& table = TableOf(names);
  Questions questions(names);
  uint64_t cycles = 0, found = 0;
  for (auto _ : state) {
    const std::span<Asked> burst = questions.NextPassed();
    const uint64_t started = __rdtsc();
    for (Asked& asked : burst) {
      asked.hash = table.Hash(asked.name, asked.name_length);
      table.Prefetch(asked.hash);
    }
    for (Asked& asked : burst) asked.candidate = table.Candidate(asked.hash, &asked.elsewhere);
    for (const Asked& asked : burst) {
      const contract::NodeRecord* node = asked.candidate;
      if (node == nullptr || !contract::IsNamed(*node, asked.name, asked.name_length)) {
        node = table.Find(asked.hash, asked.name, asked.name_length);
      }
      found += node != nullptr;
    }
    cycles += __rdtsc() - started;
  }
  if (found != static_cast<uint64_t>(state.iterations()) * kBurst)
    state.SkipWithError("a name was not found");
  SetCycles(state, cycles);
}

// The names of a table as keys of a fixed size, lower case and padded with zeros.
using Key = std::array<uint8_t, responder::kSpan>;
Key KeyOf(size_t i) {
  Key key{};
  const std::string wire = test::Wire(NameOf(i));
  std::memcpy(key.data(), wire.data(), wire.size());
  return key;
}

rte_hash* RteHashOf(size_t names) {
  static std::map<size_t, rte_hash*> tables;
  rte_hash*& table = tables[names];
  if (table != nullptr) return table;
  const std::string title = "names" + std::to_string(names);
  rte_hash_parameters parameters = {};
  parameters.name = title.c_str();
  parameters.entries = static_cast<uint32_t>(names + names / 4);
  parameters.key_len = sizeof(Key);
  parameters.hash_func = rte_jhash;
  parameters.socket_id = SOCKET_ID_ANY;
  table = rte_hash_create(&parameters);
  if (table == nullptr) throw std::runtime_error("rte_hash_create failed");
  for (size_t i = 0; i < names; ++i) {
    if (rte_hash_add_key(table, KeyOf(i).data()) < 0) throw std::runtime_error("rte_hash is full");
  }
  return table;
}

void BM_RteHash(benchmark::State& state) {
  const auto names = static_cast<size_t>(state.range(0));
  const rte_hash* table = RteHashOf(names);
  Questions questions(names);
  uint64_t cycles = 0, found = 0;
  for (auto _ : state) {
    const std::span<Asked> burst = questions.NextPassed();
    const void* keys[kBurst];
    int32_t positions[kBurst];
    const uint64_t started = __rdtsc();
    for (size_t i = 0; i < kBurst; ++i) keys[i] = burst[i].name;
    rte_hash_lookup_bulk(table, keys, kBurst, positions);
    cycles += __rdtsc() - started;
    for (const int32_t position : positions) found += position >= 0;
  }
  if (found != static_cast<uint64_t>(state.iterations()) * kBurst)
    state.SkipWithError("a name was not found");
  SetCycles(state, cycles);
}

void BM_FlatHashMap(benchmark::State& state) {
  const auto names = static_cast<size_t>(state.range(0));
  static std::map<size_t, absl::flat_hash_map<std::string, size_t>> tables;
  absl::flat_hash_map<std::string, size_t>& table = tables[names];
  for (size_t i = table.size(); i < names; ++i) table.emplace(test::Wire(NameOf(i)), i);
  Questions questions(names);
  uint64_t cycles = 0, found = 0;
  for (auto _ : state) {
    const std::span<Asked> burst = questions.NextPassed();
    const uint64_t started = __rdtsc();
    for (const Asked& asked : burst) {
      found += table.contains(
          absl::string_view(reinterpret_cast<const char*>(asked.name), asked.name_length));
    }
    cycles += __rdtsc() - started;
  }
  if (found != static_cast<uint64_t>(state.iterations()) * kBurst)
    state.SkipWithError("a name was not found");
  SetCycles(state, cycles);
}

// A frame of an answer of about 60 octets, as rte_ipv4_udptcp_cksum wants it.
struct Datagram {
  std::string frame = test::Frame({.payload = std::string(60, 'x')});
  const auto* ip() const { return reinterpret_cast<const rte_ipv4_hdr*>(frame.data() + 14); }
  const auto* octets() const { return reinterpret_cast<const uint8_t*>(frame.data()); }
};

// What the fast path adds up: addresses, ports, header, question (by the name pass), stored sum.
void BM_Checksum(benchmark::State& state) {
  const std::vector<Datagram> datagrams(kBurst);
  uint64_t cycles = 0;
  for (auto _ : state) {
    uint16_t checksums[kBurst];
    const uint64_t started = __rdtsc();
    for (size_t i = 0; i < kBurst; ++i) {
      const uint8_t* frame = datagrams[i].octets();
      const uint64_t addresses = contract::Load8(frame + 26), header = contract::Load8(frame + 44);
      uint32_t ports;
      std::memcpy(&ports, frame + 34, sizeof(ports));
      const uint64_t sum = (addresses & 0xffffffff) + (addresses >> 32) + (header & 0xffffffff) +
                           (header >> 32) + ports + frame[60] + frame[61];
      checksums[i] = static_cast<uint16_t>(~wire::Fold(sum));
    }
    cycles += __rdtsc() - started;
    benchmark::DoNotOptimize(checksums);
  }
  SetCycles(state, cycles);
}

void BM_RteChecksum(benchmark::State& state) {
  const std::vector<Datagram> datagrams(kBurst);
  uint64_t cycles = 0;
  for (auto _ : state) {
    uint16_t checksums[kBurst];
    const uint64_t started = __rdtsc();
    for (size_t i = 0; i < kBurst; ++i) {
      checksums[i] = rte_ipv4_udptcp_cksum(datagrams[i].ip(), datagrams[i].ip() + 1);
    }
    cycles += __rdtsc() - started;
    benchmark::DoNotOptimize(checksums);
  }
  SetCycles(state, cycles);
}

void Sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t names : {10000, 1000000}) bench->Arg(names)->ArgName("names");
}

BENCHMARK(BM_NameCopy);
BENCHMARK(BM_NamePass)->Arg(64)->Arg(256)->Arg(512)->ArgName("bits");
BENCHMARK(BM_Find)->Apply(Sizes);
BENCHMARK(BM_RteHash)->Apply(Sizes);
BENCHMARK(BM_FlatHashMap)->Apply(Sizes);
BENCHMARK(BM_Checksum);
BENCHMARK(BM_RteChecksum);

void StartDpdk() {
  const char* arguments[] = {"phase_bench", "--no-huge",        "--no-pci",       "-m",
                             "1024",        "--no-shconf",      "--no-telemetry", "-l",
                             "0",           "--log-level=error"};
  std::vector<char*> mutable_arguments;
  for (const char* argument : arguments) mutable_arguments.push_back(const_cast<char*>(argument));
  if (rte_eal_init(static_cast<int>(mutable_arguments.size()), mutable_arguments.data()) < 0) {
    throw std::runtime_error("rte_eal_init failed");
  }
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  understudy::StartDpdk();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
