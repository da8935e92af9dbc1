#include "dataplane/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace understudy {
namespace {

ParsedOptions Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "understudy-dataplane");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Options, TheExampleOfTheDesignIsUnderstood) {
  const ParsedOptions parsed =
      Parse({"--instance", "edge1", "--port", "af_xdp:eth1", "--address", "192.0.2.53", "--address",
             "2001:db8::53", "--listen", "127.0.0.1:5353", "--", "-l", "0,1"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.options->paths.directory, "/dev/shm/understudy/edge1");
  ASSERT_EQ(parsed.options->ports.size(), 1U);
  EXPECT_EQ(parsed.options->ports[0].target, "eth1");
  EXPECT_EQ(parsed.options->services4.size(), 1U);
  EXPECT_EQ(parsed.options->services6.size(), 1U);
  EXPECT_EQ(parsed.options->listen[0].text(), "127.0.0.1:5353");
  EXPECT_EQ(parsed.options->eal, (std::vector<std::string>{"-l", "0,1"}));
  EXPECT_FALSE(parsed.options->idle_sleep_us);
}

TEST(Options, TimesCarryTheirUnits) {
  const auto parsed =
      Parse({"--instance", "e", "--listen", "[::1]:53", "--tcp-idle-timeout", "500ms"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.options->tcp_idle_timeout_ms, 500U);
  EXPECT_FALSE(
      Parse({"--instance", "e", "--listen", "[::1]:53", "--tcp-idle-timeout", "5"}).options);
  EXPECT_FALSE(
      Parse({"--instance", "e", "--listen", "[::1]:53", "--tcp-idle-timeout", "1ms"}).options);
}

TEST(Options, HelpIsNoError) {
  const ParsedOptions parsed = Parse({"--help"});
  EXPECT_FALSE(parsed.options);
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_NE(parsed.text.find("--listen"), std::string::npos);
}

TEST(Options, AServerSaysWhoItIsOnlyWhenTold) {
  const auto silent = Parse({"--instance", "e", "--listen", "[::1]:53"});
  ASSERT_TRUE(silent.options) << silent.text;
  EXPECT_EQ(silent.options->responder.identity.nsid, "");
  EXPECT_EQ(silent.options->responder.identity.identity, "");
  const auto told = Parse({"--instance", "e", "--listen", "[::1]:53", "--nsid", "0x0041ff",
                           "--identity", "node 1", "--version-text", "2"});
  ASSERT_TRUE(told.options) << told.text;
  EXPECT_EQ(told.options->responder.identity.nsid, std::string("\0A\xff", 3));
  EXPECT_EQ(told.options->responder.identity.identity, "node 1");
  EXPECT_EQ(told.options->responder.identity.version, "2");
}

TEST(Options, RateLimitingIsOffUntilARateIsGiven) {
  const auto off = Parse({"--instance", "e", "--listen", "[::1]:53"});
  ASSERT_TRUE(off.options) << off.text;
  EXPECT_EQ(off.options->rate_limit.per_second, 0U);
  const auto on =
      Parse({"--instance", "e", "--listen", "[::1]:53", "--rate-limit", "100", "--rate-limit-slip",
             "0", "--rate-limit-ipv4-prefix", "32", "--rate-limit-ipv6-prefix", "64",
             "--rate-limit-exempt", "192.0.2.0/24", "--rate-limit-exempt", "2001:db8::1"});
  ASSERT_TRUE(on.options) << on.text;
  const responder::RateLimit& limit = on.options->rate_limit;
  EXPECT_EQ(limit.per_second, 100U);
  EXPECT_EQ(limit.slip, 0U);
  EXPECT_EQ(limit.ipv4_prefix, 32);
  EXPECT_EQ(limit.ipv6_prefix, 64);
  ASSERT_EQ(limit.exempt.size(), 2U);
  EXPECT_EQ(limit.exempt[0].prefix, 24);
  EXPECT_EQ(limit.exempt[1].prefix, 128);
}

struct Wrong {
  std::vector<const char*> arguments;
  const char* says;
};

TEST(Options, WhatIsWrongIsSaid) {
  const std::string long_text(256, 'x');
  const char* too_long = long_text.c_str();
  const Wrong kWrong[] = {
      {{"--listen", "127.0.0.1:1"}, "--instance is required"},
      {{"--instance", "Edge", "--listen", "127.0.0.1:1"}, "a-z, 0-9 and '-'"},
      {{"--instance", "e"}, "nothing to serve"},
      {{"--instance", "e", "--port", "af_xdp:eth1"}, "at least one --address"},
      {{"--instance", "e", "--port", "eth1", "--address", "192.0.2.1"}, "say af_xdp:IFACE"},
      {{"--instance", "e", "--port", "af_xdp:a", "--port", "af_xdp:a"}, "given twice"},
      {{"--instance", "e", "--listen", "127.0.0.1"}, "say ADDRESS:PORT"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--address", "x"}, "neither an IPv4"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--max-udp-payload", "9000"}, "512"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--nsid", "0x123"}, "pairs of hexadecimal"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--nsid", too_long}, "1 to 128 octets"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--identity", too_long}, "1 to 255 octets"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--rate-limit-exempt", "192.0.2.0/33"},
       "is no address block"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--rate-limit-ipv4-prefix", "33"}, "33"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--rate-limit", "1000001"}, "1000000"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--no-cookies", "--cookie-secret-file", "x"},
       "exclude each other"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--colour", "red"}, "--colour"},
      {{"--instance", "e", "--listen", "127.0.0.1:1", "--", "-l", "0"}, "need a --port"},
  };
  for (const Wrong& wrong : kWrong) {
    const ParsedOptions parsed = Parse(wrong.arguments);
    EXPECT_FALSE(parsed.options);
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_NE(parsed.text.find(wrong.says), std::string::npos) << parsed.text;
  }
}

}  // namespace
}  // namespace understudy
