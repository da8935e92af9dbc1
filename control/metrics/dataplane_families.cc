// What the dataplane reports, as control reads it in shared memory.
#include <algorithm>

#include "control/metrics/families.h"
#include "dataplane/contract/outcome.h"
#include "dataplane/contract/report.h"

namespace understudy::control {
namespace {

Samples OutcomesIn(const contract::Tally& tally) {
  Samples samples;
  for (size_t i = 0; i < contract::kOutcomeCount; ++i) {
    samples.push_back(Counter(static_cast<double>(tally.outcomes[i]),
                              {{"outcome", contract::kOutcomeTexts[i].word}}));
  }
  return samples;
}

Samples AnsweredIn(const contract::Tally& tally) {
  Samples samples;
  for (size_t i = 0; i < contract::kAnsweredByCount; ++i) {
    samples.push_back(Counter(static_cast<double>(tally.answered_by[i]),
                              {{"answered_by", contract::kAnsweredByWords[i]}}));
  }
  return samples;
}

void AddCounters(const contract::ReportReader& reader, Families& to) {
  const contract::Tally tally = reader.Sum();
  to.push_back(CounterFamily("understudy_packets_received_total",
                             "Frames and messages that came in; the sum of all outcomes.",
                             {Counter(static_cast<double>(tally.received))}));
  to.push_back(CounterFamily("understudy_packets_total",
                             "Frames and messages, by what became of them.", OutcomesIn(tally)));
  to.push_back(CounterFamily("understudy_answers_total",
                             "Positive answers, by what their records were chosen by.",
                             AnsweredIn(tally)));
}

void AddTables(const contract::ReportSegment& report, Families& to) {
  to.push_back(GaugeFamily("understudy_dataplane_table_generation",
                           "Generation of the table the dataplane answers from.",
                           {Gauge(static_cast<double>(report.table_generation.load()))}));
  to.push_back(CounterFamily("understudy_dataplane_tables_adopted_total",
                             "Tables the dataplane adopted.",
                             {Counter(static_cast<double>(report.adopted_count.load()))}));
  to.push_back(CounterFamily("understudy_dataplane_tables_refused_total",
                             "Tables the dataplane refused.",
                             {Counter(static_cast<double>(report.refused_count.load()))}));
}

void AddControlAsSeen(const contract::ReportReader& reader, Families& to) {
  const contract::ReportSegment& report = *reader.operator->();
  to.push_back(GaugeFamily("understudy_dataplane_control_stale",
                           "1 while the dataplane finds control's heartbeat late.",
                           {Gauge(static_cast<double>(report.control_stale.load()))}));
  to.push_back(CounterFamily("understudy_dataplane_control_stale_total",
                             "Times control's heartbeat became late.",
                             {Counter(static_cast<double>(report.control_stale_count.load()))}));
  to.push_back(CounterFamily("understudy_dataplane_stale_bursts_total",
                             "Bursts that were answered while control's heartbeat was late.",
                             {Counter(static_cast<double>(reader.StaleAnswers()))}));
}

}  // namespace

Families DataplaneFamilies(const Engine& engine) {
  Families families;
  const Publisher& publisher = engine.publisher();
  families.push_back(GaugeFamily("understudy_dataplane_up", "1 while a dataplane is running.",
                                 {Gauge(publisher.dataplane_alive() ? 1 : 0)}));
  const contract::ReportReader* reader = publisher.report();
  if (reader == nullptr) return families;
  const contract::ReportSegment& report = *reader->operator->();
  const uint64_t now_ns = contract::MonotonicNs();
  const uint64_t workers = std::min<uint64_t>(report.worker_count.load(), contract::kMaxWorkers);
  families.push_back(GaugeFamily("understudy_dataplane_heartbeat_age_seconds",
                                 "Since the dataplane's last heartbeat.",
                                 {Gauge(Age_s(report.heartbeat_ns.load(), now_ns))}));
  families.push_back(GaugeFamily("understudy_dataplane_uptime_seconds",
                                 "Since the dataplane was started.",
                                 {Gauge(Age_s(report.started_ns.load(), now_ns))}));
  families.push_back(GaugeFamily("understudy_dataplane_workers", "Workers of the dataplane.",
                                 {Gauge(static_cast<double>(workers))}));
  AddTables(report, families);
  AddControlAsSeen(*reader, families);
  AddCounters(*reader, families);
  return families;
}

}  // namespace understudy::control
