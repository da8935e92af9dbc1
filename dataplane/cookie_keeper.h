// Where the secrets of DNS cookies come from: a file that several nodes share, or chance.
//
// Used by: dataplane, on the main thread alone.
//
// Invariants
//  1. Secrets from chance are replaced every kRotateEveryNs; the one before stays valid until then.
//  2. A file that cannot be used after start changes nothing.
#ifndef UNDERSTUDY_DATAPLANE_COOKIE_KEEPER_H_
#define UNDERSTUDY_DATAPLANE_COOKIE_KEEPER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/responder/cookie_secrets.h"

namespace understudy {

// One or two secrets of 32 hexadecimal digits, separated by blanks or line ends: the first makes
// cookies, both check them. Nothing and a sentence when it is anything else.
std::optional<responder::CookieKeys> ParseCookieSecrets(std::string_view text, std::string* error);

class CookieKeeper {
 public:
  static constexpr uint64_t kRotateEveryNs = 24ull * 3600 * 1'000'000'000;

  // `file`: empty for secrets from chance. Null and a sentence when it cannot be used.
  static std::unique_ptr<CookieKeeper> Open(const std::string& file, uint64_t now_ns,
                                            std::string* error);

  const responder::CookieSecrets& secrets() const { return secrets_; }
  // Makes a new secret when it is time.
  void Tick(uint64_t now_ns);
  // Reads the file again. What to say about it; empty when there is none.
  std::string Reload();

 private:
  explicit CookieKeeper(const std::string& file) : file_(file) {}
  std::string Load();

  const std::string file_;
  uint64_t rotated_ns_ = 0;
  responder::CookieKeys keys_;
  responder::CookieSecrets secrets_;
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_COOKIE_KEEPER_H_
