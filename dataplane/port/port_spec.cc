#include "dataplane/port/port_spec.h"

#include <charconv>

namespace understudy::port {
namespace {

constexpr size_t kMaxInterfaceName = 15;  // IFNAMSIZ - 1
constexpr size_t kMaxSocketPath = 107;    // sockaddr_un.sun_path - 1

bool IsHex(std::string_view digits) {
  return !digits.empty() &&
         digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// [DDDD:]BB:DD.F
bool IsPciAddress(std::string_view text) {
  if (text.size() == 12 && text[4] == ':') {
    if (!IsHex(text.substr(0, 4))) return false;
    text.remove_prefix(5);
  }
  return text.size() == 7 && text[2] == ':' && text[5] == '.' && IsHex(text.substr(0, 2)) &&
         IsHex(text.substr(3, 2)) && IsHex(text.substr(6, 1));
}

std::string ParseMemif(std::string_view rest, PortSpec& spec) {
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (spec.target.empty()) {
      spec.target = part;
    } else if (part.starts_with("id=")) {
      const char* end = part.data() + part.size();
      const auto parsed = std::from_chars(part.data() + 3, end, spec.memif_id);
      if (parsed.ec != std::errc() || parsed.ptr != end) return "id= takes a number";
    } else if (part == "role=server") {
      spec.memif_server = true;
    } else if (part == "role=client") {
      spec.memif_server = false;
    } else {
      return "'" + std::string(part) + "' is none of id=N, role=server, role=client";
    }
  }
  if (spec.target.empty() || spec.target.size() > kMaxSocketPath) {
    return "the socket path takes 1 to 107 characters";
  }
  return "";
}

std::string ParseTarget(std::string_view rest, PortSpec& spec) {
  switch (spec.kind) {
    case PortKind::kAfXdp:
      if (rest.empty() || rest.size() > kMaxInterfaceName ||
          rest.find_first_of("/, ") != std::string_view::npos) {
        return "an interface name has 1 to 15 characters, none of them '/', ',' or blank";
      }
      break;
    case PortKind::kNic:
      if (!IsPciAddress(rest)) {
        return "a PCI address looks like 0000:03:00.0 (for other DPDK devices say eal:DEVARGS)";
      }
      break;
    case PortKind::kEal:
      if (!rest.starts_with("net_")) return "DPDK's network devices have names like net_af_packet0";
      break;
    case PortKind::kMemif:
      return ParseMemif(rest, spec);
  }
  spec.target = rest;
  return "";
}

}  // namespace

std::optional<PortSpec> ParsePortSpec(std::string_view text, std::string* error) {
  PortSpec spec;
  spec.text = text;
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (colon != std::string_view::npos && kind == "af_xdp") {
    spec.kind = PortKind::kAfXdp;
  } else if (colon != std::string_view::npos && kind == "nic") {
    spec.kind = PortKind::kNic;
  } else if (colon != std::string_view::npos && kind == "eal") {
    spec.kind = PortKind::kEal;
  } else if (colon != std::string_view::npos && kind == "memif") {
    spec.kind = PortKind::kMemif;
  } else {
    *error = "port '" + spec.text +
             "': say af_xdp:IFACE, nic:PCI-ADDRESS, eal:DEVARGS or memif:SOCKET,id=N,role=ROLE";
    return std::nullopt;
  }
  const std::string problem = ParseTarget(text.substr(colon + 1), spec);
  if (problem.empty()) return spec;
  *error = "port '" + spec.text + "': " + problem;
  return std::nullopt;
}

}  // namespace understudy::port
