// What is told of each check and of each group.
#include <limits>

#include "control/metrics/families.h"

namespace understudy::control {
namespace {

using prometheus::MetricType;

double UnixTime_s(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

void AddVerdict(const CheckStanding& check, const Told&, Samples& to) {
  to.push_back(Gauge(check.healthy ? 1 : 0, {{"check", check.definition->name}}));
}

void AddProbes(const CheckStanding& check, const Told&, Samples& to) {
  const std::string& name = check.definition->name;
  to.push_back(Counter(static_cast<double>(check.verdict.successes),
                       {{"check", name}, {"result", "success"}}));
  to.push_back(Counter(static_cast<double>(check.verdict.failures),
                       {{"check", name}, {"result", "failure"}}));
}

void AddLastDuration(const CheckStanding& check, const Told&, Samples& to) {
  if (check.verdict.last.started == absl::InfinitePast()) return;
  to.push_back(
      Gauge(absl::ToDoubleSeconds(check.verdict.last.took), {{"check", check.definition->name}}));
}

void AddLastProbe(const CheckStanding& check, const Told&, Samples& to) {
  if (check.verdict.last.started == absl::InfinitePast()) return;
  to.push_back(Gauge(UnixTime_s(check.verdict.last.started), {{"check", check.definition->name}}));
}

void AddCertificate(const CheckStanding& check, const Told&, Samples& to) {
  if (check.certificate_ends == absl::InfiniteFuture()) return;
  to.push_back(Gauge(UnixTime_s(check.certificate_ends), {{"check", check.definition->name}}));
}

// 1 for the side that is answered, or for all of them; what is answered instead of any side has a
// sample of its own.
void AddActive(const GroupStanding& group, const Told&, Samples& to) {
  const size_t choice = static_cast<size_t>(group.decision.choice);
  const size_t sides = group.tiers.size();
  const bool all = group.decision.choice == AllOf(sides);
  for (size_t side = 0; side < sides; ++side) {
    to.push_back(Gauge(all || side == choice ? 1 : 0,
                       {{"group", group.name}, {"side", group.tiers[side].name}}));
  }
  if (choice > sides) {
    to.push_back(Gauge(1, {{"group", group.name}, {"side", WordOf(group, group.decision.choice)}}));
  }
}

// By the table the dataplane answers from; before that by those it had.
void AddAnswers(const GroupStanding& group, const Told& told, Samples& to) {
  const GroupAnswers answers = told.publisher.AnswersOf(group.name);
  for (size_t side = 0; side < answers.sides.size(); ++side) {
    to.push_back(
        Counter(static_cast<double>(answers.sides[side]),
                {{"group", group.name}, {"side", WordOf(group, static_cast<Choice>(side))}}));
  }
  to.push_back(
      Counter(static_cast<double>(answers.instead), {{"group", group.name}, {"side", "none"}}));
}

void AddAllDown(const GroupStanding& group, const Told&, Samples& to) {
  to.push_back(Gauge(group.decision.cause == Cause::kAllDown ? 1 : 0, {{"group", group.name}}));
}

void AddChanged(const GroupStanding& group, const Told&, Samples& to) {
  if (group.changed_at == absl::InfinitePast()) return;
  to.push_back(Gauge(UnixTime_s(group.changed_at), {{"group", group.name}}));
}

// Calls `add` with every override of the group, its kind and its side.
template <typename Add>
void ForOverrides(const GroupStanding& group, Add add) {
  if (group.forced) add(*group.forced, "force", WordOf(group, group.forced->side));
  for (const TierStanding& tier : group.tiers) {
    if (tier.drained) add(*tier.drained, "drain", std::string_view(tier.name));
  }
}

void AddOverrideAge(const GroupStanding& group, const Told& told, Samples& to) {
  ForOverrides(group, [&](const Override& override, std::string_view kind, std::string_view side) {
    to.push_back(Gauge(absl::ToDoubleSeconds(told.now.wall - override.since),
                       {{"group", group.name}, {"kind", kind}, {"side", side}}));
  });
}

void AddOverrideRemaining(const GroupStanding& group, const Told& told, Samples& to) {
  ForOverrides(group, [&](const Override& override, std::string_view kind, std::string_view side) {
    to.push_back(Gauge(absl::ToDoubleSeconds(override.until - told.now.wall),
                       {{"group", group.name}, {"kind", kind}, {"side", side}}));
  });
}

}  // namespace

const std::vector<EachFamily<CheckStanding>>& FamiliesOfChecks() {
  static const std::vector<EachFamily<CheckStanding>> families = {
      {"understudy_check_healthy", "1 when groups go by the check as healthy.", MetricType::Gauge,
       AddVerdict},
      {"understudy_probes_total", "Conclusive probes, since the check was first configured.",
       MetricType::Counter, AddProbes},
      {"understudy_check_last_probe_duration_seconds", "How long the last probe took.",
       MetricType::Gauge, AddLastDuration},
      {"understudy_check_last_probe_timestamp_seconds", "When the last probe began.",
       MetricType::Gauge, AddLastProbe},
      {"understudy_check_certificate_expiry_timestamp_seconds",
       "When the first of the endpoint's certificates ends, as it was last seen.",
       MetricType::Gauge, AddCertificate},
  };
  return families;
}

const std::vector<EachFamily<GroupStanding>>& FamiliesOfGroups() {
  static const std::vector<EachFamily<GroupStanding>> families = {
      {"understudy_group_active", "1 for the side of the group that is answered.",
       MetricType::Gauge, AddActive},
      {"understudy_group_answers_total",
       "Answers for names of the group, by the side they were of; none: what is said instead.",
       MetricType::Counter, AddAnswers},
      {"understudy_group_all_down", "1 while no side of the group is available.", MetricType::Gauge,
       AddAllDown},
      {"understudy_group_changed_timestamp_seconds", "When the group last changed its answer.",
       MetricType::Gauge, AddChanged},
      {"understudy_override_age_seconds", "Since when the group is forced, or a side is drained.",
       MetricType::Gauge, AddOverrideAge},
      {"understudy_override_remaining_seconds", "Until the override ends; +Inf when it does not.",
       MetricType::Gauge, AddOverrideRemaining},
  };
  return families;
}

}  // namespace understudy::control
