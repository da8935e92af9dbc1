// What control tells of itself and of its API.
#include "control/metrics/families.h"

namespace understudy::control {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

double UnixTime_s(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

void AddProbes(const Tallies& tallies, Families& to) {
  MetricFamily durations{"understudy_probe_duration_seconds",
                         "How long conclusive probes took, by type of check.",
                         MetricType::Histogram,
                         {}};
  Samples inconclusive, failures;
  for (size_t type = 0; type < kCheckTypeCount; ++type) {
    const std::string_view word = kCheckTypeWords[type];
    durations.metric.push_back(Sample(tallies.probe_durations()[type], {{"type", word}}));
    inconclusive.push_back(
        Counter(static_cast<double>(tallies.inconclusive()[type]), {{"type", word}}));
    for (size_t stage = 0; stage < kProbeStageCount; ++stage) {
      failures.push_back(Counter(static_cast<double>(tallies.failures()[type][stage]),
                                 {{"type", word}, {"stage", kProbeStageWords[stage]}}));
    }
  }
  to.push_back(std::move(durations));
  to.push_back(CounterFamily("understudy_probe_failures_total",
                             "Conclusive probes that failed, by how far they came.",
                             std::move(failures)));
  to.push_back(CounterFamily("understudy_probes_inconclusive_total",
                             "Probes that this host could not carry out, which count for nothing.",
                             std::move(inconclusive)));
}

void AddChanges(const Tallies& tallies, Families& to) {
  Samples events, transitions;
  for (size_t kind = 0; kind < kEventKindCount; ++kind) {
    events.push_back(Counter(static_cast<double>(tallies.events()[kind]),
                             {{"kind", WordOf(static_cast<EventKind>(kind))}}));
  }
  for (const auto& [cause, count] : tallies.transitions()) {
    transitions.push_back(Counter(static_cast<double>(count), {{"cause", cause}}));
  }
  to.push_back(
      CounterFamily("understudy_events_total", "Events since the start.", std::move(events)));
  to.push_back(CounterFamily("understudy_group_transitions_total",
                             "Times a group changed its answer, by cause.",
                             std::move(transitions)));
  to.push_back({"understudy_publication_latency_seconds",
                "From a decision until every worker answers by it.",
                MetricType::Histogram,
                {Sample(tallies.publication())}});
}

void AddTable(const Engine& engine, Families& to) {
  const Publisher& publisher = engine.publisher();
  to.push_back(GaugeFamily("understudy_table_published",
                           "1 when the configuration that was loaded last is published.",
                           {Gauge(engine.table_health().ok() ? 1 : 0)}));
  to.push_back(GaugeFamily("understudy_selection_generation",
                           "Generation of the choices that are live.",
                           {Gauge(static_cast<double>(publisher.selection_generation()))}));
  const Observation seen = publisher.Observe(publisher.selection_generation());
  to.push_back(GaugeFamily("understudy_selection_workers_behind",
                           "Workers that do not answer by the newest choices yet.",
                           {Gauge(static_cast<double>(seen.workers - seen.observed))}));
  const contract::Table* table = publisher.table();
  if (table == nullptr) return;
  const absl::Time created = absl::FromUnixNanos(table->header().created_unix_ns);
  to.push_back(GaugeFamily("understudy_table_generation", "Generation of the published table.",
                           {Gauge(static_cast<double>(table->generation()))}));
  to.push_back(GaugeFamily("understudy_table_created_timestamp_seconds",
                           "When the published table was written.", {Gauge(UnixTime_s(created))}));
  to.push_back(GaugeFamily("understudy_table_age_seconds", "Age of the published table.",
                           {Gauge(absl::ToDoubleSeconds(engine.now().wall - created))}));
  to.push_back(GaugeFamily("understudy_table_bytes", "Size of the published table.",
                           {Gauge(static_cast<double>(table->header().file_size))}));
}

}  // namespace

Families ControlFamilies(const Engine& engine, const Tallies& tallies) {
  Families families;
  families.push_back(GaugeFamily("understudy_build_info", "1, with the version of control.",
                                 {Gauge(1, {{"version", UNDERSTUDY_VERSION}})}));
  families.push_back(GaugeFamily("understudy_control_start_time_seconds",
                                 "When control was started.",
                                 {Gauge(UnixTime_s(engine.started_at()))}));
  families.push_back(
      GaugeFamily("understudy_control_heartbeat_age_seconds",
                  "Since control's last heartbeat in shared memory.",
                  {Gauge(Age_s(engine.publisher().beat_ns(), contract::MonotonicNs()))}));
  families.push_back(GaugeFamily("understudy_state_durable",
                                 "1 when what control remembers is on disk.",
                                 {Gauge(engine.state_health().ok() ? 1 : 0)}));
  families.push_back(GaugeFamily("understudy_control_reloading",
                                 "1 while a configuration is read and its table is written.",
                                 {Gauge(engine.reloading() ? 1 : 0)}));
  const std::optional<Freeze>& freeze = engine.standing().freeze();
  families.push_back(
      GaugeFamily("understudy_frozen", "1 while health stands still, by whom it was frozen.",
                  {Gauge(freeze && freeze->by_operator ? 1 : 0, {{"by", "operator"}}),
                   Gauge(freeze && !freeze->by_operator ? 1 : 0, {{"by", "self_doubt"}})}));
  families.push_back(GaugeFamily("understudy_checks", "Health checks that are configured.",
                                 {Gauge(static_cast<double>(engine.standing().checks().size()))}));
  families.push_back(GaugeFamily("understudy_groups", "Failover groups that are configured.",
                                 {Gauge(static_cast<double>(engine.standing().groups().size()))}));
  AddTable(engine, families);
  AddProbes(tallies, families);
  AddChanges(tallies, families);
  return families;
}

Families ApiFamilies(const Tallies& tallies, const DoorCounts& doors) {
  Families families;
  Samples requests;
  for (const auto& [request, count] : tallies.requests()) {
    requests.push_back(
        Counter(static_cast<double>(count),
                {{"route", request.first}, {"code", std::to_string(request.second)}}));
  }
  families.push_back(CounterFamily("understudy_api_requests_total",
                                   "Requests that were answered on the loop, by route and code.",
                                   std::move(requests)));
  families.push_back(GaugeFamily("understudy_api_local_connections",
                                 "Open connections over the Unix socket.",
                                 {Gauge(static_cast<double>(doors.open))}));
  if (!doors.has_remote) return families;
  families.push_back(CounterFamily("understudy_api_remote_connections_total",
                                   "Connections over TCP that were accepted.",
                                   {Counter(static_cast<double>(doors.accepted))}));
  families.push_back(CounterFamily("understudy_api_remote_displaced_total",
                                   "Connections over TCP that had to make room, or found none.",
                                   {Counter(static_cast<double>(doors.displaced))}));
  families.push_back(
      CounterFamily("understudy_api_remote_refused_total",
                    "Requests over TCP without a good token (401), or that may only read (403).",
                    {Counter(static_cast<double>(doors.unauthorized), {{"code", "401"}}),
                     Counter(static_cast<double>(doors.forbidden), {{"code", "403"}})}));
  families.push_back(GaugeFamily("understudy_api_certificate_expiry_timestamp_seconds",
                                 "When the certificate of the API ends.",
                                 {Gauge(static_cast<double>(doors.certificate_expires_s))}));
  return families;
}

}  // namespace understudy::control
