#include "control/event/event.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

struct KindText {
  std::string_view word;
  std::string_view people;  // "$" stands for the subject
};
constexpr std::array<KindText, kEventKindCount> kTexts = {{
    {"control_started", "control started"},
    {"control_stopped", "control stopped"},
    {"check_unhealthy", "check $ became unhealthy"},
    {"check_healthy", "check $ became healthy"},
    {"group_changed", "group $ changed side"},
    {"group_all_down", "group $ has no healthy side"},
    {"forced", "group $ forced"},
    {"released", "group $ released"},
    {"override_expired", "override of group $ expired"},
    {"override_dropped", "override of group $ dropped"},
    {"table_published", "table $ published"},
    {"table_failed", "table could not be published"},
    {"table_adopted", "table $ adopted by the dataplane"},
    {"table_refused", "table $ refused by the dataplane"},
    {"reload_failed", "reload failed, the old configuration goes on"},
    {"dataplane_appeared", "dataplane appeared"},
    {"dataplane_vanished", "dataplane vanished"},
    {"selection_observed", "selection $ seen"},
    {"selection_unobserved", "selection $ not seen by all workers"},
    {"publication_failed", "publication failed"},
    {"state_trouble", "state is not durable"},
    {"state_restored", "state is durable again"},
    {"reload_asked", "reload asked for"},
    {"drained", "a side of group $ drained"},
    {"failed_back", "group $ told to go back"},
    {"frozen", "health is frozen as it was"},
    {"thawed", "health is followed again"},
    {"configuration_applied", "configuration $ applied"},
    {"configuration_forgotten", "the applied configuration forgotten, $ is served"},
    {"access_trouble", "tokens or certificate of the API are unusable, the old ones go on"},
    {"dataplane_taken_over", "dataplane taken over"},
}};

std::string Headline(const Event& event) {
  std::string text(kTexts[static_cast<size_t>(event.kind)].people);
  const size_t place = text.find('$');
  if (place != std::string::npos) text.replace(place, 1, event.subject);
  return text;
}

}  // namespace

std::string_view WordOf(EventKind kind) { return kTexts[static_cast<size_t>(kind)].word; }

std::optional<EventKind> EventKindOf(std::string_view word) {
  for (size_t i = 0; i < kTexts.size(); ++i) {
    if (kTexts[i].word == word) return static_cast<EventKind>(i);
  }
  return std::nullopt;
}

std::string Sentence(const Event& event) {
  std::string text = Headline(event);
  if (!event.from.empty() && event.from != event.to) {
    absl::StrAppend(&text, " from ", event.from, " to ", event.to);
  } else if (!event.to.empty()) {
    absl::StrAppend(&text, " to ", event.to);
  }
  if (!event.cause.empty()) absl::StrAppend(&text, " (", event.cause, ")");
  if (!event.detail.empty()) absl::StrAppend(&text, ": ", event.detail);
  if (!event.reason.empty()) absl::StrAppend(&text, ", reason: ", event.reason);
  if (!event.author.empty()) absl::StrAppend(&text, ", by ", event.author);
  if (event.took > absl::ZeroDuration()) {
    absl::StrAppend(&text, ", after ", absl::FormatDuration(event.took));
  }
  if (event.selection != 0) absl::StrAppend(&text, " [selection ", event.selection, "]");
  return text;
}

}  // namespace understudy::control
