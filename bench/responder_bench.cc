// The packet path in memory: whole frames, in bursts, from tables of several sizes. Beside it the
// floor: copying the same frames. Counter `cycles` is TSC cycles a query.
//
//   responder_bench [--benchmark_filter=...] [Google Benchmark's options]
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bench_table.h"
#include "dataplane/responder/cookie_secrets.h"
#include "dataplane/responder/frame_responder.h"
#include "dataplane/responder/rate_limiter.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"

namespace understudy {
namespace {

constexpr size_t kBurst = 32;  // what a worker takes at once, where nothing else is said
// Asked in a random order, and so many that the table's part of them is no cache's.
constexpr size_t kQueries = 1 << 20;
constexpr size_t kFrameSpace = 2304;  // buffers lie apart as mbufs do

// What is asked: every kind makes a frame from a random number.
enum class Kind {
  kStatic,
  kFailover,
  kMissing,
  kWildcard,
  kNoData,
  kLong,
  kEdns,
  kIpv6,
  kCookie,
  kLimited
};

std::string FrameOf(Kind kind, size_t random, size_t names) {
  test::QueryText query;
  query.flags = 0;
  const size_t even = random % names / 2 * 2;
  query.name = NameOf(kind == Kind::kFailover ? even + 1 : even);
  const std::string chance = std::to_string(random);  // a flood of random labels
  if (kind == Kind::kMissing) query.name = "no" + chance + ".example.com";
  if (kind == Kind::kWildcard) query.name = "x" + chance + ".wild.example.com";
  if (kind == Kind::kLong) query.name = std::string(60, 'l') + "." + chance + ".wild.example.com";
  if (kind == Kind::kNoData) query.type = 28;
  query.edns = kind == Kind::kEdns || kind == Kind::kCookie;
  if (kind == Kind::kCookie) query.options = std::string("\0\12\0\10", 4) + "clientck";
  test::FrameText frame;
  if (kind == Kind::kIpv6) {
    frame.source = "2001:db8::99";
    frame.destination = "2001:db8::53";
  }
  if (kind == Kind::kLimited) {
    frame.source =
        "198.18." + std::to_string(random >> 8 & 0xff) + "." + std::to_string(random & 0xff);
  }
  frame.payload = test::Query(query);
  return test::Frame(frame);
}

// Every burst comes a second after the last, so that nobody is ever limited.
uint64_t passed_s = 1;
constexpr responder::Clock kClock = {
    .unix_s = responder::kSystemClock.unix_s,
    .monotonic_ns = []() noexcept { return ++passed_s * 1'000'000'000; }};

responder::FrameOptions Options(Kind kind) {
  static responder::CookieSecrets secrets;
  static responder::RateLimiter limiter({.per_second = 1'000'000, .ipv4_prefix = 32},
                                        responder::RateLimiter::RandomKey());
  responder::FrameOptions options;
  options.responder.clock = &kClock;
  options.responder.cookies = &secrets;
  if (kind == Kind::kLimited) options.responder.limiter = &limiter;
  options.services4 = {{192, 0, 2, 53}};
  responder::Ipv6 service{};
  std::memcpy(service.data(), test::Address("2001:db8::53").data(), service.size());
  options.services6 = {service};
  return options;
}

// Frames that wait to be asked, one behind the other.
struct Traffic {
  std::string octets;
  std::vector<size_t> begins;  // and one more: where the last one ends

  std::string_view operator[](size_t i) const {
    return std::string_view(octets).substr(begins[i], begins[i + 1] - begins[i]);
  }
};

Traffic TrafficOf(Kind kind, size_t names) {
  Traffic traffic{{}, {0}};
  std::mt19937_64 random(1);
  for (size_t i = 0; i < kQueries; ++i) {
    traffic.octets += FrameOf(kind, random() % (1ull << 40), names);
    traffic.begins.push_back(traffic.octets.size());
  }
  return traffic;
}

// Copies a burst of frames to where it is answered, as a NIC would bring it there.
class Arena {
 public:
  Arena(const Traffic& traffic, size_t burst)
      : traffic_(traffic), space_(burst * kFrameSpace), burst_(burst) {}
  std::span<responder::Frame> Fetch() {
    for (size_t i = 0; i < burst_.size(); ++i) {
      const std::string_view frame = traffic_[next_++ % kQueries];
      uint8_t* data = &space_[i * kFrameSpace];
      std::memcpy(data, frame.data(), frame.size());
      burst_[i] = {};
      burst_[i].data = data;
      burst_[i].length = static_cast<uint32_t>(frame.size());
      burst_[i].capacity = kFrameSpace;
    }
    return burst_;
  }

 private:
  const Traffic& traffic_;
  std::vector<uint8_t> space_;
  std::vector<responder::Frame> burst_;
  size_t next_ = 0;
};

void SetCycles(benchmark::State& state, uint64_t cycles, size_t burst) {
  const double queries = static_cast<double>(state.iterations()) * static_cast<double>(burst);
  state.counters["cycles"] =
      benchmark::Counter(static_cast<double>(cycles) / queries, benchmark::Counter::kAvgThreads);
  state.SetItemsProcessed(static_cast<int64_t>(queries));
}

void BM_Answer(benchmark::State& state, Kind kind) {
  const auto names = static_cast<size_t>(state.range(0));
  const auto burst_size = static_cast<size_t>(state.range(1));
  const Traffic traffic = TrafficOf(kind, names);
  const contract::Cut cut = test::CutOf(TableOf(names));
  const responder::FrameResponder responder(Options(kind));
  Arena arena(traffic, burst_size);
  uint64_t cycles = 0, answered = 0;
  for (auto _ : state) {
    const std::span<responder::Frame> burst = arena.Fetch();
    const uint64_t started = __rdtsc();
    responder.Respond(cut, burst);
    cycles += __rdtsc() - started;
    answered += burst[0].action == responder::Action::kSend;
  }
  if (answered != static_cast<uint64_t>(state.iterations()))
    state.SkipWithError("a query was not answered");
  SetCycles(state, cycles, burst_size);
}

// The floor: the same frames moved, nothing understood.
void BM_FloorCopy(benchmark::State& state) {
  const Traffic traffic = TrafficOf(Kind::kStatic, 10000);
  Arena arena(traffic, kBurst);
  uint64_t cycles = 0;
  for (auto _ : state) {
    const uint64_t started = __rdtsc();
    benchmark::DoNotOptimize(arena.Fetch().data());
    cycles += __rdtsc() - started;
  }
  SetCycles(state, cycles, kBurst);
}

using Benchmark = benchmark::internal::Benchmark;

void Sizes(Benchmark* bench) {
  for (const int64_t names : {1000, 10000, 1000000}) {
    bench->Args({names, kBurst})->ArgNames({"names", "burst"});
  }
}
void OneSize(Benchmark* bench) { bench->Args({10000, kBurst})->ArgNames({"names", "burst"}); }

// How the cost of a query grows with the table, and falls with what is answered together.
void Scaling(Benchmark* bench) {
  bench->ArgNames({"names", "burst"});
  for (const int64_t names : {1000, 10000, 100000, 1000000, 10000000}) bench->Args({names, kBurst});
  for (const int64_t names : {10000, 1000000}) {
    for (const int64_t burst : {1, 4, 8, 16, 64}) bench->Args({names, burst});
  }
}
// And what a second worker does, over the same table: queries of real time are those of both.
void Workers(Benchmark* bench) {
  bench->ArgNames({"names", "burst"})->UseRealTime();
  for (const int64_t names : {10000, 1000000}) bench->Args({names, kBurst});
  bench->ThreadRange(1, 2);
}

BENCHMARK(BM_FloorCopy);
BENCHMARK_CAPTURE(BM_Answer, static, Kind::kStatic)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Answer, failover, Kind::kFailover)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Answer, nxdomain, Kind::kMissing)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Answer, wildcard, Kind::kWildcard)->Apply(OneSize);
BENCHMARK_CAPTURE(BM_Answer, nodata, Kind::kNoData)->Apply(OneSize);
BENCHMARK_CAPTURE(BM_Answer, long, Kind::kLong)->Apply(OneSize);
BENCHMARK_CAPTURE(BM_Answer, edns, Kind::kEdns)->Apply(OneSize);
BENCHMARK_CAPTURE(BM_Answer, ipv6, Kind::kIpv6)->Apply(OneSize);
BENCHMARK_CAPTURE(BM_Answer, cookie, Kind::kCookie)->Apply(OneSize);
BENCHMARK_CAPTURE(BM_Answer, limited, Kind::kLimited)->Apply(OneSize);

BENCHMARK_CAPTURE(BM_Answer, scaling, Kind::kFailover)->Apply(Scaling);
BENCHMARK_CAPTURE(BM_Answer, scaling, Kind::kFailover)->Apply(Workers);

}  // namespace
}  // namespace understudy

BENCHMARK_MAIN();
