#include "control/api/request.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 2.1. `plus_is_space`: in a query, as HTML forms write it.
std::optional<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

// Calls `take` with every piece of `text` between separators; stops when it returns false.
template <typename Take>
bool Split(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    const size_t end = text.find(separator);
    const std::string_view piece = text.substr(0, end);
    if (!piece.empty() && !take(piece)) return false;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return true;
}

}  // namespace

std::string QueryValue(const Request& request, const std::string& key) {
  const auto found = request.query.find(key);
  return found == request.query.end() ? std::string() : found->second;
}

std::optional<uint64_t> LimitIn(const Request& request, uint64_t most) {
  constexpr uint64_t kUnlessGiven = 100;
  const std::string text = QueryValue(request, "limit");
  if (text.empty()) return kUnlessGiven;
  uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && limit > 0 && limit <= most ? std::optional(limit) : std::nullopt;
}

Reply LimitReply(uint64_t most) {
  return ErrorReply(400, "invalid_argument", absl::StrCat("limit: give 1 to ", most));
}

Reply ErrorReply(unsigned status, std::string_view code, std::string_view message) {
  boost::json::object error;
  error["code"] = boost::json::string_view(code.data(), code.size());
  error["message"] = boost::json::string_view(message.data(), message.size());
  return {status, boost::json::object{{"error", std::move(error)}}};
}

Reply ErrorReply(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return ErrorReply(404, "not_found", message);
    case absl::StatusCode::kFailedPrecondition:
      return ErrorReply(409, "conflict", message);
    case absl::StatusCode::kInvalidArgument:
      return ErrorReply(400, "invalid_argument", message);
    default:
      return ErrorReply(503, "unavailable", message);
  }
}

bool ParseTarget(std::string_view target, Request* request) {
  if (!target.starts_with('/')) return false;
  const size_t question = target.find('?');
  const bool path_ok = Split(target.substr(0, question), '/', [&](std::string_view piece) {
    const auto decoded = Decode(piece, false);
    if (decoded) request->path.push_back(*decoded);
    return decoded.has_value();
  });
  if (!path_ok || question == std::string_view::npos) return path_ok;
  return Split(target.substr(question + 1), '&', [&](std::string_view piece) {
    const size_t equals = piece.find('=');
    const auto key = Decode(piece.substr(0, equals), true);
    const auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                        : Decode(piece.substr(equals + 1), true);
    if (key && value) request->query[*key] = *value;
    return key && value;
  });
}

}  // namespace understudy::control
