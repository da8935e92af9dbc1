// Of a health check: what is asked over HTTP, and which answers are good.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "control/config/check_section.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxHeaders = 32;
constexpr size_t kMaxHeaderText = 1024;
constexpr uint16_t kFirstStatus = 200;  // 1xx are interim answers, and passed over
constexpr uint16_t kLastStatus = 599;
constexpr size_t kMaxStatusRanges = 64;
constexpr absl::Duration kMinWarning = absl::Seconds(1);
constexpr absl::Duration kMaxWarning = absl::Hours(24 * 366);
// What a request needs to stay one request whose end both sides see alike.
constexpr std::array<std::string_view, 8> kOwnHeaders{"host",    "connection", "content-length",
                                                      "te",      "trailer",    "transfer-encoding",
                                                      "upgrade", "expect"};

void ReadPath(CheckSection* section, HealthCheck* check) {
  const std::string_view why = section->Is(kEndpointKinds) && check->type == CheckType::kTcp
                                   ? "TCP health checks must not have a resource path specified"
                                   : "";
  if (!section->Reads("path", kHttpKinds, why)) return;
  const std::optional<std::string> path = section->Text("path");
  if (!path) return;
  check->path = path->substr(0, 1) == "/" ? *path : "/" + *path;
  const bool sound = std::all_of(path->begin(), path->end(),
                                 [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!sound) {
    section->Error("path", Quoted(*path) +
                               " has a space, a '#' or a character outside ASCII: write it as %XX");
  } else if (check->path.size() > kMaxCheckText) {
    section->Error("path", "is longer than 255 octets");
  }
}

void ReadSearchString(CheckSection* section, HealthCheck* check) {
  if (section->Is(kMatchKinds)) {
    section->Require("search_string",
                     "string match health checks must have a search string specified");
  }
  if (!section->Reads("search_string", kMatchKinds,
                      "is only for http_str_match and https_str_match")) {
    return;
  }
  const std::optional<std::string> text = section->Text("search_string");
  if (!text) return;
  check->search_string = *text;
  if (text->empty() || text->size() > kMaxCheckText) {
    section->Error("search_string", "must have 1 to 255 octets");
  }
}

void ReadSni(CheckSection* section, HealthCheck* check) {
  const std::optional<bool> enabled = section->YesNo("enable_sni");
  check->enable_sni = enabled.value_or(section->Is(kHttpsKinds) && !check->host.empty());
  if (!section->type().has_value() || !enabled || !*enabled) return;
  if (!section->Is(kHttpsKinds)) {
    section->Error("enable_sni", "is only for https and https_str_match: the others have no TLS");
  } else if (!section->Has("host")) {
    section->Error("enable_sni", "needs host, the name to send");
  }
}

void ReadMethod(CheckSection* section, HealthCheck* check) {
  if (!section->Reads("method", kHttpKinds)) return;
  const std::optional<size_t> choice =
      section->Choice("method", {"get", "head", "options", "post"});
  if (!choice) return;
  constexpr std::array<std::string_view, 4> kMethods{"GET", "HEAD", "OPTIONS", "POST"};
  check->http.method = kMethods[*choice];
  if (check->http.method == "HEAD" && section->Is(kMatchKinds)) {
    section->Error("method", "HEAD has an answer without a body: no string can be in it");
  }
}

// RFC 9110 5.6.2
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// RFC 9110 5.5, without the obsolete octets above ASCII.
bool IsHeaderValue(std::string_view text) {
  const auto printable = [](char c) { return (c >= ' ' && c < 0x7f) || c == '\t'; };
  return std::all_of(text.begin(), text.end(), printable) &&
         (text.empty() || (text.front() > ' ' && text.back() > ' '));
}

std::string WrongWithHeader(const HttpHeader& header) {
  if (!IsToken(header.name)) return "is not the name of a header field (RFC 9110 5.6.2)";
  if (header.name.size() + header.value.size() > kMaxHeaderText) {
    return "is longer than " + std::to_string(kMaxHeaderText) + " octets with its value";
  }
  if (std::any_of(kOwnHeaders.begin(), kOwnHeaders.end(), [&header](std::string_view own) {
        return absl::EqualsIgnoreCase(absl::string_view(own.data(), own.size()), header.name);
      })) {
    return "is not for the check to set" +
           std::string(absl::EqualsIgnoreCase(header.name, "host") ? ": write host instead" : "");
  }
  if (!IsHeaderValue(header.value)) {
    return "has a value that is not printable ASCII, or with a space at its end";
  }
  return {};
}

void ReadHeaders(CheckSection* section, HealthCheck* check, Findings* findings) {
  if (!section->Reads("headers", kHttpKinds)) return;
  const std::string path = section->PathOf("headers");
  const std::vector<MapEntry> entries = EntriesOf(*section->Take("headers"), path, findings);
  if (entries.size() > kMaxHeaders) {
    section->Error("headers", "has more than " + std::to_string(kMaxHeaders) + " fields");
    return;
  }
  for (const MapEntry& entry : entries) {
    std::string wrong = "must be a single value, and is " + std::string(KindText(*entry.value));
    HttpHeader header{std::string(entry.key), entry.value->text};
    if (entry.value->kind == YamlValue::Kind::kText) wrong = WrongWithHeader(header);
    if (!wrong.empty()) {
      // Quoted, and so a field of one line whatever it holds.
      findings->Error(entry.line, path, Quoted(entry.key) + " " + wrong);
    }
    check->http.headers.push_back(std::move(header));
  }
}

std::optional<uint16_t> StatusOf(std::string_view text) {
  uint16_t status = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = failure == std::errc() && end == text.data() + text.size();
  if (!whole || status < kFirstStatus || status > kLastStatus) return std::nullopt;
  return status;
}

std::optional<StatusRange> RangeOf(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<uint16_t> first = StatusOf(text.substr(0, dash));
  const std::optional<uint16_t> last =
      dash == std::string_view::npos ? first : StatusOf(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return StatusRange{*first, *last};
}

void ReadStatuses(CheckSection* section, HealthCheck* check, Findings* findings) {
  if (!section->Reads("statuses", kHttpKinds)) return;
  const YamlValue& value = *section->Take("statuses");
  const std::string path = section->PathOf("statuses");
  std::vector<const YamlValue*> elements{&value};
  if (value.kind != YamlValue::Kind::kText) elements = ElementsOf(value, path, findings);
  if (value.kind == YamlValue::Kind::kList && elements.empty()) {
    section->Error("statuses", "is empty: no answer would be good");
  }
  if (elements.size() > kMaxStatusRanges) {
    section->Error("statuses", "has more than " + std::to_string(kMaxStatusRanges) + " ranges");
    return;
  }
  check->http.statuses.clear();
  for (const YamlValue* element : elements) {
    const std::optional<StatusRange> range =
        element->kind == YamlValue::Kind::kText ? RangeOf(element->text) : std::nullopt;
    if (range) {
      check->http.statuses.push_back(*range);
      continue;
    }
    findings->Error(element->line, path,
                    (element->kind == YamlValue::Kind::kText ? Quoted(element->text)
                                                             : std::string(KindText(*element))) +
                        " is not a status from 200 to 599, like 204, or a range of them, like "
                        "200-299");
  }
}

void ReadCertificate(CheckSection* section, HealthCheck* check) {
  if (section->Reads("verify_certificate", kHttpsKinds)) {
    check->http.verify_certificate = section->YesNo("verify_certificate").value_or(false);
  }
  if (section->Reads("certificate_warning", kHttpsKinds)) {
    check->http.certificate_warning =
        section->Duration("certificate_warning", kMinWarning, kMaxWarning)
            .value_or(absl::ZeroDuration());
  }
}

}  // namespace

void ReadHttpExpectation(CheckSection* section, HealthCheck* check, Findings* findings) {
  ReadPath(section, check);
  ReadSearchString(section, check);
  ReadSni(section, check);
  ReadMethod(section, check);
  ReadHeaders(section, check, findings);
  ReadStatuses(section, check, findings);
  ReadCertificate(section, check);
}

}  // namespace understudy::control
