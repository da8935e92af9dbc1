// The SQLite file: opening it, reading all of it, writing one batch of changes in one transaction.
//
// Used by: store, which decides when; nothing outside of this folder knows SQL.
// Invariants
//  1. A batch is in the file entirely or not at all, also after SIGKILL or power loss (WAL,
//     synchronous=FULL).
//  2. A file of an older schema becomes one of this one, or is left as it was.
#ifndef UNDERSTUDY_CONTROL_STATE_DATABASE_H_
#define UNDERSTUDY_CONTROL_STATE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/state/remembered.h"

struct sqlite3;

namespace understudy::control {

class Database {
 public:
  // Opens `path`, making it and its schema when missing, and bringing an older schema up to date.
  // DataLoss: not a database, damaged, or of a later schema version; it has to be moved aside
  // before anything can be stored there.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  absl::StatusOr<Remembered> Load();
  // `replace_all`: what was there before goes first (events excepted). `configuration`: the applied
  // one from now on, null for none; left as it is when not given.
  absl::Status Write(const StateChanges& changes, bool replace_all,
                     std::optional<const Configuration*> configuration = std::nullopt);
  // False when the path names another file by now, or none: what is written would be lost.
  bool IsInPlace() const;

 private:
  Database() = default;
  absl::Status Prepare();

  sqlite3* handle_ = nullptr;
  std::string path_;
  uint64_t inode_ = 0;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_DATABASE_H_
