#include "dataplane/cookie_keeper.h"

#include <sodium/core.h>
#include <sodium/randombytes.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

namespace understudy {
namespace {

bool ParseSecret(std::string_view digits, responder::CookieSecret* secret) {
  if (digits.size() != 2 * secret->size()) return false;
  for (size_t i = 0; i < secret->size(); ++i) {
    const std::string_view pair = digits.substr(2 * i, 2);
    const auto parsed = std::from_chars(pair.begin(), pair.end(), (*secret)[i], 16);
    if (parsed.ec != std::errc() || parsed.ptr != pair.end()) return false;
  }
  return true;
}

}  // namespace

std::optional<responder::CookieKeys> ParseCookieSecrets(std::string_view text, std::string* error) {
  responder::CookieKeys keys;
  std::istringstream words{std::string(text)};
  std::string word;
  int count = 0;
  for (; words >> word; ++count) {
    if (count < 2 && ParseSecret(word, count == 0 ? &keys.current : &keys.other)) continue;
    *error = "secret " + std::to_string(count + 1) +
             (count < 2 ? " does not have 32 hexadecimal digits" : " is one too many: at most 2");
    return std::nullopt;
  }
  if (count == 0) {
    *error = "it holds no secret: one or two of 32 hexadecimal digits are wanted";
    return std::nullopt;
  }
  if (count == 1) keys.other = keys.current;
  return keys;
}

std::unique_ptr<CookieKeeper> CookieKeeper::Open(const std::string& file, uint64_t now_ns,
                                                 std::string* error) {
  std::unique_ptr<CookieKeeper> keeper(new CookieKeeper(file));
  if (!file.empty()) {
    *error = keeper->Load();
    return error->empty() ? std::move(keeper) : nullptr;
  }
  if (sodium_init() < 0) {
    *error = "libsodium cannot be initialized: there is no source of random numbers";
    return nullptr;
  }
  randombytes_buf(keeper->keys_.current.data(), keeper->keys_.current.size());
  keeper->keys_.other = keeper->keys_.current;
  keeper->rotated_ns_ = now_ns;
  keeper->secrets_.Publish(keeper->keys_);
  return keeper;
}

void CookieKeeper::Tick(uint64_t now_ns) {
  if (!file_.empty() || now_ns - rotated_ns_ < kRotateEveryNs) return;
  rotated_ns_ = now_ns;
  keys_.other = keys_.current;
  randombytes_buf(keys_.current.data(), keys_.current.size());
  secrets_.Publish(keys_);
}

std::string CookieKeeper::Load() {
  std::ifstream stream(file_);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return "cannot read --cookie-secret-file " + file_ + ": " + std::strerror(errno);
  std::string error;
  const auto keys = ParseCookieSecrets(text.str(), &error);
  if (!keys) return "--cookie-secret-file " + file_ + ": " + error;
  keys_ = *keys;
  secrets_.Publish(keys_);
  return "";
}

std::string CookieKeeper::Reload() {
  if (file_.empty()) return "";
  const std::string error = Load();
  return error.empty() ? "cookie secrets read from " + file_
                       : error + "; the secrets before stay in use";
}

}  // namespace understudy
