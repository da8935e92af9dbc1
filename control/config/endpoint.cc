// Of a health check: address, port, host, resolve.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "control/config/address_range.h"
#include "control/config/check_section.h"
#include "control/zone/name.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;
constexpr uint16_t kDnsPort = 53;

// The address as the system writes it; empty when it is none.
std::string CanonicalAddress(const std::string& text) {
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    inet_ntop(AF_INET, &v4, canonical.data(), canonical.size());
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    inet_ntop(AF_INET6, &v6, canonical.data(), canonical.size());
  }
  return canonical.data();
}

void ReadAddress(CheckSection* section, HealthCheck* check) {
  if (!section->Reads("address", kEndpointKinds)) {
    if (section->Is(kEndpointKinds) && !section->Has("host")) {
      section->Require("address",
                       "the IPv4 or IPv6 address that is probed, or host, the name that is "
                       "resolved before every probe");
    }
    return;
  }
  const std::optional<std::string> text = section->Text("address");
  if (!text) return;
  check->address = CanonicalAddress(*text);
  if (check->address.empty() || !ForbiddenRangeOf(check->address, true).empty()) {
    section->Error("address", Quoted(*text) +
                                  " is not the IPv4 or IPv6 address of an endpoint (a name is " +
                                  "written as host)");
    return;
  }
  const std::string_view range = ForbiddenRangeOf(check->address, check->allow_private_addresses);
  if (range.empty()) return;
  section->Error("address", Quoted(*text) + " is forbidden: it is in " + std::string(range) +
                                ", and allow_private_addresses is false");
}

uint16_t UsualPort(CheckType type) {
  if (kHttpsKinds.Has(type)) return kHttpsPort;
  return type == CheckType::kDns ? kDnsPort : kHttpPort;
}

void ReadPort(CheckSection* section, HealthCheck* check) {
  if (section->Reads("port", kEndpointKinds)) {
    check->port = static_cast<uint16_t>(section->Number("port", 1, 65535).value_or(0));
  } else if (check->type == CheckType::kTcp && section->type().has_value()) {
    section->Require("port", "a tcp check has no default for it");
  } else if (section->Is(kEndpointKinds)) {
    check->port = UsualPort(check->type);
  }
}

// It goes into the request as it is, so nothing may end its line.
bool IsHost(const std::string& host) {
  return !host.empty() && host.size() <= kMaxCheckText &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                  c == '_';
         });
}

// Without an address the host is asked for in DNS.
void CheckResolvable(const std::string& host, CheckSection* section) {
  if (!CanonicalAddress(host).empty()) {
    section->Error("host", Quoted(host) + " is an address: write it as address");
  } else if (const auto wire = NameToWire(host); !wire.ok()) {
    section->Error("host",
                   Quoted(host) + " cannot be resolved: " + std::string(wire.status().message()));
  }
}

void ReadHost(CheckSection* section, HealthCheck* check) {
  if (!section->Reads("host", kEndpointKinds)) return;
  const std::optional<std::string> host = section->Text("host");
  if (!host) return;
  check->host = *host;
  const bool has_address = section->Has("address");
  if (has_address && section->type().has_value() && !section->Is(kHttpKinds)) {
    section->Error("host", check->type == CheckType::kTcp
                               ? "has no meaning for a tcp check: it sends nothing"
                               : "has no meaning for a dns check beside address: what is asked "
                                 "for is query.name");
  } else if (!IsHost(*host)) {
    section->Error(
        "host", Quoted(*host) + " is not a host name of 1 to 255 letters, digits, '.', '-', '_'");
  } else if (!has_address) {
    CheckResolvable(*host, section);
  }
}

void ReadResolve(CheckSection* section, HealthCheck* check) {
  if (!section->Reads("resolve", kEndpointKinds)) return;
  // In the order of ResolveFamily.
  const std::optional<size_t> choice = section->Choice("resolve", {"ipv4", "ipv6", "any"});
  if (choice) check->resolve = static_cast<ResolveFamily>(*choice);
  if (section->Has("address")) {
    section->Error("resolve", "has no meaning beside address: nothing is resolved");
  }
}

}  // namespace

void ReadEndpoint(CheckSection* section, HealthCheck* check) {
  ReadAddress(section, check);
  ReadPort(section, check);
  ReadHost(section, check);
  ReadResolve(section, check);
}

}  // namespace understudy::control
