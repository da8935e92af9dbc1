// Secret file: a small file that its owner keeps to itself: tokens, private keys.
//
// Used by: tokens, tls identity.
#ifndef UNDERSTUDY_CONTROL_API_SECRET_FILE_H_
#define UNDERSTUDY_CONTROL_API_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace understudy::control {

inline constexpr size_t kMaxSecretFile = size_t{1024} * 1024;

// What is in the file. Refused: one that others may read or change, or its group may change; one of
// another user than root or ours; one that is no regular file, or too large.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_SECRET_FILE_H_
