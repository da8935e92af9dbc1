#include "dataplane/rate_limit_options.h"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>

namespace understudy {
namespace {

using responder::AddressBlock;
using responder::RateLimit;

// ADDRESS or ADDRESS/BITS.
std::optional<AddressBlock> ParseBlock(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  AddressBlock block;
  if (inet_pton(AF_INET6, address.c_str(), block.address.data()) == 1) {
    block.address_length = 16;
  } else if (inet_pton(AF_INET, address.c_str(), block.address.data()) != 1) {
    return std::nullopt;
  }
  block.prefix = static_cast<uint8_t>(8 * block.address_length);
  if (slash == std::string::npos) return block;
  const unsigned most = block.prefix;
  const std::string_view bits = std::string_view(text).substr(slash + 1);
  const auto parsed = std::from_chars(bits.begin(), bits.end(), block.prefix);
  if (parsed.ec != std::errc() || parsed.ptr != bits.end() || block.prefix > most) {
    return std::nullopt;
  }
  return block;
}

}  // namespace

void RateLimitOptions::Declare(CLI::App& app, RateLimit& limit) {
  app.add_option("--rate-limit", limit.per_second,
                 "UDP answers a second to the clients of one address block; 0: no limit")
      ->check(CLI::Range(0U, RateLimit::kMaxPerSecond))
      ->capture_default_str();
  app.add_option("--rate-limit-slip", limit.slip,
                 "every so many-th limited query gets an empty answer with TC set, or BADCOOKIE "
                 "when it has a cookie; the others get none. 1: all, 0: none")
      ->check(CLI::Range(0U, RateLimit::kMaxSlip))
      ->capture_default_str();
  app.add_option("--rate-limit-ipv4-prefix", limit.ipv4_prefix, "bits of an IPv4 address block")
      ->check(CLI::Range(1, 32))
      ->default_str("24");
  app.add_option("--rate-limit-ipv6-prefix", limit.ipv6_prefix, "bits of an IPv6 address block")
      ->check(CLI::Range(1, 128))
      ->default_str("56");
  app.add_option("--rate-limit-buckets", limit.buckets,
                 "address blocks remembered, 8 octets each; rounded up to a power of two")
      ->check(CLI::Range(RateLimit::kMinBuckets, RateLimit::kMaxBuckets))
      ->capture_default_str();
  app.add_option("--rate-limit-exempt", exempt_,
                 "ADDRESS or ADDRESS/BITS that is never limited; repeatable");
}

std::string RateLimitOptions::Take(RateLimit& limit) const {
  for (const std::string& text : exempt_) {
    const auto block = ParseBlock(text);
    if (!block) {
      return "--rate-limit-exempt '" + text +
             "' is no address block: say 192.0.2.0/24, 2001:db8::/32 or an address";
    }
    limit.exempt.push_back(*block);
  }
  return "";
}

std::string TextOf(const RateLimit& limit, size_t buckets) {
  return "at most " + std::to_string(limit.per_second) + " UDP answers a second for each IPv4 /" +
         std::to_string(limit.ipv4_prefix) + " and IPv6 /" + std::to_string(limit.ipv6_prefix) +
         ", slip " + std::to_string(limit.slip) + ", " + std::to_string(buckets) + " buckets, " +
         std::to_string(limit.exempt.size()) + " blocks exempt";
}

}  // namespace understudy
