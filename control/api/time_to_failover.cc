#include "control/api/time_to_failover.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

std::string TextOf(absl::Duration duration) { return absl::FormatDuration(duration); }

// Over UDP there is nothing to connect, unless a name has to be resolved first.
bool ConnectsForDns(const HealthCheck& check) {
  return check.dns.over_tcp || check.address.empty();
}

// The longest one attempt may take (control/health/README.md, "Timing of one attempt").
absl::Duration LongestAttempt(const HealthCheck& check) {
  switch (check.type) {
    case CheckType::kTcp:
      return check.connect_timeout;
    case CheckType::kHttp:
    case CheckType::kHttps:
    case CheckType::kHttpStrMatch:
    case CheckType::kHttpsStrMatch:
      // Status line, and from there to the end of the header and the decision about the body.
      return check.connect_timeout + 2 * check.response_timeout;
    case CheckType::kDns:
      return (ConnectsForDns(check) ? check.connect_timeout : absl::ZeroDuration()) +
             check.response_timeout;
    case CheckType::kExec:
      return check.response_timeout;
    case CheckType::kPush:
    case CheckType::kCalculated:
      break;
  }
  return absl::ZeroDuration();
}

std::string AttemptSource(const HealthCheck& check) {
  const std::string connect = absl::StrCat("connect_timeout ", TextOf(check.connect_timeout));
  const std::string response = absl::StrCat("response_timeout ", TextOf(check.response_timeout));
  switch (check.type) {
    case CheckType::kTcp:
      return connect;
    case CheckType::kHttp:
    case CheckType::kHttps:
    case CheckType::kHttpStrMatch:
    case CheckType::kHttpsStrMatch:
      return absl::StrCat(connect, " + 2 x ", response, " (status line, then the rest)");
    case CheckType::kDns:
      return ConnectsForDns(check) ? absl::StrCat(connect, " + ", response) : response;
    case CheckType::kExec:
      return response;
    case CheckType::kPush:
    case CheckType::kCalculated:
      break;
  }
  return "";
}

// The check turns to `healthy`: the terms, or why it never does by itself.
struct Detection {
  std::vector<Term> terms;
  std::string never;
};
absl::Duration SumOf(const std::vector<Term>& terms) {
  absl::Duration sum;
  for (const Term& term : terms) sum += term.takes;
  return sum;
}

Detection OfProbed(const HealthCheck& check, bool healthy) {
  // An inverted check turns healthy by failing.
  const bool by_success = healthy != check.inverted;
  const uint32_t threshold = by_success ? check.success_threshold : check.failure_threshold;
  Term term;
  term.what = absl::StrCat("check ", check.name, " turns ", healthy ? "healthy" : "unhealthy");
  term.takes = threshold * (check.interval + LongestAttempt(check));
  term.source =
      absl::StrCat(threshold, by_success ? " successes" : " failures", " x (interval ",
                   TextOf(check.interval), " + attempt of at most ", AttemptSource(check), ")");
  return {{std::move(term)}, ""};
}

Detection OfPush(const HealthCheck& check, bool healthy) {
  const std::string silence = absl::StrCat("check ", check.name, " is told from outside: ");
  if (healthy || check.on_expiry != OnExpiry::kUnhealthy) {
    return {{}, absl::StrCat(silence, "it turns when somebody says so")};
  }
  return {{{absl::StrCat("check ", check.name, " turns unhealthy"), check.expiry,
            absl::StrCat("expiry ", TextOf(check.expiry), ": who says it falls silent too")}},
          ""};
}

Detection DetectionOf(const CheckStanding& check, bool healthy);

// All children turn at the same moment. Enough of them have, when the n-th fastest has.
Detection OfCalculated(const CheckStanding& check, bool healthy) {
  const size_t children = check.children.size();
  const size_t threshold = check.definition->health_threshold;
  if (threshold == 0 || threshold > children) {
    return {{},
            absl::StrCat("check ", check.definition->name, " is always the same: health_threshold ",
                         threshold, " of ", children, " children")};
  }
  // Healthy with `threshold` healthy ones; unhealthy when more than the others are gone.
  const bool children_healthy = healthy != check.definition->inverted;
  const size_t needed = children_healthy ? threshold : children - threshold + 1;
  std::vector<Detection> turns;
  for (const CheckStanding* child : check.children) {
    Detection turn = DetectionOf(*child, children_healthy);
    if (turn.never.empty()) turns.push_back(std::move(turn));
  }
  if (turns.size() < needed) {
    return {{},
            absl::StrCat("check ", check.definition->name, " needs ", needed,
                         " children to turn, of which ", turns.size(), " ever do")};
  }
  std::ranges::sort(turns, {}, [](const Detection& turn) { return SumOf(turn.terms); });
  Detection last = std::move(turns[needed - 1]);
  last.terms.front().source =
      absl::StrCat(last.terms.front().source, "; it is the child of ", check.definition->name,
                   " that decides (", needed, " of ", children, " turn)");
  return last;
}

Detection DetectionOf(const CheckStanding& check, bool healthy) {
  const HealthCheck& definition = *check.definition;
  if (definition.disabled) {
    return {{}, absl::StrCat("check ", definition.name, " is disabled")};
  }
  if (definition.type == CheckType::kCalculated) return OfCalculated(check, healthy);
  if (definition.type == CheckType::kPush) return OfPush(definition, healthy);
  return OfProbed(definition, healthy);
}

Term PublicationOf(const MeasuredPublication& measured) {
  if (measured.count == 0) {
    return {"publication", absl::ZeroDuration(),
            "not measured yet: no worker was answering packets when sides changed"};
  }
  return {"publication", measured.slowest,
          absl::StrCat("slowest of ", measured.count,
                       " measured, until every worker answers from it (events "
                       "selection_observed)")};
}

Turn TurnOf(const GroupStanding& group, size_t tier, bool regain,
            const MeasuredPublication& measured) {
  Turn turn;
  turn.tier = group.tiers[tier].name;
  const CheckStanding* check = group.tiers[tier].check;
  if (check == nullptr) {
    turn.never = absl::StrCat(turn.tier, " has no check: it counts as healthy");
    return turn;
  }
  turn.check = check->definition->name;
  Detection detection = DetectionOf(*check, regain);
  turn.terms = std::move(detection.terms);
  turn.never = std::move(detection.never);
  const Failback& failback = group.policy.failback;
  if (regain && failback.mode == FailbackMode::kManual) {
    turn.never = "failback is manual: it waits for an operator";
  } else if (regain) {
    turn.terms.push_back({"hold-down", failback.hold_down,
                          absl::StrCat("failback hold_down ", TextOf(failback.hold_down))});
  }
  turn.terms.push_back(PublicationOf(measured));
  // The values of this tier are kept when it is lost; those of the ones below when it is back.
  std::map<uint16_t, uint32_t> longest;
  for (const RecordTtl& ttl : group.ttls) {
    if (regain ? ttl.tier <= tier : ttl.tier != tier) continue;
    longest[ttl.type] = std::max(longest[ttl.type], ttl.longest_s);
  }
  for (const auto& [type, ttl_s] : longest) turn.kept.push_back({type, ttl_s});
  return turn;
}

std::vector<std::string> NotesOf(const GroupStanding& group) {
  std::vector<std::string> notes = {
      "worst case: the endpoint swallows every attempt; one that refuses connections is found out "
      "within threshold x interval",
      "a resolver that keeps answers longer than their TTL, and a client that keeps its "
      "connection, "
      "are not counted",
      "while health is frozen, by an operator or by self-doubt, nothing turns at all"};
  const Failback& failback = group.policy.failback;
  if (failback.mode == FailbackMode::kAutomatic && failback.damping.max > failback.hold_down) {
    notes.push_back(
        absl::StrCat("a group that fails over again and again is held down longer, up "
                     "to ",
                     TextOf(failback.damping.max), " (damping)"));
  }
  std::map<uint16_t, size_t> tiers;
  for (const RecordTtl& ttl : group.ttls) ++tiers[ttl.type];
  for (const auto& [type, count] : tiers) {
    if (count == group.tiers.size()) continue;
    notes.push_back(absl::StrCat(TypeToText(type),
                                 " has no value on some sides: resolvers keep that for the zone's "
                                 "negative TTL, which is not counted (RFC 2308)"));
  }
  return notes;
}

json::array TurnsView(const std::vector<Turn>& turns) {
  json::array view;
  for (const Turn& turn : turns) {
    json::object one{{"side", turn.tier}, {"check", turn.check}};
    json::array terms, kept;
    for (const Term& term : turn.terms) {
      terms.push_back(json::object{{"what", term.what},
                                   {"takes_s", absl::ToDoubleSeconds(term.takes)},
                                   {"source", term.source}});
    }
    const double source_s = absl::ToDoubleSeconds(turn.AtTheSource());
    for (const Kept& ttl : turn.kept) {
      kept.push_back(json::object{
          {"type", TypeToText(ttl.type)}, {"ttl_s", ttl.ttl_s}, {"total_s", source_s + ttl.ttl_s}});
    }
    one["terms"] = std::move(terms);
    one["ttls"] = std::move(kept);
    const bool ends = turn.never.empty();
    one["at_the_source_s"] = ends ? json::value(source_s) : json::value(nullptr);
    one["total_s"] =
        ends ? json::value(absl::ToDoubleSeconds(turn.Everywhere())) : json::value(nullptr);
    one["never"] = ends ? json::value(nullptr) : json::value(turn.never);
    view.push_back(std::move(one));
  }
  return view;
}

}  // namespace

void MeasuredPublication::Add(const Event& event) {
  if (event.kind != EventKind::kSelectionObserved || event.took <= absl::ZeroDuration()) return;
  ++count;
  slowest = std::max(slowest, event.took);
}

absl::Duration Turn::AtTheSource() const { return SumOf(terms); }

absl::Duration Turn::Everywhere() const {
  uint32_t longest_s = 0;
  for (const Kept& ttl : kept) longest_s = std::max(longest_s, ttl.ttl_s);
  return AtTheSource() + absl::Seconds(longest_s);
}

TimeToFailover TimeToFailoverOf(const GroupStanding& group, const MeasuredPublication& measured) {
  TimeToFailover time;
  time.group = group.name;
  for (size_t tier = 0; tier < group.tiers.size(); ++tier) {
    time.loss.push_back(TurnOf(group, tier, false, measured));
    if (tier + 1 < group.tiers.size()) time.regain.push_back(TurnOf(group, tier, true, measured));
  }
  time.notes = NotesOf(group);
  return time;
}

json::object TimeToFailoverView(const TimeToFailover& time) {
  json::array notes;
  for (const std::string& note : time.notes) notes.emplace_back(note);
  return {{"group", time.group},
          {"loss", TurnsView(time.loss)},
          {"regain", TurnsView(time.regain)},
          {"notes", std::move(notes)}};
}

}  // namespace understudy::control
