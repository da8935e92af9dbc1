#include "dataplane/answer_options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>

#include "dataplane/options.h"

namespace understudy {
namespace {

// The octets that hexadecimal digits stand for; nothing when they are not pairs of such.
std::optional<std::string> FromHex(std::string_view digits) {
  std::string octets;
  if (digits.size() % 2 != 0) return std::nullopt;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const std::string_view pair = digits.substr(i, 2);
    uint8_t octet = 0;
    const auto parsed = std::from_chars(pair.begin(), pair.end(), octet, 16);
    if (parsed.ec != std::errc() || parsed.ptr != pair.end()) return std::nullopt;
    octets += static_cast<char>(octet);
  }
  return octets;
}

std::string TooLong(const char* option, size_t most) {
  return std::string(option) + " takes 1 to " + std::to_string(most) + " octets";
}

}  // namespace

void AnswerOptions::Declare(CLI::App& app, Options& options) {
  responder::ResponderOptions& responder = options.responder;
  app.add_option("--max-udp-payload", responder.max_udp_payload, "largest UDP answer, octets")
      ->check(CLI::Range(512, int{responder::kMaxUdpMessage}))
      ->capture_default_str();
  app.add_option("--nsid", nsid_,
                 "said to clients that ask for the EDNS option NSID (RFC 5001): a text, or octets "
                 "as 0x and hexadecimal digits; at most 128 octets");
  app.add_option("--identity", responder.identity.identity,
                 "answer to CH TXT id.server and hostname.bind (RFC 4892); without it: REFUSED");
  app.add_option("--version-text", responder.identity.version,
                 "answer to CH TXT version.server and version.bind; without it: REFUSED");
  app.add_flag("--no-cookies", options.no_cookies, "ignore DNS cookies (RFC 7873)");
  app.add_option("--cookie-secret-file", options.cookie_secret_file,
                 "one or two secrets of 32 hexadecimal digits for DNS cookies, shared by the nodes "
                 "of an anycast address: the first makes cookies, both check them; read again on "
                 "SIGHUP. Without it secrets are random and new every 24 hours");
}

std::string AnswerOptions::Take(responder::ResponderOptions& responder) const {
  responder.identity.nsid = nsid_;
  if (nsid_.starts_with("0x")) {
    const auto octets = FromHex(std::string_view(nsid_).substr(2));
    if (!octets) return "--nsid '" + nsid_ + "': after 0x come pairs of hexadecimal digits";
    responder.identity.nsid = *octets;
  }
  const responder::IdentityText& text = responder.identity;
  if (text.nsid.size() > responder::kMaxNsid) return TooLong("--nsid", responder::kMaxNsid);
  if (text.identity.size() > responder::kMaxText) {
    return TooLong("--identity", responder::kMaxText);
  }
  if (text.version.size() > responder::kMaxText) {
    return TooLong("--version-text", responder::kMaxText);
  }
  return "";
}

}  // namespace understudy
