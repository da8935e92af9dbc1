// The section health_checks: the keys of each kind, and what goes with which. The keys of Route
// 53's endpoint checks are in health_checks_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control/zone/zone_file.h"
#include "tests/control/config/config_folder.h"

namespace understudy::control {
namespace {

class CheckKinds : public ConfigFolder {
 protected:
  static std::string With(const std::string& check) {
    return "instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
           "health_checks:\n  a: {type: push, expiry: 1m}\n  b: {type: push, expiry: 1m}\n  c: {" +
           check + "}\n";  // line 6
  }
  HealthCheck Check(const std::string& check) {
    const ConfigResult result = Parse(With(check));
    EXPECT_EQ(Texts(result.errors), List{}) << check;
    return result.state == nullptr ? HealthCheck{} : result.state->health_checks.at("c");
  }
  // "key: message" of the check, without file, line and those of its being unused.
  List OfCheck(List findings) {
    const std::string before = "u.yaml:6: health_checks.c";
    List rest;
    for (std::string& text : findings) {
      if (text.substr(0, before.size()) != before) continue;
      if (text.find("is used by no failover group") != std::string::npos) continue;
      rest.push_back(text.substr(before.size() + (text[before.size()] == '.' ? 1 : 0)));
    }
    return rest;
  }
  List Errors(const std::string& check) { return OfCheck(ErrorsOf(With(check))); }
  List Warnings(const std::string& check) { return OfCheck(WarningsOf(With(check))); }

  inline static const std::string kTcp = "type: tcp, address: 192.0.2.1, port: 1";
  inline static const std::string kHttp = "type: http, address: 192.0.2.1";
  inline static const std::string kHttps = "type: https, address: 192.0.2.1";
  inline static const std::string kMatch =
      "type: http_str_match, address: 192.0.2.1, search_string: x";
  inline static const std::string kDns = "type: dns, address: 192.0.2.1, query: {name: a.example}";
  inline static const std::string kExec = "type: exec, command: [/bin/true]";
  inline static const std::string kPush = "type: push, expiry: 1m";
  inline static const std::string kCalculated =
      "type: calculated, children: [a, b], health_threshold: 1";
};

TEST_F(CheckKinds, AHostWithoutAnAddressIsResolved) {
  const HealthCheck check = Check("type: http, host: app.example.net");
  EXPECT_EQ(check.address, "");
  EXPECT_EQ(check.host, "app.example.net");
  EXPECT_EQ(check.resolve, ResolveFamily::kIpv4);  // Route 53
  EXPECT_EQ(Check("type: tcp, port: 1, host: a.example, resolve: ipv6").resolve,
            ResolveFamily::kIpv6);
  EXPECT_EQ(Check("type: tcp, port: 1, host: a.example., resolve: ANY").resolve,
            ResolveFamily::kAny);
  EXPECT_EQ(Errors(kHttp + ", host: a.example, resolve: any"),
            List{"resolve: has no meaning beside address: nothing is resolved"});
  EXPECT_EQ(Errors("type: http, host: 192.0.2.1"),
            List{"host: '192.0.2.1' is an address: write it as address"});
  const List errors = Errors("type: http, host: " + std::string(64, 'a') + ".example");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("cannot be resolved: "), std::string::npos) << errors[0];
  EXPECT_EQ(Errors(kDns + ", host: a"),
            List{"host: has no meaning for a dns check beside address: what is asked for is "
                 "query.name"});
}

TEST_F(CheckKinds, HttpExpectationsDefaultToRoute53s) {
  const HttpExpectation http = Check(kHttp).http;
  EXPECT_EQ(http, HttpExpectation{});
  EXPECT_EQ(http.method, "GET");
  EXPECT_EQ(http.statuses, (std::vector<StatusRange>{{200, 399}}));
  EXPECT_FALSE(http.verify_certificate);
}

TEST_F(CheckKinds, MethodIsOneThatAProbeMayUse) {
  EXPECT_EQ(Check(kHttp + ", method: head").http.method, "HEAD");
  EXPECT_EQ(Check(kMatch + ", method: POST").http.method, "POST");
  EXPECT_EQ(Errors(kHttp + ", method: DELETE"),
            List{"method: 'DELETE' is not allowed; allowed: get, head, options, post"});
  EXPECT_EQ(Errors(kMatch + ", method: HEAD"),
            List{"method: HEAD has an answer without a body: no string can be in it"});
}

TEST_F(CheckKinds, HeadersAreFieldsOfOneRequest) {
  const HealthCheck check = Check(kHttp + ", headers: {X-Probe: '1 2', Accept: text/plain, Y: ''}");
  EXPECT_EQ(check.http.headers,
            (std::vector<HttpHeader>{{"X-Probe", "1 2"}, {"Accept", "text/plain"}, {"Y", ""}}));
  for (const std::string name :
       {"Connection", "content-length", "Transfer-Encoding", "Upgrade", "TE", "Expect"}) {
    EXPECT_EQ(Errors(kHttp + ", headers: {" + name + ": x}"),
              List{"headers: '" + name + "' is not for the check to set"});
  }
  EXPECT_EQ(Errors(kHttp + ", headers: {HOST: x}"),
            List{"headers: 'HOST' is not for the check to set: write host instead"});
  for (const std::string value : {"\"a\\r\\nX: y\"", "\"a\\0b\"", "' a'", "'a '", "\"\\xe9\""}) {
    EXPECT_EQ(Errors(kHttp + ", headers: {A: " + value + "}"),
              List{"headers: 'A' has a value that is not printable ASCII, or with a space at its "
                   "end"})
        << value;
  }
  EXPECT_EQ(Errors(kHttp + ", headers: {\"a b\": x}"),
            List{"headers: 'a b' is not the name of a header field (RFC 9110 5.6.2)"});
  EXPECT_EQ(Errors(kHttp + ", headers: {A: " + std::string(1024, 'x') + "}"),
            List{"headers: 'A' is longer than 1024 octets with its value"});
  EXPECT_EQ(Errors(kHttp + ", headers: {A: [b]}"),
            List{"headers: 'A' must be a single value, and is a list"});
  EXPECT_EQ(Errors(kHttp + ", headers: [a]"),
            List{"headers: must be a mapping (key: value), and is a list"});
}

TEST_F(CheckKinds, StatusesAreNumbersAndRanges) {
  EXPECT_EQ(Check(kHttp + ", statuses: [204, 301-302]").http.statuses,
            (std::vector<StatusRange>{{204, 204}, {301, 302}}));
  EXPECT_EQ(Check(kHttp + ", statuses: 200-599").http.statuses,
            (std::vector<StatusRange>{{200, 599}}));
  for (const std::string wrong : {"199", "600", "300-200", "2xx", "200-", "-299", "200 - 299"}) {
    EXPECT_EQ(Errors(kHttp + ", statuses: [" + wrong + "]"),
              List{"statuses: '" + wrong +
                   "' is not a status from 200 to 599, like 204, or a range of them, like "
                   "200-299"});
  }
  EXPECT_EQ(Errors(kHttp + ", statuses: []"), List{"statuses: is empty: no answer would be good"});
  EXPECT_EQ(Errors(kHttp + ", statuses: [[200]]").size(), 1u);
  EXPECT_EQ(Errors(kHttp + ", statuses: {a: b}").size(), 1u);
}

TEST_F(CheckKinds, CertificatesAreOfHttps) {
  const HealthCheck check =
      Check(kHttps + ", host: a, verify_certificate: true, certificate_warning: 720h");
  EXPECT_TRUE(check.http.verify_certificate);
  EXPECT_EQ(check.http.certificate_warning, absl::Hours(720));
  EXPECT_EQ(Errors(kHttp + ", verify_certificate: true, certificate_warning: 1h"),
            (List{"verify_certificate: has no meaning for a http check; only https and "
                  "https_str_match checks have it",
                  "certificate_warning: has no meaning for a http check; only https and "
                  "https_str_match checks have it"}));
  EXPECT_EQ(Errors(kHttps + ", certificate_warning: 8785h").size(), 1u);
}

TEST_F(CheckKinds, DnsAsksAQueryAndExpectsAnAnswer) {
  const HealthCheck plain = Check(kDns);
  EXPECT_EQ(plain.port, 53);
  EXPECT_EQ(plain.dns.name, *NameToWire("a.example"));
  EXPECT_EQ(plain.dns.type, 1);
  EXPECT_EQ(plain.dns.rcode, 0);
  EXPECT_EQ(plain.dns.answers, std::vector<std::string>{});
  EXPECT_FALSE(plain.dns.over_tcp);
  EXPECT_FALSE(plain.dns.recursion_desired);
  EXPECT_EQ(plain.connect_timeout, absl::Seconds(4));
  EXPECT_EQ(plain.response_timeout, absl::Seconds(2));
  const std::string head = "type: dns, address: 192.0.2.1, query: ";
  const DnsExpectation dns =
      Check(head +
            "{name: A.Example, type: mx, rcode: NXDOMAIN, answers: [10 m.example., 20 "
            "n.example.], tcp: true, recursion_desired: true}")
          .dns;
  EXPECT_EQ(dns.name, *NameToWire("a.example"));
  EXPECT_EQ(dns.type, 15);
  EXPECT_EQ(dns.rcode, 3);
  EXPECT_EQ(dns.answers.size(), 2u);
  EXPECT_TRUE(dns.over_tcp);
  EXPECT_TRUE(dns.recursion_desired);
  EXPECT_EQ(Check(head + "{name: a, rcode: 15, answers: 192.0.2.7}").dns.answers,
            List{std::string("\xc0\0\x02\x07", 4)});
}

TEST_F(CheckKinds, WhatIsWrongInADnsQueryIsTold) {
  const std::string head = "type: dns, address: 192.0.2.1";
  EXPECT_EQ(Errors(head),
            List{"query: is missing: what is asked, like {name: example.com, type: SOA}"});
  EXPECT_EQ(Errors(head + ", query: {}"),
            List{"query.name: is missing: the name that is asked for"});
  EXPECT_EQ(Errors(head + ", query: a"),
            List{"query: must be a mapping (key: value), and is a single value"});
  EXPECT_EQ(Errors(head + ", query: {name: a, type: ANY}"), List{});
  EXPECT_EQ(
      Errors(head + ", query: {name: a, type: ANY, answers: 192.0.2.1}"),
      List{"query.answers: has no meaning beside type ANY: a server may answer it with any of "
           "its records (RFC 8482 4)"});
  EXPECT_EQ(Errors(head + ", query: {name: a, rcode: nxdomian}"),
            List{"query.rcode: 'nxdomian' is not allowed; allowed: noerror, formerr, servfail, "
                 "nxdomain, notimp, refused, yxdomain, yxrrset, nxrrset, notauth, notzone, 0 to 15 "
                 "(did you mean 'nxdomain'?)"});
  for (const std::string wrong :
       {"name: a..b", "name: a, type: NOPE", "name: a, rcode: 16", "name: a, rcode: -1",
        "name: a, answers: [1.2.3]", "name: a, answers: [[1]]", "name: a, tcp: maybe",
        "name: a, b: c"}) {
    EXPECT_EQ(Errors(head + ", query: {" + wrong + "}").size(), 1u) << wrong;
  }
}

TEST_F(CheckKinds, ExecRunsAProgramByItsPath) {
  const HealthCheck check = Check("type: exec, command: [/usr/bin/check, '', -v]");
  EXPECT_EQ(check.command, (List{"/usr/bin/check", "", "-v"}));
  EXPECT_EQ(check.response_timeout, absl::Seconds(5));
  EXPECT_EQ(Check(kExec + ", timeout: 1s").response_timeout, absl::Seconds(1));
  EXPECT_EQ(Check(kExec + ", response_timeout: 3s").response_timeout, absl::Seconds(3));
  EXPECT_EQ(Errors("type: exec"), List{"command: is missing: the program that is run, as a list"});
  EXPECT_EQ(Errors("type: exec, command: [check]"),
            List{"command: 'check' is not the absolute path of a program; no shell and no PATH are "
                 "used"});
  EXPECT_EQ(Errors("type: exec, command: /bin/true"),
            List{"command: must be a list, and is a single value"});
  EXPECT_EQ(Errors("type: exec, command: []"),
            List{"command: must have 1 to 64 elements: a program and its arguments"});
  EXPECT_EQ(Errors("type: exec, command: [/bin/a, \"b\\0c\"]").size(), 1u);
  EXPECT_EQ(Errors("type: exec, command: [/bin/a, [b]]").size(), 1u);
  EXPECT_EQ(
      Errors(kExec + ", connect_timeout: 1s"),
      List{"connect_timeout: has no meaning for a exec check; only checks of an endpoint (tcp, "
           "http, https, dns) have it"});
}

TEST_F(CheckKinds, PushIsToldAndExpires) {
  const HealthCheck check = Check("type: push, expiry: 90s");
  EXPECT_EQ(check.expiry, absl::Seconds(90));
  EXPECT_EQ(check.on_expiry, OnExpiry::kUnhealthy);
  EXPECT_EQ(check.failure_threshold, 1u);  // its word counts at once
  EXPECT_EQ(check.success_threshold, 1u);
  EXPECT_EQ(Check(kPush + ", on_expiry: last_known").on_expiry, OnExpiry::kLastKnown);
  EXPECT_EQ(Check(kPush + ", on_expiry: healthy, initial: probe").initial, InitialHealth::kProbe);
  EXPECT_EQ(Errors("type: push"),
            List{"expiry: is missing: how long a reported state counts when nothing follows"});
  EXPECT_EQ(Errors("type: push, expiry: 500ms"), List{"expiry: '500ms' is not from 1s to 168h"});
  for (const std::string key : {"interval: 1s", "timeout: 1s", "failure_threshold: 2",
                                "counting: cumulative", "success_threshold: 2"}) {
    EXPECT_EQ(Errors(kPush + ", " + key),
              List{key.substr(0, key.find(':')) +
                   ": has no meaning for a push check; only checks that are probed (not push, not "
                   "calculated) have it"});
  }
}

TEST_F(CheckKinds, CalculatedCountsItsChildren) {
  const HealthCheck check = Check(kCalculated);
  EXPECT_EQ(check.children, (List{"a", "b"}));
  EXPECT_EQ(check.health_threshold, 1u);
  EXPECT_EQ(Warnings(kCalculated), List{});
  EXPECT_EQ(Warnings("type: calculated, children: [a], health_threshold: 256"),
            List{"health_threshold: is more than there are children (1): the check is always "
                 "unhealthy"});
  EXPECT_EQ(Warnings("type: calculated, children: [a], health_threshold: 0"),
            List{"health_threshold: is 0: the check is always healthy"});
  EXPECT_EQ(Errors("type: calculated"),
            (List{"children: is missing: the checks whose health is counted",
                  "health_threshold: is missing: how many children must be healthy"}));
  EXPECT_EQ(Errors("type: calculated, children: [a], health_threshold: 257"),
            List{"health_threshold: '257' is not a whole number from 0 to 256"});
  EXPECT_EQ(Errors("type: calculated, children: [], health_threshold: 1"),
            List{"children: has 0; 1 to 256 are allowed"});
}

TEST_F(CheckKinds, ChildrenAreChecksThatAreNotCalculated) {
  EXPECT_EQ(Errors("type: calculated, children: [a, ax, c, a], health_threshold: 1"),
            (List{"children: 'a' is there twice", "children: 'ax' is no health check of this file",
                  "children: 'c' is a calculated check itself: a child must not be"}));
  std::string many = "type: calculated, health_threshold: 1, children: [";
  for (int i = 0; i < 257; ++i) many += "x" + std::to_string(i) + ",";
  const List errors = Errors(many + "]");
  EXPECT_EQ(errors.front(), "children: has 257; 1 to 256 are allowed");
  EXPECT_EQ(errors.size(), 258u);
}

TEST_F(CheckKinds, AChildIsUsed) {
  const List warnings = WarningsOf(With(kCalculated));
  EXPECT_EQ(warnings, List{"u.yaml:6: health_checks.c: is used by no failover group"});
}

TEST_F(CheckKinds, EveryKindMayBeDisabledAndInverted) {
  for (const std::string& kind : {kTcp, kHttp, kHttps, kMatch, kDns, kExec, kPush, kCalculated}) {
    EXPECT_FALSE(Check(kind).disabled);
    EXPECT_FALSE(Check(kind).inverted);
    EXPECT_EQ(Check(kind).initial, InitialHealth::kUp);
    EXPECT_TRUE(Check(kind + ", disabled: true").disabled);
    EXPECT_TRUE(Check(kind + ", inverted: true").inverted);
    if (kind != kCalculated) {
      EXPECT_EQ(Check(kind + ", initial: down").initial, InitialHealth::kDown);
    } else {
      EXPECT_EQ(Errors(kind + ", initial: down"),
                List{"initial: has no meaning for a calculated check; only checks with a health of "
                     "their own (not calculated) have it"});
    }
  }
}

TEST_F(CheckKinds, CumulativeCountingHasAClearThreshold) {
  EXPECT_EQ(Check(kTcp).counting, Counting::kConsecutive);
  const HealthCheck check = Check(kTcp + ", counting: cumulative, clear_threshold: 7");
  EXPECT_EQ(check.counting, Counting::kCumulative);
  EXPECT_EQ(check.clear_threshold, 7u);
  EXPECT_EQ(Check(kTcp + ", counting: cumulative, success_threshold: 4").clear_threshold, 4u);
  EXPECT_EQ(Errors(kTcp + ", clear_threshold: 7"),
            List{"clear_threshold: is only for counting: cumulative; with consecutive one success "
                 "clears the failures before it"});
}

TEST_F(CheckKinds, KeysOfAnotherKindAreErrors) {
  struct Row {
    std::string kind;
    std::string key;
  };
  const std::vector<Row> rows = {{kTcp, "method: GET"},
                                 {kTcp, "headers: {A: b}"},
                                 {kTcp, "statuses: [200]"},
                                 {kTcp, "response_timeout: 1s"},
                                 {kTcp, "query: {name: a}"},
                                 {kHttp, "command: [/a]"},
                                 {kHttp, "expiry: 1m"},
                                 {kHttp, "on_expiry: healthy"},
                                 {kHttp, "children: [a]"},
                                 {kHttp, "health_threshold: 1"},
                                 {kDns, "path: /"},
                                 {kDns, "search_string: x"},
                                 {kDns, "enable_sni: true"},
                                 {kExec, "address: 192.0.2.1"},
                                 {kExec, "port: 1"},
                                 {kExec, "host: a"},
                                 {kExec, "resolve: any"},
                                 {kPush, "address: 192.0.2.1"},
                                 {kPush, "command: [/a]"},
                                 {kCalculated, "port: 1"},
                                 {kCalculated, "interval: 1s"},
                                 {kCalculated, "expiry: 1m"},
                                 {kCalculated, "failure_threshold: 1"}};
  for (const Row& row : rows) {
    const List errors = Errors(row.kind + ", " + row.key);
    const std::string key = row.key.substr(0, row.key.find(':')) + ": ";
    ASSERT_EQ(errors.size(), 1u) << row.kind << " " << row.key;
    EXPECT_EQ(errors[0].substr(0, key.size()), key);
  }
}

TEST_F(CheckKinds, PrivateAddressesMayBeForbidden) {
  const std::string no = "allow_private_addresses: false\n";
  EXPECT_EQ(OfCheck(ErrorsOf(With("type: http, address: 10.1.2.3"))), List{});
  EXPECT_TRUE(Check(kHttp).allow_private_addresses);
  // The line of the check is one further down.
  const List errors = ErrorsOf(no + With("type: http, address: 10.1.2.3"));
  EXPECT_EQ(errors,
            List{"u.yaml:7: health_checks.c.address: '10.1.2.3' is forbidden: it is in 10.0.0.0/8 "
                 "(private, RFC 1918), and allow_private_addresses is false"});
  const ConfigResult result = Parse(no + With("type: http, address: 8.8.8.8"));
  ASSERT_NE(result.state, nullptr);
  EXPECT_FALSE(result.state->health_checks.at("c").allow_private_addresses);
  EXPECT_FALSE(result.state->allow_private_addresses);
}

TEST_F(CheckKinds, ACheckThatFollowsItsOwnAnswerIsWorthAWarning) {
  const auto with = [](const std::string& host, const std::string& owner) {
    return "instance: a\nzones: [{name: example.com, file: example.com.zone}]\nhealth_checks:\n"
           "  c: {type: tcp, port: 1, " +
           host + "}\nfailover_groups:\n  g:\n    primary: {health_check: c}\n    records:\n" +
           "      - {name: \"" + owner +
           "\", type: A, primary: [192.0.2.1], secondary: [192.0.2.2]}\n";
  };
  const List warning{
      "u.yaml:4: health_checks.c.host: resolves to what failover group g answers for it: the check "
      "would follow its own answer, and not watch one endpoint; give it an address"};
  EXPECT_EQ(WarningsOf(with("host: App.example.com", "app.example.com")), warning);
  EXPECT_EQ(WarningsOf(with("host: a.b.example.com.", "*.example.com")), warning);
  EXPECT_EQ(WarningsOf(with("host: example.com", "*.example.com")), List{});
  EXPECT_EQ(WarningsOf(with("host: other.example.com", "app.example.com")), List{});
  EXPECT_EQ(WarningsOf(with("address: 192.0.2.1", "app.example.com")), List{});
}

}  // namespace
}  // namespace understudy::control
