// Tokens: who may ask over TCP, from a file of lines
//
//     NAME sha256:HEX ROLE          # ROLE is read or write
//
// Used by: remote server.
// Invariants
//  1. The file holds no token, only hashes: it gives nothing away. A token is long and random, so a
//     plain SHA-256 is enough; a slow hash would only help a flood.
//  2. Looking up takes the same time for any token that is shown, right, almost right or wrong.
//  3. A file that others may read or change is refused, as is a line that is not understood.
#ifndef UNDERSTUDY_CONTROL_API_TOKENS_H_
#define UNDERSTUDY_CONTROL_API_TOKENS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "control/api/peer.h"

namespace understudy::control {

inline constexpr size_t kMaxTokens = 1000;

using TokenHash = std::array<uint8_t, 32>;  // SHA-256

struct AccessToken {
  std::string name;  // 1 to 64 of A-Z a-z 0-9 . _ -, for the audit trail
  TokenHash hash;
  Role role = Role::kRead;
};

class Tokens {
 public:
  static absl::StatusOr<Tokens> Load(const std::string& path);
  // `text`: what Load reads; errors name its lines.
  static absl::StatusOr<Tokens> Parse(std::string_view text);

  // The token that was shown, or null.
  const AccessToken* Find(std::string_view shown) const;
  size_t size() const { return tokens_.size(); }

 private:
  std::vector<AccessToken> tokens_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_TOKENS_H_
