#include "control/config/health_checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "control/config/section.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxText = 255;  // octets of host, path and search_string, as in Route 53
constexpr int64_t kMaxThreshold = 100;
constexpr uint32_t kDefaultThreshold = 3;
constexpr absl::Duration kMinInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxInterval = absl::Hours(1);
constexpr absl::Duration kMinTimeout = absl::Milliseconds(10);
constexpr absl::Duration kMaxTimeout = absl::Seconds(60);
// What Route 53's checkers wait for (its developer guide, "How Route 53 determines whether a health
// check is healthy").
constexpr absl::Duration kTcpConnect = absl::Seconds(10);
constexpr absl::Duration kHttpConnect = absl::Seconds(4);
constexpr absl::Duration kResponse = absl::Seconds(2);

bool IsHttps(CheckType type) {
  return type == CheckType::kHttps || type == CheckType::kHttpsStrMatch;
}
bool IsStrMatch(CheckType type) {
  return type == CheckType::kHttpStrMatch || type == CheckType::kHttpsStrMatch;
}

// The address as the system writes it; empty when it is none that an endpoint can have.
std::string CanonicalAddress(const std::string& text) {
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    const uint32_t first = ntohl(v4.s_addr) >> 24;
    if (first == 0 || first >= 224) return {};  // this network; multicast, reserved, broadcast
    inet_ntop(AF_INET, &v4, canonical.data(), canonical.size());
    return canonical.data();
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_MULTICAST(&v6)) return {};
    inet_ntop(AF_INET6, &v6, canonical.data(), canonical.size());
    return canonical.data();
  }
  return {};
}

// One health check, from its section to its value.
class CheckReader {
 public:
  CheckReader(const MapEntry& entry, Findings* findings)
      : section_(*entry.value, "health_checks." + std::string(entry.key), findings, entry.line) {
    check_.name = entry.key;
  }

  HealthCheck Read() {
    const bool typed = ReadType();
    ReadAddress();
    ReadPort(typed);
    ReadHost(typed);
    ReadPath(typed);
    ReadSearchString(typed);
    ReadSni(typed);
    ReadTimes();
    ReadThresholds();
    section_.RefuseUnknown();
    return check_;
  }

 private:
  bool IsTcp() const { return check_.type == CheckType::kTcp; }

  // False when the type is not known: then nothing is said about what would not go with it.
  bool ReadType() {
    section_.Require("type", "one of tcp, http, https, http_str_match, https_str_match");
    // In the order of CheckType.
    const std::optional<size_t> choice =
        section_.Choice("type", {"tcp", "http", "https", "http_str_match", "https_str_match"});
    if (choice) check_.type = static_cast<CheckType>(*choice);
    return choice.has_value();
  }

  void ReadAddress() {
    section_.Require("address", "the IPv4 or IPv6 address that is probed");
    const std::optional<std::string> text = section_.Text("address");
    if (!text) return;
    check_.address = CanonicalAddress(*text);
    if (check_.address.empty()) {
      section_.Error("address", Quoted(*text) + " is not the IPv4 or IPv6 address of an endpoint" +
                                    " (names are not resolved)");
    }
  }

  void ReadPort(bool typed) {
    const std::optional<int64_t> port = section_.Number("port", 1, 65535);
    if (port) {
      check_.port = static_cast<uint16_t>(*port);
    } else if (typed && IsTcp()) {
      section_.Require("port", "a tcp check has no default for it");
    } else {
      check_.port = IsHttps(check_.type) ? 443 : 80;
    }
  }

  void ReadHost(bool typed) {
    const std::optional<std::string> host = section_.Text("host");
    if (!host) return;
    // It goes into the request as it is, so nothing may end its line.
    const bool sound = !host->empty() && host->size() <= kMaxText &&
                       std::all_of(host->begin(), host->end(), [](char c) {
                         return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
                                c == '-' || c == '_';
                       });
    if (typed && IsTcp()) {
      section_.Error("host", "has no meaning for a tcp check: it sends nothing");
    } else if (!sound) {
      section_.Error(
          "host", Quoted(*host) + " is not a host name of 1 to 255 letters, digits, '.', '-', '_'");
    }
    check_.host = *host;
  }

  void ReadPath(bool typed) {
    const std::optional<std::string> path = section_.Text("path");
    if (!path) return;
    check_.path = path->substr(0, 1) == "/" ? *path : "/" + *path;
    const bool sound = std::all_of(path->begin(), path->end(),
                                   [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
    if (typed && IsTcp()) {
      section_.Error("path", "TCP health checks must not have a resource path specified");
    } else if (!sound) {
      section_.Error(
          "path",
          Quoted(*path) + " has a space, a '#' or a character outside ASCII: write it as %XX");
    } else if (check_.path.size() > kMaxText) {
      section_.Error("path", "is longer than 255 octets");
    }
  }

  void ReadSearchString(bool typed) {
    if (typed && IsStrMatch(check_.type)) {
      section_.Require("search_string",
                       "string match health checks must have a search string specified");
    }
    const std::optional<std::string> text = section_.Text("search_string");
    if (!text) return;
    check_.search_string = *text;
    if (typed && !IsStrMatch(check_.type)) {
      section_.Error("search_string", "is only for http_str_match and https_str_match");
    } else if (text->empty() || text->size() > kMaxText) {
      section_.Error("search_string", "must have 1 to 255 octets");
    }
  }

  void ReadSni(bool typed) {
    const std::optional<bool> enabled = section_.YesNo("enable_sni");
    const bool https = IsHttps(check_.type);
    check_.enable_sni = enabled.value_or(https && !check_.host.empty());
    if (!typed || !enabled || !*enabled) return;
    if (!https) {
      section_.Error("enable_sni", "is only for https and https_str_match: the others have no TLS");
    } else if (!section_.Has("host")) {
      section_.Error("enable_sni", "needs host, the name to send");
    }
  }

  void ReadTimes() {
    check_.interval =
        section_.Duration("interval", kMinInterval, kMaxInterval).value_or(check_.interval);
    const std::optional<absl::Duration> both =
        section_.Duration("timeout", kMinTimeout, kMaxTimeout);
    check_.connect_timeout = section_.Duration("connect_timeout", kMinTimeout, kMaxTimeout)
                                 .value_or(both.value_or(IsTcp() ? kTcpConnect : kHttpConnect));
    check_.response_timeout = section_.Duration("response_timeout", kMinTimeout, kMaxTimeout)
                                  .value_or(both.value_or(kResponse));
  }

  void ReadThresholds() {
    const auto threshold = [this](std::string_view key, uint32_t otherwise) {
      const std::optional<int64_t> number = section_.Number(key, 1, kMaxThreshold);
      return number ? static_cast<uint32_t>(*number) : otherwise;
    };
    check_.failure_threshold = threshold("failure_threshold", kDefaultThreshold);
    check_.success_threshold = threshold("success_threshold", check_.failure_threshold);
  }

  Section section_;
  HealthCheck check_;
};

}  // namespace

HealthChecks ReadHealthChecks(const YamlValue& value, Findings* findings) {
  HealthChecks read;
  for (const MapEntry& entry : NamedEntriesOf(value, "health_checks", findings)) {
    HealthCheck check = CheckReader(entry, findings).Read();
    read.lines[check.name] = entry.line;
    read.checks.emplace(check.name, std::move(check));
  }
  return read;
}

}  // namespace understudy::control
