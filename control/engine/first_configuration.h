// What a start of control serves: the configuration that was applied, else the file.
//
// Used by: main.
#ifndef UNDERSTUDY_CONTROL_ENGINE_FIRST_CONFIGURATION_H_
#define UNDERSTUDY_CONTROL_ENGINE_FIRST_CONFIGURATION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/config/config.h"
#include "control/state/remembered.h"
#include "control/state/store.h"

namespace understudy::control {

// The instance to be started: `named` if given, else the one the file says (of which nothing more
// is read), else without a file the only one that has state in `state_dir`. NotFound: none of them.
absl::StatusOr<std::string> InstanceToStart(const std::string& named, const std::string& file,
                                            const std::string& state_dir);

// From now on the file counts again. Before anything is served, and when it is known that the file
// can be. Waits for the disk.
absl::Status ForgetApplied(Store& store);

// `file` is empty when there is none. Errors of the file, or of the stored texts, or that there is
// nothing to be served.
ConfigResult FirstConfiguration(const Remembered& remembered, const std::string& instance,
                                const std::string& file);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_FIRST_CONFIGURATION_H_
