#include "control/state/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/state/configuration_rows.h"
#include "control/state/remembered_rows.h"
#include "control/state/schema.h"
#include "control/state/statement.h"

namespace understudy::control {
namespace {

absl::Status CheckIntegrity(sqlite3* handle) {
  Statement query(handle, "PRAGMA quick_check(1)");
  if (!query.Next()) return query.status();
  const std::string result = query.Text();
  if (result != "ok") return absl::DataLossError(result);
  return absl::OkStatus();
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
  return PrepareSchema(handle_);
}

absl::StatusOr<Remembered> Database::Load() {
  absl::StatusOr<Remembered> remembered = LoadRememberedRows(handle_);
  if (!remembered.ok()) return remembered;
  auto configuration = LoadConfigurationRows(handle_);
  if (!configuration.ok()) return configuration.status();
  remembered->configuration = *std::move(configuration);
  return remembered;
}

absl::Status Database::Write(const StateChanges& changes, bool replace_all,
                             std::optional<const Configuration*> configuration) {
  absl::Status status = Execute(handle_, "BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  status = WriteRememberedRows(handle_, changes, replace_all);
  if (status.ok() && configuration) status = WriteConfigurationRows(handle_, *configuration);
  if (status.ok()) status = Execute(handle_, "COMMIT");
  // A failed rollback leaves no transaction: nothing more to do than to tell the first error.
  if (!status.ok()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  return status;
}

bool Database::IsInPlace() const { return inode_ != 0 && InodeOf(path_) == inode_; }

}  // namespace understudy::control
