// The body of a request that hands in a configuration.
//
// Used by: configuration.
#ifndef UNDERSTUDY_CONTROL_API_APPLY_REQUEST_H_
#define UNDERSTUDY_CONTROL_API_APPLY_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/engine/application.h"

namespace understudy::control {

inline constexpr size_t kMaxFileName = 4096;

// {"file", "yaml", "zones": {path: text}, "base", "max_removed_percent", "author"}. Texts are taken
// octet for octet: master files know other encodings than UTF-8.
absl::StatusOr<ApplyOrder> ReadApplyOrder(const std::string& body);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_APPLY_REQUEST_H_
