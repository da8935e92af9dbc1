#include "control/state/schema.h"

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "control/state/configuration_rows.h"
#include "control/state/statement.h"

namespace understudy::control {
namespace {

constexpr char kChecksAndEvents[] = R"sql(
CREATE TABLE checks(
  name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, healthy INTEGER NOT NULL,
  contrary INTEGER NOT NULL, successes INTEGER NOT NULL, failures INTEGER NOT NULL,
  changed_at INTEGER, last_success INTEGER NOT NULL, last_reason TEXT NOT NULL,
  last_started INTEGER, last_took INTEGER NOT NULL, shown_healthy INTEGER NOT NULL DEFAULT 1,
  shown_since INTEGER, agreeing INTEGER NOT NULL DEFAULT 0, expires_at INTEGER) WITHOUT ROWID;
CREATE TABLE events(
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  side_from TEXT NOT NULL, side_to TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
  author TEXT NOT NULL, detail TEXT NOT NULL, selection INTEGER NOT NULL, took INTEGER NOT NULL);
)sql";

// `sides` are the names behind `tier` and `choice`, in order, with a space between them. `drained`
// is the side of a drain, which there may be one of for each; `side` the one that is meant.
constexpr char kGroupsAndOverrides[] = R"sql(
CREATE TABLE groups(
  name TEXT PRIMARY KEY, tier INTEGER NOT NULL, choice INTEGER NOT NULL,
  penalty REAL NOT NULL DEFAULT 0, penalty_at INTEGER, sides TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE overrides(
  group_name TEXT NOT NULL, kind TEXT NOT NULL, drained TEXT NOT NULL, side TEXT NOT NULL,
  since INTEGER, until INTEGER, reason TEXT NOT NULL, author TEXT NOT NULL,
  PRIMARY KEY(group_name, kind, drained)) WITHOUT ROWID;
)sql";

// Version 1 had two sides, one hold-down by group, and one override by group.
constexpr char kBeforeFrom1[] = R"sql(
ALTER TABLE checks RENAME TO checks1;
ALTER TABLE groups RENAME TO groups1;
ALTER TABLE overrides RENAME TO overrides1;
ALTER TABLE events RENAME TO events1;
)sql";
constexpr char kAfterFrom1[] = R"sql(
INSERT INTO checks SELECT *, healthy, changed_at, 0, NULL FROM checks1;
INSERT INTO groups SELECT name, by_health, choice, 0, NULL, '' FROM groups1;
INSERT INTO overrides SELECT group_name, 'force', '',
  CASE side WHEN 0 THEN 'primary' ELSE 'secondary' END, since, until, reason, author
  FROM overrides1;
INSERT INTO events SELECT * FROM events1;
DROP TABLE checks1; DROP TABLE groups1; DROP TABLE overrides1; DROP TABLE events1;
)sql";

// Version 2 had sides by their place. The names of those behind the secondary are not known: they
// go on by place ("#2"), which no side is called, until control has started with them once.
constexpr char kBeforeFrom2[] = R"sql(
ALTER TABLE groups RENAME TO groups2;
ALTER TABLE overrides RENAME TO overrides2;
)sql";
constexpr char kAfterFrom2[] = R"sql(
INSERT INTO groups SELECT name, tier, choice, penalty, penalty_at, '' FROM groups2;
INSERT INTO overrides SELECT group_name, kind,
  CASE WHEN kind <> 'drain' THEN '' WHEN tier = 0 THEN 'primary' WHEN tier = 1 THEN 'secondary'
    ELSE '#' || tier END,
  CASE WHEN kind = 'freeze' AND side = 0 THEN 'operator' WHEN kind = 'freeze' THEN 'self_doubt'
    WHEN side = 0 THEN 'primary' WHEN side = 1 THEN 'secondary' ELSE '#' || side END,
  since, until, reason, author FROM overrides2;
DROP TABLE groups2; DROP TABLE overrides2;
)sql";

absl::StatusOr<int64_t> SchemaVersion(sqlite3* handle) {
  Statement query(handle, "PRAGMA user_version");
  if (!query.Next()) return query.status();
  return query.Integer();
}

absl::Status Change(sqlite3* handle, const std::string& statements) {
  const std::string sql = absl::StrCat("BEGIN IMMEDIATE;", statements,
                                       "PRAGMA user_version=", kSchemaVersion, "; COMMIT");
  absl::Status status = Execute(handle, sql.c_str());
  // Our own SQL is right, so the file lacks a table of its version, or has one it should not have.
  const bool foreign = !status.ok() && (sqlite3_errcode(handle) & 0xff) == SQLITE_ERROR;
  if (foreign) status = absl::DataLossError(sqlite3_errmsg(handle));
  return status;
}

}  // namespace

absl::Status PrepareSchema(sqlite3* handle) {
  const absl::StatusOr<int64_t> version = SchemaVersion(handle);
  if (!version.ok()) return version.status();
  const std::string all = absl::StrCat(kChecksAndEvents, kGroupsAndOverrides, kConfigurationSchema);
  switch (*version) {
    case 0:
      return Change(handle, all);
    case 1:
      return Change(handle, absl::StrCat(kBeforeFrom1, all, kAfterFrom1));
    case 2:
      return Change(handle, absl::StrCat(kBeforeFrom2, kGroupsAndOverrides, kAfterFrom2));
    case kSchemaVersion:
      return absl::OkStatus();
    default:
      return absl::DataLossError(
          absl::StrCat("schema version ", *version, ", this program reads ", kSchemaVersion));
  }
}

}  // namespace understudy::control
