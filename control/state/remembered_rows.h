// What control remembers, as rows of the state file: checks, groups, overrides and events.
//
// Used by: database.
// Invariants
//  1. What is in the file is not trusted: numbers are held in their ranges, and words that a later
//     version wrote are passed over.
//  2. At most kKeptEvents events are kept.
#ifndef UNDERSTUDY_CONTROL_STATE_REMEMBERED_ROWS_H_
#define UNDERSTUDY_CONTROL_STATE_REMEMBERED_ROWS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/state/remembered.h"

struct sqlite3;

namespace understudy::control {

// All but the configuration.
absl::StatusOr<Remembered> LoadRememberedRows(sqlite3* handle);
// Inside the caller's transaction. `replace_all`: what was there before goes first (events
// excepted).
absl::Status WriteRememberedRows(sqlite3* handle, const StateChanges& changes, bool replace_all);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_REMEMBERED_ROWS_H_
