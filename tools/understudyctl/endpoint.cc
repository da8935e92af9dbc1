#include "tools/understudyctl/endpoint.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace understudy::ctl {
namespace {

constexpr size_t kMaxToken = 4096;  // far more than any; control takes headers of 16 KiB

absl::Status BadUrl(const std::string& url, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("--url: '", url, "' ", std::string(why),
                                                 "; give one like https://edge1.example.net:8443"));
}

bool IsPort(const std::string& text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

// "host", "host:port", "[address]", "[address]:port" into their parts. RFC 3986 3.2.
bool SplitAuthority(const std::string& authority, Endpoint* endpoint) {
  size_t rest = 0;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string::npos) return false;
    endpoint->host = authority.substr(1, close - 1);
    rest = close + 1;
  } else {
    rest = std::min(authority.find(':'), authority.size());
    endpoint->host = authority.substr(0, rest);
  }
  endpoint->port = "443";
  if (rest == authority.size()) return !endpoint->host.empty();
  endpoint->port = authority.substr(rest + 1);
  return authority[rest] == ':' && !endpoint->host.empty() && IsPort(endpoint->port);
}

absl::StatusOr<std::string> ReadToken(const std::string& file) {
  if (file.empty()) {
    return absl::InvalidArgumentError(
        "--token-file: is missing; with --url, control wants a token");
  }
  std::ifstream stream(file);
  std::string token(kMaxToken + 1, '\0');
  stream.read(token.data(), static_cast<std::streamsize>(token.size()));
  if (stream.gcount() == 0 && !stream.eof()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--token-file: cannot read ", file, ": ", std::strerror(errno)));
  }
  token.resize(static_cast<size_t>(stream.gcount()));
  token = std::string(absl::StripAsciiWhitespace(token));
  // RFC 6750 2.1: a token is visible characters. Anything else would end the header.
  const bool visible = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
  if (token.empty() || token.size() > kMaxToken || !visible) {
    return absl::InvalidArgumentError(absl::StrCat("--token-file: ", file,
                                                   " holds no token: one line of 1 to ", kMaxToken,
                                                   " visible characters"));
  }
  return token;
}

}  // namespace

std::string Endpoint::Text() const {
  if (!is_remote()) return socket;
  const bool v6 = host.find(':') != std::string::npos;
  return absl::StrCat("https://", v6 ? absl::StrCat("[", host, "]") : host, ":", port);
}

absl::StatusOr<Endpoint> RemoteEndpoint(const std::string& url, const std::string& token_file,
                                        const std::string& ca_file) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) {
    return BadUrl(url, "does not begin with https:// (a token is never sent in the clear)");
  }
  std::string authority = url.substr(kScheme.size());
  if (authority.ends_with('/')) authority.pop_back();
  Endpoint endpoint;
  if (authority.find_first_of("/?#@") != std::string::npos ||
      !SplitAuthority(authority, &endpoint)) {
    return BadUrl(url, "is not a host and a port");
  }
  absl::StatusOr<std::string> token = ReadToken(token_file);
  if (!token.ok()) return token.status();
  endpoint.token = *std::move(token);
  if (!ca_file.empty() && access(ca_file.c_str(), R_OK) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--ca: cannot read ", ca_file, ": ", std::strerror(errno)));
  }
  endpoint.ca_file = ca_file;
  return endpoint;
}

}  // namespace understudy::ctl
