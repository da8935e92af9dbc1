#include "control/api/tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/api/secret_file.h"

namespace understudy::control {
namespace {

constexpr absl::string_view kHashPrefix = "sha256:";

absl::Status Wrong(size_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

bool ParseHash(absl::string_view field, TokenHash* hash) {
  if (field.size() != kHashPrefix.size() + 2 * hash->size()) return false;
  if (field.substr(0, kHashPrefix.size()) != kHashPrefix) return false;
  field.remove_prefix(kHashPrefix.size());
  const bool hex = std::ranges::all_of(
      field, [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  if (!hex) return false;
  std::ranges::copy(absl::HexStringToBytes(field), hash->begin());
  return true;
}

absl::StatusOr<AccessToken> ParseLine(absl::string_view text, size_t line) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 3) {
    return Wrong(line, "give three words: NAME sha256:HEX read|write");
  }
  AccessToken token;
  if (!IsName(fields[0])) {
    return Wrong(line, absl::StrCat("the name '", absl::CHexEscape(fields[0]),
                                    "' is not 1 to 64 of A-Z, a-z, 0-9, '.', '_', '-'"));
  }
  token.name = std::string(fields[0]);
  // What stands there instead may be a token: it is not repeated.
  if (!ParseHash(fields[1], &token.hash)) {
    return Wrong(line,
                 "the second word is not sha256: and 64 hexadecimal digits; make it of a token "
                 "with: printf %s TOKEN | sha256sum");
  }
  if (fields[2] != "read" && fields[2] != "write") {
    return Wrong(line, absl::StrCat("the role '", absl::CHexEscape(fields[2]),
                                    "' is neither read nor write"));
  }
  token.role = fields[2] == "write" ? Role::kWrite : Role::kRead;
  return token;
}

}  // namespace

absl::StatusOr<Tokens> Tokens::Parse(std::string_view text) {
  Tokens tokens;
  size_t line = 0;
  for (absl::string_view row : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    ++line;
    row = absl::StripAsciiWhitespace(row.substr(0, row.find('#')));
    if (row.empty()) continue;
    absl::StatusOr<AccessToken> token = ParseLine(row, line);
    if (!token.ok()) return token.status();
    for (const AccessToken& other : tokens.tokens_) {
      if (other.name == token->name) return Wrong(line, absl::StrCat(other.name, " again"));
      if (other.hash == token->hash) return Wrong(line, absl::StrCat("the token of ", other.name));
    }
    tokens.tokens_.push_back(*std::move(token));
    if (tokens.tokens_.size() > kMaxTokens) {
      return Wrong(line, absl::StrCat("more than ", kMaxTokens, " tokens"));
    }
  }
  if (tokens.tokens_.empty()) return absl::InvalidArgumentError("there is no token in it");
  return tokens;
}

absl::StatusOr<Tokens> Tokens::Load(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<Tokens> tokens = Parse(*text);
  if (tokens.ok()) return tokens;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", tokens.status().message()));
}

const AccessToken* Tokens::Find(std::string_view shown) const {
  TokenHash hash;
  SHA256(reinterpret_cast<const unsigned char*>(shown.data()), shown.size(), hash.data());
  const AccessToken* found = nullptr;
  for (const AccessToken& token : tokens_) {
    if (CRYPTO_memcmp(token.hash.data(), hash.data(), hash.size()) == 0) found = &token;
  }
  return found;
}

}  // namespace understudy::control
