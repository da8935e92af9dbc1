#include "control/engine/dataplane_watch.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/contract/table.h"

namespace understudy::control {
namespace {

Event Of(EventKind kind, std::string subject, std::string detail) {
  Event event;
  event.kind = kind;
  event.subject = std::move(subject);
  event.detail = std::move(detail);
  return event;
}

// The word is the other side's: a number beyond our list is of a later version.
std::string ReasonText(uint64_t reason) {
  if (reason > static_cast<uint64_t>(contract::Refusal::kStructure)) {
    return absl::StrCat("reason ", reason);
  }
  return std::string(WordOf(static_cast<contract::Refusal>(reason)));
}

}  // namespace

std::vector<Event> DataplaneWatch::Look(const Publisher& publisher) {
  std::vector<Event> events;
  const contract::ReportReader* reader = publisher.dataplane_alive() ? publisher.report() : nullptr;
  // A dataplane that holds its lock but has no report yet has not appeared: what is there is still
  // the report of the one that vanished.
  if (reader != nullptr && !alive_ && (*reader)->started_ns.load() == started_ns_) reader = nullptr;
  LookAtLives(reader, events);
  if (reader != nullptr) LookAtTables(*reader->operator->(), events);
  return events;
}

// `reader`: null when no dataplane lives.
void DataplaneWatch::LookAtLives(const contract::ReportReader* reader, std::vector<Event>& events) {
  const bool alive = reader != nullptr;
  const uint64_t started_ns = alive ? (*reader)->started_ns.load() : 0;
  const bool other_life = alive && started_ns != started_ns_;
  // An older life comes back when the one it handed over to did not get to serve.
  const bool taken_over =
      alive_ && other_life && ((*reader)->predecessor.load() != 0 || started_ns < started_ns_);
  if (alive_ && (!alive || (other_life && !taken_over))) {
    events.push_back(Of(EventKind::kDataplaneVanished, "", ""));
  }
  if (alive && (!alive_ || other_life)) {
    const int64_t pid = (*reader)->pid.load();
    Event event = Of(taken_over ? EventKind::kDataplaneTakenOver : EventKind::kDataplaneAppeared,
                     "", taken_over ? "" : absl::StrCat("process ", pid));
    if (taken_over) {
      event.from = absl::StrCat("process ", pid_);
      event.to = absl::StrCat("process ", pid);
    } else {
      refused_count_ = 0;
    }
    events.push_back(std::move(event));
    started_ns_ = started_ns;
    pid_ = pid;
    adopted_ = 0;
  }
  alive_ = alive;
}

void DataplaneWatch::TablePublished(uint64_t generation, uint64_t at_ns) {
  published_generation_ = generation;
  published_ns_ = at_ns;
}

void DataplaneWatch::LookAtTables(const contract::ReportSegment& report,
                                  std::vector<Event>& events) {
  const uint64_t adopted = report.table_generation.load();
  if (adopted != adopted_) {
    Event event = Of(EventKind::kTableAdopted, absl::StrCat(adopted), "");
    const uint64_t at_ns = report.adopted_ns.load();
    if (adopted == published_generation_ && at_ns > published_ns_) {
      event.took = absl::Nanoseconds(static_cast<int64_t>(at_ns - published_ns_));
    }
    events.push_back(std::move(event));
    adopted_ = adopted;
  }
  const uint64_t refused_count = report.refused_count.load();
  if (refused_count > refused_count_) {
    events.push_back(Of(
        EventKind::kTableRefused, absl::StrCat(report.refused_generation.load()),
        absl::StrCat(ReasonText(report.refused_reason.load()), ", table ", adopted, " goes on")));
  }
  refused_count_ = refused_count;
}

}  // namespace understudy::control
