// The applied configuration in the state file: its texts, and who applied it when.
//
// Used by: database, schema. At most one is there; one that was read from a file is not, for the
// file has it.
#ifndef UNDERSTUDY_CONTROL_STATE_CONFIGURATION_ROWS_H_
#define UNDERSTUDY_CONTROL_STATE_CONFIGURATION_ROWS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/config/configuration.h"

struct sqlite3;

namespace understudy::control {

// Texts of fewer octets than they unpack to are packed (zlib).
inline constexpr char kConfigurationSchema[] = R"sql(
CREATE TABLE configuration(
  only INTEGER PRIMARY KEY CHECK(only = 1), id TEXT NOT NULL, applied_at INTEGER NOT NULL,
  author TEXT NOT NULL, file TEXT NOT NULL, octets INTEGER NOT NULL, yaml BLOB NOT NULL);
CREATE TABLE configuration_zones(
  path TEXT NOT NULL UNIQUE, octets INTEGER NOT NULL, text BLOB NOT NULL);
)sql";

// Null: none is there.
absl::StatusOr<std::shared_ptr<const Configuration>> LoadConfigurationRows(sqlite3* handle);
// Inside the caller's transaction. Null: none shall be there. Rows that are right already are not
// written again: they may be large, and the disk nearly full.
absl::Status WriteConfigurationRows(sqlite3* handle, const Configuration* configuration);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_CONFIGURATION_ROWS_H_
