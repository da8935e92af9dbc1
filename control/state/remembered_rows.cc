#include "control/state/remembered_rows.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "control/event/event_log.h"
#include "control/state/statement.h"

namespace understudy::control {
namespace {

// What is in the file is not trusted: anything that is neither tier nor policy is the primary.
Choice ChoiceFrom(int64_t value) {
  const auto choice = static_cast<Choice>(std::clamp<int64_t>(value, 0, 255));
  return static_cast<size_t>(choice) <= kMaxTiers || contract::IsPolicy(choice) ? choice
                                                                                : Choice::kPrimary;
}
uint8_t TierFrom(int64_t value) {
  return static_cast<uint8_t>(std::clamp<int64_t>(value, 0, kMaxTiers - 1));
}
std::vector<std::string> NamesFrom(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}
std::optional<OverrideKind> OverrideKindOf(std::string_view word) {
  for (const OverrideKind kind :
       {OverrideKind::kForce, OverrideKind::kDrain, OverrideKind::kFreeze}) {
    if (WordOf(kind) == word) return kind;
  }
  return std::nullopt;
}

absl::Status LoadChecks(sqlite3* handle, Remembered& remembered) {
  Statement query(handle,
                  "SELECT name, fingerprint, healthy, contrary, successes, failures, changed_at, "
                  "last_success, last_reason, last_started, last_took, shown_healthy, shown_since, "
                  "agreeing, expires_at FROM checks");
  while (query.Next()) {
    RememberedCheck& check = remembered.checks[query.Text()];
    check.fingerprint = query.Text();
    check.verdict.healthy = query.Integer() != 0;
    check.verdict.contrary = static_cast<uint32_t>(std::clamp<int64_t>(query.Integer(), 0, 1000));
    check.verdict.successes = static_cast<uint64_t>(query.Integer());
    check.verdict.failures = static_cast<uint64_t>(query.Integer());
    check.verdict.changed_at = query.Time(absl::InfinitePast());
    check.verdict.last.success = query.Integer() != 0;
    check.verdict.last.reason = query.Text();
    check.verdict.last.started = query.Time(absl::InfinitePast());
    check.verdict.last.took = absl::Nanoseconds(query.Integer());
    check.healthy = query.Integer() != 0;
    check.changed_at = query.Time(absl::InfinitePast());
    check.verdict.agreeing = static_cast<uint32_t>(std::clamp<int64_t>(query.Integer(), 0, 1000));
    check.expires_at = query.Time(absl::InfiniteFuture());
  }
  return query.status();
}

absl::Status LoadGroups(sqlite3* handle, Remembered& remembered) {
  Statement query(handle, "SELECT name, tier, choice, penalty, penalty_at, sides FROM groups");
  while (query.Next()) {
    RememberedGroup& group = remembered.groups[query.Text()];
    group.state.tier = TierFrom(query.Integer());
    group.choice = ChoiceFrom(query.Integer());
    group.state.penalty = std::clamp(query.Real(), 0.0, 100.0);
    group.state.penalty_at = query.Time(absl::InfinitePast());
    group.sides = NamesFrom(query.Text());
  }
  return query.status();
}

absl::Status LoadOverrides(sqlite3* handle, Remembered& remembered) {
  Statement query(handle,
                  "SELECT group_name, kind, drained, side, since, until, reason, author "
                  "FROM overrides");
  while (query.Next()) {
    OverrideKey key{.group = query.Text()};
    const std::optional<OverrideKind> kind = OverrideKindOf(query.Text());
    if (!kind) continue;  // of a later version of this program
    key.kind = *kind;
    key.drained = query.Text();
    RememberedOverride& override = remembered.overrides[key];
    override.side = query.Text();
    override.since = query.Time(absl::InfinitePast());
    override.until = query.Time(absl::InfiniteFuture());
    override.reason = query.Text();
    override.author = query.Text();
  }
  return query.status();
}

absl::Status LoadEvents(sqlite3* handle, Remembered& remembered) {
  Statement query(handle,
                  "SELECT id, time, kind, subject, side_from, side_to, cause, reason, author, "
                  "detail, selection, took FROM events ORDER BY id");
  while (query.Next()) {
    Event event;
    event.id = static_cast<uint64_t>(query.Integer());
    event.time = absl::FromUnixNanos(query.Integer());
    const auto kind = EventKindOf(query.Text());
    if (!kind) continue;  // of a later version of this program
    event.kind = *kind;
    event.subject = query.Text();
    event.from = query.Text();
    event.to = query.Text();
    event.cause = query.Text();
    event.reason = query.Text();
    event.author = query.Text();
    event.detail = query.Text();
    event.selection = static_cast<uint64_t>(query.Integer());
    event.took = absl::Nanoseconds(query.Integer());
    remembered.events.push_back(std::move(event));
  }
  return query.status();
}

void BindKey(Statement& statement, const std::string& name) { statement.Bind(name); }
void BindKey(Statement& statement, const OverrideKey& key) {
  statement.Bind(key.group).Bind(std::string(WordOf(key.kind))).Bind(key.drained);
}

// Removes the rows whose value is gone with `remove`, stores the others with `bind` and `store`.
template <typename Key, typename Value, typename Bind>
absl::Status WriteRows(sqlite3* handle, const std::map<Key, std::optional<Value>>& rows,
                       const char* remove_sql, const char* store_sql, Bind bind) {
  if (rows.empty()) return absl::OkStatus();
  Statement remove(handle, remove_sql);
  Statement store(handle, store_sql);
  for (const auto& [key, value] : rows) {
    Statement& statement = value ? store : remove;
    BindKey(statement, key);
    if (value) bind(store, *value);
    if (absl::Status status = statement.Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void BindCheck(Statement& store, const RememberedCheck& check) {
  const Verdict& verdict = check.verdict;
  store.Bind(check.fingerprint)
      .Bind(int64_t{verdict.healthy})
      .Bind(int64_t{verdict.contrary})
      .Bind(static_cast<int64_t>(verdict.successes))
      .Bind(static_cast<int64_t>(verdict.failures))
      .Bind(verdict.changed_at)
      .Bind(int64_t{verdict.last.success})
      .Bind(verdict.last.reason)
      .Bind(verdict.last.started)
      .Bind(absl::ToInt64Nanoseconds(verdict.last.took))
      .Bind(int64_t{check.healthy})
      .Bind(check.changed_at)
      .Bind(int64_t{verdict.agreeing})
      .Bind(check.expires_at);
}

void BindGroup(Statement& store, const RememberedGroup& group) {
  store.Bind(int64_t{group.state.tier})
      .Bind(static_cast<int64_t>(group.choice))
      .Bind(group.state.penalty)
      .Bind(group.state.penalty_at)
      .Bind(absl::StrJoin(group.sides, " "));
}

void BindOverride(Statement& store, const RememberedOverride& override) {
  store.Bind(override.side)
      .Bind(override.since)
      .Bind(override.until)
      .Bind(override.reason)
      .Bind(override.author);
}

absl::Status WriteEvents(sqlite3* handle, const std::vector<Event>& events) {
  if (events.empty()) return absl::OkStatus();
  Statement store(handle,
                  "INSERT OR REPLACE INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const Event& event : events) {
    const absl::Status status = store.Bind(static_cast<int64_t>(event.id))
                                    .Bind(absl::ToUnixNanos(event.time))
                                    .Bind(std::string(WordOf(event.kind)))
                                    .Bind(event.subject)
                                    .Bind(event.from)
                                    .Bind(event.to)
                                    .Bind(event.cause)
                                    .Bind(event.reason)
                                    .Bind(event.author)
                                    .Bind(event.detail)
                                    .Bind(static_cast<int64_t>(event.selection))
                                    .Bind(absl::ToInt64Nanoseconds(event.took))
                                    .Run();
    if (!status.ok()) return status;
  }
  Statement trim(handle, "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?");
  return trim.Bind(static_cast<int64_t>(kKeptEvents)).Run();
}

}  // namespace

absl::StatusOr<Remembered> LoadRememberedRows(sqlite3* handle) {
  Remembered remembered;
  for (const auto load : {LoadChecks, LoadGroups, LoadOverrides, LoadEvents}) {
    if (absl::Status status = load(handle, remembered); !status.ok()) return status;
  }
  return remembered;
}

absl::Status WriteRememberedRows(sqlite3* handle, const StateChanges& changes, bool replace_all) {
  if (replace_all) {
    const absl::Status status =
        Execute(handle, "DELETE FROM checks; DELETE FROM groups; DELETE FROM overrides");
    if (!status.ok()) return status;
  }
  absl::Status status =
      WriteRows(handle, changes.checks, "DELETE FROM checks WHERE name = ?",
                "INSERT OR REPLACE INTO checks VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                BindCheck);
  if (!status.ok()) return status;
  status = WriteRows(handle, changes.groups, "DELETE FROM groups WHERE name = ?",
                     "INSERT OR REPLACE INTO groups VALUES(?, ?, ?, ?, ?, ?)", BindGroup);
  if (!status.ok()) return status;
  status =
      WriteRows(handle, changes.overrides,
                "DELETE FROM overrides WHERE group_name = ? AND kind = ? AND drained = ?",
                "INSERT OR REPLACE INTO overrides VALUES(?, ?, ?, ?, ?, ?, ?, ?)", BindOverride);
  if (!status.ok()) return status;
  return WriteEvents(handle, changes.events);
}

}  // namespace understudy::control
