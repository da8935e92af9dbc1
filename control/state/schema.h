// The tables of the state file, by version, and how an older file becomes one of this version.
//
// Used by: database.
// Invariants
//  1. A file is of one version whole: what makes or changes the tables is one transaction.
#ifndef UNDERSTUDY_CONTROL_STATE_SCHEMA_H_
#define UNDERSTUDY_CONTROL_STATE_SCHEMA_H_

#include "absl/status/status.h"

struct sqlite3;

namespace understudy::control {

inline constexpr int kSchemaVersion = 3;

// Makes the tables, or brings those of an older version up to date. DataLoss: they are of a later
// version, or not those of the version the file says it has.
absl::Status PrepareSchema(sqlite3* handle);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_SCHEMA_H_
