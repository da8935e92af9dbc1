// From the desired state to the record sets of a table: the one place where zones and groups of the
// configuration become what the table writer takes.
//
// Used by: publisher.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_TABLE_CONTENTS_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_TABLE_CONTENTS_H_

#include "absl/status/status.h"
#include "control/config/desired_state.h"
#include "dataplane/contract/table_writer.h"

namespace understudy::control {

// Adds everything in `state` to `writer`. Group i of `state` becomes group i + 1 of the table.
absl::Status AddContents(const DesiredState& state, contract::TableWriter& writer);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_TABLE_CONTENTS_H_
