#include "tools/understudy-load/report.h"

#include <algorithm>
#include <boost/json.hpp>

#include "absl/strings/str_format.h"

namespace understudy::load {
namespace {

constexpr struct {
  const char* word;
  double share;
} kPercentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

struct Result {
  Sums sums;
  Histogram latency_ns, trickle_ns;
  double seconds = 0;  // the longest sending of a worker
  double rate(uint64_t count) const {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
  }
};

Result ResultOf(const Generators& generators) {
  Result result;
  result.sums = SumOf(generators);
  for (const auto& generator : generators) {
    result.latency_ns.Add(generator->latency_ns());
    result.trickle_ns.Add(generator->trickle_ns());
    result.seconds = std::max(result.seconds, generator->sent_for_s());
  }
  return result;
}

double Us(const Histogram& latency_ns, double share) {
  const uint64_t ns = share == 1 ? latency_ns.max() : latency_ns.Percentile(share);
  return static_cast<double>(ns) / 1000;
}

std::string PercentilesOf(const Histogram& latency_ns) {
  std::string text;
  for (const auto& [word, share] : kPercentiles) {
    absl::StrAppendFormat(&text, " %s %.1f", word, Us(latency_ns, share));
  }
  return text + " us\n";
}

boost::json::object JsonOf(const Histogram& latency_ns) {
  boost::json::object latency;
  for (const auto& [word, share] : kPercentiles) latency[word] = Us(latency_ns, share);
  return latency;
}

}  // namespace

Sums SumOf(const Generators& generators) {
  Sums sums;
  for (const auto& generator : generators) {
    const Counts& counts = generator->counts();
    // relaxed: each number for itself.
    const auto read = [](const std::atomic<uint64_t>& counter) {
      return counter.load(std::memory_order_relaxed);
    };
    sums.sent += read(counts.sent);
    sums.received += read(counts.received);
    sums.checked += read(counts.checked);
    sums.unexpected += read(counts.unexpected);
    sums.foreign += read(counts.foreign);
    sums.held_back += read(counts.held_back);
    sums.trickle_sent += read(counts.trickle_sent);
    sums.trickle_received += read(counts.trickle_received);
    for (size_t i = 0; i < kVerdictCount; ++i) sums.verdicts[i] += read(counts.verdicts[i]);
  }
  return sums;
}

std::string LineOf(const Sums& before, const Sums& now, double seconds) {
  return absl::StrFormat("%12.0f sent/s %12.0f received/s   %d under way   %d wrong",
                         static_cast<double>(now.sent - before.sent) / seconds,
                         static_cast<double>(now.received - before.received) / seconds, now.lost(),
                         now.wrong());
}

std::string TextOf(const Generators& generators) {
  const Result result = ResultOf(generators);
  const Sums& sums = result.sums;
  std::string text = absl::StrFormat(
      "sent      %d in %.2f s, %.0f a second\n"
      "received  %d, %.0f a second; lost %d (%.4f %%)\n"
      "checked   %d, wrong %d\n",
      sums.sent, result.seconds, result.rate(sums.sent), sums.received, result.rate(sums.received),
      sums.lost(),
      sums.sent == 0 ? 0.0
                     : 100.0 * static_cast<double>(sums.lost()) / static_cast<double>(sums.sent),
      sums.checked, sums.wrong());
  for (size_t i = 1; i < kVerdictCount; ++i) {
    if (sums.verdicts[i] == 0) continue;
    absl::StrAppendFormat(&text, "          %d %s\n", sums.verdicts[i],
                          std::string(WordOf(static_cast<Verdict>(i))));
  }
  if (sums.unexpected + sums.foreign + sums.held_back != 0) {
    absl::StrAppendFormat(&text,
                          "beside    %d unexpected answers, %d foreign frames, %d held back\n",
                          sums.unexpected, sums.foreign, sums.held_back);
  }
  text += "latency  " + PercentilesOf(result.latency_ns);
  if (sums.trickle_sent != 0) {
    absl::StrAppendFormat(&text, "trickle   %d sent, %d received\nlatency  %s", sums.trickle_sent,
                          sums.trickle_received, PercentilesOf(result.trickle_ns));
  }
  return text;
}

std::string JsonOf(const Generators& generators) {
  const Result result = ResultOf(generators);
  const Sums& sums = result.sums;
  boost::json::object verdicts;
  for (size_t i = 0; i < kVerdictCount; ++i) {
    verdicts[std::string(WordOf(static_cast<Verdict>(i)))] = sums.verdicts[i];
  }
  boost::json::object object = {{"sent", sums.sent},
                                {"received", sums.received},
                                {"lost", sums.lost()},
                                {"checked", sums.checked},
                                {"wrong", sums.wrong()},
                                {"verdicts", verdicts},
                                {"unexpected", sums.unexpected},
                                {"foreign", sums.foreign},
                                {"held_back", sums.held_back},
                                {"seconds", result.seconds},
                                {"sent_per_second", result.rate(sums.sent)},
                                {"received_per_second", result.rate(sums.received)},
                                {"latency_us", JsonOf(result.latency_ns)}};
  if (sums.trickle_sent != 0) {
    object["trickle"] = {{"sent", sums.trickle_sent},
                         {"received", sums.trickle_received},
                         {"latency_us", JsonOf(result.trickle_ns)}};
  }
  return boost::json::serialize(object) + "\n";
}

}  // namespace understudy::load
