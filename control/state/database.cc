#include "control/state/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/event/event_log.h"
#include "control/state/configuration_rows.h"
#include "control/state/statement.h"

namespace understudy::control {
namespace {

constexpr char kSchema[] = R"sql(
CREATE TABLE checks(
  name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, healthy INTEGER NOT NULL,
  contrary INTEGER NOT NULL, successes INTEGER NOT NULL, failures INTEGER NOT NULL,
  changed_at INTEGER, last_success INTEGER NOT NULL, last_reason TEXT NOT NULL,
  last_started INTEGER, last_took INTEGER NOT NULL, shown_healthy INTEGER NOT NULL DEFAULT 1,
  shown_since INTEGER, agreeing INTEGER NOT NULL DEFAULT 0, expires_at INTEGER) WITHOUT ROWID;
CREATE TABLE groups(
  name TEXT PRIMARY KEY, tier INTEGER NOT NULL, choice INTEGER NOT NULL,
  penalty REAL NOT NULL DEFAULT 0, penalty_at INTEGER) WITHOUT ROWID;
CREATE TABLE overrides(
  group_name TEXT NOT NULL, kind TEXT NOT NULL, tier INTEGER NOT NULL, side INTEGER NOT NULL,
  since INTEGER, until INTEGER, reason TEXT NOT NULL, author TEXT NOT NULL,
  PRIMARY KEY(group_name, kind, tier)) WITHOUT ROWID;
CREATE TABLE events(
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  side_from TEXT NOT NULL, side_to TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
  author TEXT NOT NULL, detail TEXT NOT NULL, selection INTEGER NOT NULL, took INTEGER NOT NULL);
)sql";

// Version 1 had two sides, one hold-down by group, and one override by group.
constexpr char kFromVersion1[] = R"sql(
ALTER TABLE checks RENAME TO checks1;
ALTER TABLE groups RENAME TO groups1;
ALTER TABLE overrides RENAME TO overrides1;
ALTER TABLE events RENAME TO events1;
)sql";
constexpr char kCopyVersion1[] = R"sql(
INSERT INTO checks SELECT *, healthy, changed_at, 0, NULL FROM checks1;
INSERT INTO groups SELECT name, by_health, choice, 0, NULL FROM groups1;
INSERT INTO overrides SELECT group_name, 'force', 0, side, since, until, reason, author
  FROM overrides1;
INSERT INTO events SELECT * FROM events1;
DROP TABLE checks1; DROP TABLE groups1; DROP TABLE overrides1; DROP TABLE events1;
)sql";

// What is in the file is not trusted: anything that is neither tier nor policy is the primary.
Choice ChoiceFrom(int64_t value) {
  const auto choice = static_cast<Choice>(std::clamp<int64_t>(value, 0, 255));
  return static_cast<size_t>(choice) <= kMaxTiers || contract::IsPolicy(choice) ? choice
                                                                                : Choice::kPrimary;
}
uint8_t TierFrom(int64_t value) {
  return static_cast<uint8_t>(std::clamp<int64_t>(value, 0, kMaxTiers - 1));
}
std::optional<OverrideKind> OverrideKindOf(std::string_view word) {
  for (const OverrideKind kind :
       {OverrideKind::kForce, OverrideKind::kDrain, OverrideKind::kFreeze}) {
    if (WordOf(kind) == word) return kind;
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> SchemaVersion(sqlite3* handle) {
  Statement query(handle, "PRAGMA user_version");
  if (!query.Next()) return query.status();
  return query.Integer();
}

absl::Status CheckIntegrity(sqlite3* handle) {
  Statement query(handle, "PRAGMA quick_check(1)");
  if (!query.Next()) return query.status();
  const std::string result = query.Text();
  if (result != "ok") return absl::DataLossError(result);
  return absl::OkStatus();
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
  Statement query(handle, "SELECT name, tier, choice, penalty, penalty_at FROM groups");
  while (query.Next()) {
    RememberedGroup& group = remembered.groups[query.Text()];
    group.state.tier = TierFrom(query.Integer());
    group.choice = ChoiceFrom(query.Integer());
    group.state.penalty = std::clamp(query.Real(), 0.0, 100.0);
    group.state.penalty_at = query.Time(absl::InfinitePast());
  }
  return query.status();
}

absl::Status LoadOverrides(sqlite3* handle, Remembered& remembered) {
  Statement query(handle,
                  "SELECT group_name, kind, tier, side, since, until, reason, author "
                  "FROM overrides");
  while (query.Next()) {
    OverrideKey key{.group = query.Text()};
    const std::optional<OverrideKind> kind = OverrideKindOf(query.Text());
    if (!kind) continue;  // of a later version of this program
    key.kind = *kind;
    key.tier = TierFrom(query.Integer());
    Override& override = remembered.overrides[key];
    override.side = ChoiceFrom(query.Integer());
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
  statement.Bind(key.group).Bind(std::string(WordOf(key.kind))).Bind(int64_t{key.tier});
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
      .Bind(group.state.penalty_at);
}

void BindOverride(Statement& store, const Override& forced) {
  store.Bind(static_cast<int64_t>(forced.side))
      .Bind(forced.since)
      .Bind(forced.until)
      .Bind(forced.reason)
      .Bind(forced.author);
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

absl::Status WriteAll(sqlite3* handle, const StateChanges& changes, bool replace_all) {
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
                     "INSERT OR REPLACE INTO groups VALUES(?, ?, ?, ?, ?)", BindGroup);
  if (!status.ok()) return status;
  status =
      WriteRows(handle, changes.overrides,
                "DELETE FROM overrides WHERE group_name = ? AND kind = ? AND tier = ?",
                "INSERT OR REPLACE INTO overrides VALUES(?, ?, ?, ?, ?, ?, ?, ?)", BindOverride);
  if (!status.ok()) return status;
  return WriteEvents(handle, changes.events);
}

uint64_t InodeOf(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  std::unique_ptr<Database> database(new Database);
  database->path_ = path;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr) != SQLITE_OK) {
    return SqlError(database->handle_, absl::StrCat("cannot open ", path));
  }
  if (absl::Status status = database->Prepare(); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }
  database->inode_ = InodeOf(path);
  return database;
}

Database::~Database() { sqlite3_close(handle_); }

absl::Status Database::Prepare() {
  sqlite3_busy_timeout(handle_, 2000);  // somebody else looks at the file with the sqlite3 shell
  // The log of a large configuration is given back once it is in the file.
  absl::Status status = Execute(handle_,
                                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                                "PRAGMA journal_size_limit=16777216");
  if (!status.ok()) return status;
  if (status = CheckIntegrity(handle_); !status.ok()) return status;
  const absl::StatusOr<int64_t> version = SchemaVersion(handle_);
  if (!version.ok()) return version.status();
  if (*version == kSchemaVersion) return absl::OkStatus();
  if (*version == 1) return MakeSchema(kFromVersion1, kCopyVersion1);
  if (*version == 0) return MakeSchema("", "");
  return absl::DataLossError(
      absl::StrCat("schema version ", *version, ", this program reads ", kSchemaVersion));
}

// The schema, and what has to be done before and after it, in one transaction.
absl::Status Database::MakeSchema(const std::string& before, const std::string& after) {
  const std::string sql = absl::StrCat("BEGIN IMMEDIATE;", before, kSchema, kConfigurationSchema,
                                       after, "PRAGMA user_version=", kSchemaVersion, "; COMMIT");
  absl::Status status = Execute(handle_, sql.c_str());
  // Our own SQL is right, so the file lacks a table of its version, or has one it should not have.
  const bool foreign = !status.ok() && (sqlite3_errcode(handle_) & 0xff) == SQLITE_ERROR;
  if (foreign) status = absl::DataLossError(sqlite3_errmsg(handle_));
  return status;
}

absl::StatusOr<Remembered> Database::Load() {
  Remembered remembered;
  for (const auto load : {LoadChecks, LoadGroups, LoadOverrides, LoadEvents}) {
    if (absl::Status status = load(handle_, remembered); !status.ok()) return status;
  }
  auto configuration = LoadConfigurationRows(handle_);
  if (!configuration.ok()) return configuration.status();
  remembered.configuration = *std::move(configuration);
  return remembered;
}

absl::Status Database::Write(const StateChanges& changes, bool replace_all,
                             std::optional<const Configuration*> configuration) {
  absl::Status status = Execute(handle_, "BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  status = WriteAll(handle_, changes, replace_all);
  if (status.ok() && configuration) status = WriteConfigurationRows(handle_, *configuration);
  if (status.ok()) status = Execute(handle_, "COMMIT");
  // A failed rollback leaves no transaction: nothing more to do than to tell the first error.
  if (!status.ok()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  return status;
}

bool Database::IsInPlace() const { return inode_ != 0 && InodeOf(path_) == inode_; }

}  // namespace understudy::control
