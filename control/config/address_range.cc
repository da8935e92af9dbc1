#include "control/config/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace understudy::control {
namespace {

struct Range {
  std::string_view text;
  std::array<uint8_t, 16> prefix;
  size_t bits;
  bool endpoint;  // something may listen there, if only nearby
};

constexpr std::array kIpv4Ranges{
    Range{"0.0.0.0/8 (this network, RFC 1122)", {0}, 8, false},
    Range{"10.0.0.0/8 (private, RFC 1918)", {10}, 8, true},
    Range{"100.64.0.0/10 (shared by carriers, RFC 6598)", {100, 64}, 10, true},
    Range{"127.0.0.0/8 (loopback, RFC 1122)", {127}, 8, true},
    Range{"169.254.0.0/16 (link-local, RFC 3927)", {169, 254}, 16, true},
    Range{"172.16.0.0/12 (private, RFC 1918)", {172, 16}, 12, true},
    Range{"192.0.0.0/24 (protocol assignments, RFC 6890)", {192, 0, 0}, 24, true},
    Range{"192.0.2.0/24 (documentation, RFC 5737)", {192, 0, 2}, 24, true},
    Range{"192.88.99.0/24 (6to4 relays, RFC 7526)", {192, 88, 99}, 24, true},
    Range{"192.168.0.0/16 (private, RFC 1918)", {192, 168}, 16, true},
    Range{"198.18.0.0/15 (benchmarking, RFC 2544)", {198, 18}, 15, true},
    Range{"198.51.100.0/24 (documentation, RFC 5737)", {198, 51, 100}, 24, true},
    Range{"203.0.113.0/24 (documentation, RFC 5737)", {203, 0, 113}, 24, true},
    Range{"224.0.0.0/4 (multicast, RFC 5771)", {224}, 4, false},
    Range{"240.0.0.0/4 (reserved, RFC 1112)", {240}, 4, false},
};

constexpr std::array kIpv6Ranges{
    Range{"::/128 (unspecified, RFC 4291)", {}, 128, false},
    Range{"ff00::/8 (multicast, RFC 4291)", {0xff}, 8, false},
    Range{"::1/128 (loopback, RFC 4291)",
          {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
          128,
          true},
    Range{"::/96 (IPv4-compatible, RFC 4291)", {}, 96, true},
    Range{"64:ff9b:1::/48 (local NAT64, RFC 8215)", {0, 0x64, 0xff, 0x9b, 0, 1}, 48, true},
    Range{"100::/64 (discard, RFC 6666)", {1, 0}, 64, true},
    Range{"2001::/23 (protocol assignments, RFC 2928)", {0x20, 0x01, 0}, 23, true},
    Range{"2001:db8::/32 (documentation, RFC 3849)", {0x20, 0x01, 0x0d, 0xb8}, 32, true},
    Range{"3ffe::/16 (6bone, RFC 3701)", {0x3f, 0xfe}, 16, true},
    Range{"3fff::/20 (documentation, RFC 9637)", {0x3f, 0xff, 0}, 20, true},
    Range{"5f00::/16 (segment routing, RFC 9602)", {0x5f, 0}, 16, true},
    Range{"fc00::/7 (unique local, RFC 4193)", {0xfc}, 7, true},
    Range{"fe80::/10 (link-local, RFC 4291)", {0xfe, 0x80}, 10, true},
    Range{"fec0::/10 (site-local, RFC 3879)", {0xfe, 0xc0}, 10, true},
};

// IPv6 prefixes that end in an IPv4 address, which begins behind them.
constexpr std::array kCarriers{
    Range{"::ffff:0:0/96", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, true},  // RFC 4291
    Range{"64:ff9b::/96", {0, 0x64, 0xff, 0x9b}, 96, true},                        // RFC 6052
    Range{"2002::/16", {0x20, 0x02}, 16, true},                                    // RFC 3056
};

bool IsIn(const Range& range, const uint8_t* address) {
  const size_t whole = range.bits / 8;
  if (!std::equal(address, address + whole, range.prefix.begin())) return false;
  const size_t rest = range.bits % 8;
  return rest == 0 || (address[whole] ^ range.prefix[whole]) >> (8 - rest) == 0;
}

template <size_t kCount>
std::string_view Find(const std::array<Range, kCount>& ranges, const uint8_t* address,
                      bool allow_private) {
  for (const Range& range : ranges) {
    if (IsIn(range, address) && !(allow_private && range.endpoint)) return range.text;
  }
  return {};
}

}  // namespace

std::string_view ForbiddenRangeOf(std::string_view address, bool allow_private) {
  // A zone ("fe80::1%eth0") says through which interface, and not which address.
  const std::string text(address.substr(0, address.find('%')));
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return Find(kIpv4Ranges, bytes.data(), allow_private);
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
  for (const Range& carrier : kCarriers) {
    if (!IsIn(carrier, bytes.data())) continue;
    const std::string_view carried =
        Find(kIpv4Ranges, bytes.data() + carrier.bits / 8, allow_private);
    if (!carried.empty()) return carried;
  }
  return Find(kIpv6Ranges, bytes.data(), allow_private);
}

}  // namespace understudy::control
