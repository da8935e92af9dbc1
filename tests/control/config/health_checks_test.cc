// The section health_checks: every key, its default, its range.
#include <gtest/gtest.h>

#include <string>

#include "tests/control/config/config_folder.h"

namespace understudy::control {
namespace {

class HealthChecks : public ConfigFolder {
 protected:
  static std::string With(const std::string& check) {
    return "instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
           "health_checks:\n  c: {" +
           check + "}\n";  // line 4
  }
  HealthCheck Check(const std::string& check) {
    const ConfigResult result = Parse(With(check));
    EXPECT_EQ(Texts(result.errors), List{});
    return result.state == nullptr ? HealthCheck{} : result.state->health_checks.at("c");
  }
  // Each is "key: message", without file and line.
  List Errors(const std::string& check) {
    List errors = ErrorsOf(With(check));
    const std::string before = "u.yaml:4: health_checks.c.";
    for (std::string& error : errors) {
      EXPECT_EQ(error.substr(0, before.size()), before) << error;
      error.erase(0, before.size());
    }
    return errors;
  }

  inline static const std::string kTcp = "type: tcp, address: 192.0.2.1, port: 1";
  inline static const std::string kHttp = "type: http, address: 192.0.2.1";
  inline static const std::string kHttps = "type: https, address: 192.0.2.1";
};

TEST_F(HealthChecks, DefaultsOfTcp) {
  const HealthCheck check = Check(kTcp);
  EXPECT_EQ(check.type, CheckType::kTcp);
  EXPECT_EQ(check.port, 1);
  EXPECT_EQ(check.connect_timeout, absl::Seconds(10));
  EXPECT_EQ(check.interval, absl::Seconds(10));
  EXPECT_EQ(check.failure_threshold, 3u);
  EXPECT_EQ(check.success_threshold, 3u);
  EXPECT_FALSE(check.enable_sni);
}

TEST_F(HealthChecks, DefaultsOfHttp) {
  const HealthCheck check = Check(kHttp);
  EXPECT_EQ(check.port, 80);
  EXPECT_EQ(check.path, "/");
  EXPECT_EQ(check.connect_timeout, absl::Seconds(4));
  EXPECT_EQ(check.response_timeout, absl::Seconds(2));
  EXPECT_FALSE(check.enable_sni);
}

TEST_F(HealthChecks, DefaultsOfHttps) {
  EXPECT_EQ(Check(kHttps).port, 443);
  EXPECT_FALSE(Check(kHttps).enable_sni);  // there is no name to send
  EXPECT_TRUE(Check(kHttps + ", host: www.example.com").enable_sni);
  EXPECT_FALSE(Check(kHttps + ", host: www.example.com, enable_sni: false").enable_sni);
  EXPECT_TRUE(Check(kHttps + ", host: www.example.com, enable_sni: true").enable_sni);
}

TEST_F(HealthChecks, TypesAreReadInAnyLetterCase) {
  const std::string rest = ", address: 192.0.2.1, search_string: ok";
  EXPECT_EQ(Check("type: HTTP_STR_MATCH" + rest).type, CheckType::kHttpStrMatch);
  EXPECT_EQ(Check("type: Https_Str_Match" + rest).type, CheckType::kHttpsStrMatch);
  EXPECT_EQ(Check("type: https_str_match" + rest).port, 443);
  EXPECT_EQ(Check("type: HTTP_STR_MATCH" + rest).search_string, "ok");
}

TEST_F(HealthChecks, TypeAndAddressOrHostAreMandatory) {
  const std::string types =
      "tcp, http, https, http_str_match, https_str_match, dns, exec, push, calculated";
  EXPECT_EQ(Errors(""), List{"type: is missing: one of " + types});
  EXPECT_EQ(Errors("type: udp, address: 192.0.2.1"),
            List{"type: 'udp' is not allowed; allowed: " + types});
  for (const std::string type : {"http", "https", "tcp, port: 1", "dns, query: {name: a}"}) {
    EXPECT_EQ(Errors("type: " + type),
              List{"address: is missing: the IPv4 or IPv6 address that is probed, or host, the "
                   "name that is resolved before every probe"});
  }
}

TEST_F(HealthChecks, AddressesAreLiteralsOfOneEndpoint) {
  EXPECT_EQ(Check("type: http, address: '2001:DB8:0::1'").address, "2001:db8::1");
  for (const char* address : {"www.example.com", "192.0.2.256", "0.0.0.0", "'::'", "224.0.0.1",
                              "255.255.255.255", "'ff02::1'", "192.0.2.1/24", "''"}) {
    const List errors = Errors(std::string("type: http, address: ") + address);
    ASSERT_EQ(errors.size(), 1u) << address;
    EXPECT_NE(errors[0].find("is not the IPv4 or IPv6 address of an endpoint (a name is "
                             "written as host)"),
              std::string::npos);
  }
}

TEST_F(HealthChecks, PortsAreFrom1To65535) {
  EXPECT_EQ(Check(kHttp + ", port: 65535").port, 65535);
  for (const char* port : {"0", "65536", "-1", "80x", "1.5", "''", "99999999999999999999"}) {
    std::string text = port;
    if (text == "''") text.clear();
    EXPECT_EQ(Errors(kHttp + ", port: " + port),
              List{"port: '" + text + "' is not a whole number from 1 to 65535"});
  }
  EXPECT_EQ(Errors("type: tcp, address: 192.0.2.1"),
            List{"port: is missing: a tcp check has no default for it"});
}

TEST_F(HealthChecks, PathGetsItsLeadingSlashAndIsAtMost255Octets) {
  EXPECT_EQ(Check(kHttp + ", path: 'healthz?x=1'").path, "/healthz?x=1");
  EXPECT_EQ(Check(kHttp + ", path: ''").path, "/");
  EXPECT_EQ(Check(kHttp + ", path: /" + std::string(254, 'a')).path.size(), 255u);
  EXPECT_EQ(Errors(kHttp + ", path: " + std::string(255, 'a')),
            List{"path: is longer than 255 octets"});
}

TEST_F(HealthChecks, NothingThatEndsALineOfTheRequestIsTaken) {
  EXPECT_EQ(Errors(kHttp + ", path: \"/a\\r\\nX: y\""),
            List{"path: '/a\\013\\010X: y' has a space, a '#' or a character outside ASCII: write "
                 "it as %XX"});
  EXPECT_EQ(Errors(kHttp + ", host: \"a\\r\\nX: y\""),
            List{"host: 'a\\013\\010X: y' is not a host name of 1 to 255 letters, digits, '.', "
                 "'-', '_'"});
  EXPECT_EQ(Errors(kHttp + ", host: ''").size(), 1u);
  EXPECT_EQ(Errors(kHttp + ", host: " + std::string(256, 'a')).size(), 1u);
  EXPECT_EQ(Check(kHttp + ", host: " + std::string(255, 'a')).host.size(), 255u);
}

TEST_F(HealthChecks, SearchStringBelongsToStringMatchAndOnlyToIt) {
  EXPECT_EQ(Errors("type: http_str_match, address: 192.0.2.1"),
            List{"search_string: is missing: string match health checks must have a search string "
                 "specified"});
  for (const std::string& other : {kTcp, kHttp, kHttps}) {
    EXPECT_EQ(Errors(other + ", search_string: x"),
              List{"search_string: is only for http_str_match and https_str_match"});
  }
  const std::string match = "type: http_str_match, address: 192.0.2.1, search_string: ";
  EXPECT_EQ(Check(match + std::string(255, 'x')).search_string.size(), 255u);
  EXPECT_EQ(Errors(match + std::string(256, 'x')),
            List{"search_string: must have 1 to 255 octets"});
  EXPECT_EQ(Errors(match + "''"), List{"search_string: must have 1 to 255 octets"});
}

TEST_F(HealthChecks, WhatTcpDoesNotSendIsRefused) {
  EXPECT_EQ(Errors(kTcp + ", path: /"),
            List{"path: TCP health checks must not have a resource path specified"});
  EXPECT_EQ(Errors(kTcp + ", host: a"),
            List{"host: has no meaning for a tcp check: it sends nothing"});
}

TEST_F(HealthChecks, SniNeedsTlsAndAName) {
  for (const std::string& other : {kTcp, kHttp}) {
    EXPECT_EQ(Errors(other + ", enable_sni: true"),
              List{"enable_sni: is only for https and https_str_match: the others have no TLS"});
    EXPECT_FALSE(Check(other + ", enable_sni: false").enable_sni);
  }
  EXPECT_EQ(Errors(kHttps + ", enable_sni: true"),
            List{"enable_sni: needs host, the name to send"});
  EXPECT_EQ(Errors(kHttps + ", host: a, enable_sni: maybe"),
            List{"enable_sni: 'maybe' is not allowed; allowed: false, true"});
}

TEST_F(HealthChecks, IntervalIsFrom100MillisecondsToAnHour) {
  EXPECT_EQ(Check(kHttp + ", interval: 100ms").interval, absl::Milliseconds(100));
  EXPECT_EQ(Check(kHttp + ", interval: 1h").interval, absl::Hours(1));
  EXPECT_EQ(Check(kHttp + ", interval: 1m30s").interval, absl::Seconds(90));
  EXPECT_EQ(Check(kHttp + ", interval: 0.5s").interval, absl::Milliseconds(500));
  EXPECT_EQ(Errors(kHttp + ", interval: 99ms"), List{"interval: '99ms' is not from 100ms to 1h"});
  EXPECT_EQ(Errors(kHttp + ", interval: 61m"), List{"interval: '61m' is not from 100ms to 1h"});
}

TEST_F(HealthChecks, TimesNeedTheirUnit) {
  for (const char* time : {"10", "0", "-1s", "1d", "1us", "s", "1 s", "inf", "1s1"}) {
    EXPECT_EQ(Errors(kHttp + ", interval: " + time),
              List{"interval: '" + std::string(time) +
                   "' is not a time: write a number and its unit (ms, s, m, h), from 100ms to 1h"});
  }
}

TEST_F(HealthChecks, TimeoutSetsBothAndTheSpecificOnesWin) {
  const HealthCheck both = Check(kHttp + ", timeout: 500ms");
  EXPECT_EQ(both.connect_timeout, absl::Milliseconds(500));
  EXPECT_EQ(both.response_timeout, absl::Milliseconds(500));
  const HealthCheck one = Check(kHttp + ", timeout: 500ms, connect_timeout: 50ms");
  EXPECT_EQ(one.connect_timeout, absl::Milliseconds(50));
  EXPECT_EQ(one.response_timeout, absl::Milliseconds(500));
  const HealthCheck apart = Check(kHttp + ", connect_timeout: 10ms, response_timeout: 60s");
  EXPECT_EQ(apart.connect_timeout, absl::Milliseconds(10));
  EXPECT_EQ(apart.response_timeout, absl::Seconds(60));
  EXPECT_EQ(Errors(kHttp + ", timeout: 9ms, connect_timeout: 61s, response_timeout: 2"),
            (List{"timeout: '9ms' is not from 10ms to 1m",
                  "connect_timeout: '61s' is not from 10ms to 1m",
                  "response_timeout: '2' is not a time: write a number and its unit (ms, s, m, h), "
                  "from 10ms to 1m"}));
}

TEST_F(HealthChecks, ThresholdsAreFrom1To100AndSuccessFollowsFailure) {
  EXPECT_EQ(Check(kHttp + ", failure_threshold: 5").success_threshold, 5u);
  EXPECT_EQ(Check(kHttp + ", success_threshold: 1").failure_threshold, 3u);
  EXPECT_EQ(Check(kHttp + ", failure_threshold: 1, success_threshold: 100").success_threshold,
            100u);
  EXPECT_EQ(Errors(kHttp + ", failure_threshold: 0, success_threshold: 101"),
            (List{"failure_threshold: '0' is not a whole number from 1 to 100",
                  "success_threshold: '101' is not a whole number from 1 to 100"}));
}

TEST_F(HealthChecks, UnknownKeysAreNamed) {
  EXPECT_EQ(Errors(kHttp + ", intervall: 1s"),
            List{"intervall: is not a key of this section (did you mean 'interval'?)"});
}

TEST_F(HealthChecks, NamesAreOneWord) {
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
                     "health_checks:\n  \"a b\": {}\n  -x: {}\n  [y]: {}\n  z: 1\n"),
            (List{"u.yaml:4: health_checks.a b: is not a name: allowed are 1 to 64 letters, "
                  "digits, '.', '_' and '-', the first no '.' and no '-'",
                  "u.yaml:5: health_checks.-x: is not a name: allowed are 1 to 64 letters, "
                  "digits, '.', '_' and '-', the first no '.' and no '-'",
                  "u.yaml:6: health_checks: a key must be text, and is a list",
                  "u.yaml:7: health_checks.z: must be a mapping (key: value), and is a single "
                  "value"}));
}

TEST_F(HealthChecks, CheckThatNoGroupUsesIsWorthAWarning) {
  EXPECT_EQ(WarningsOf(With(kHttp)),
            List{"u.yaml:4: health_checks.c: is used by no failover group"});
}

}  // namespace
}  // namespace understudy::control
