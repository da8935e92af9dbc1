// The configuration as a whole: the example of the README to the exact values, the top level, YAML.
#include "control/config/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "control/zone/zone_file.h"
#include "tests/control/config/config_folder.h"

namespace understudy::control {
namespace {

using std::string_literals::operator""s;

constexpr char kExample[] =
    R"(instance: edge1                       # names the shared-memory directory
zones:
  - {name: example.com, file: example.com.zone}          # ordinary records: a standard master file
health_checks:
  eu: {type: http, address: 192.0.2.10, port: 80, path: /healthz, interval: 1s, timeout: 500ms, failure_threshold: 3, success_threshold: 3}
  us: {type: tcp, address: 198.51.100.10, port: 443}
failover_groups:
  app:
    primary:   {health_check: eu}     # mandatory on the primary
    secondary: {health_check: us}     # optional
    failback:  {mode: automatic, hold_down: 10s}
    all_down:  primary
    records:
      - {name: app.example.com, type: A,    ttl: 30, primary: [192.0.2.10],      secondary: [198.51.100.10]}
      - {name: app.example.com, type: AAAA, ttl: 30, primary: ["2001:db8::10"], secondary: ["2001:db8:1::10"]}
)";

class Config : public ConfigFolder {};

TEST_F(Config, ExampleIsReadToTheExactValues) {
  const ConfigResult result = Parse(kExample);
  ASSERT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Texts(result.warnings), List{});
  const DesiredState& state = *result.state;
  EXPECT_EQ(state.instance, "edge1");
  EXPECT_EQ(state.config_file, "u.yaml");
  EXPECT_EQ(state.stale_policy, contract::StalePolicy::kFrozen);

  ASSERT_EQ(state.zones.size(), 1u);
  EXPECT_EQ(state.zones[0].apex, "\7example\3com\0"s);
  EXPECT_EQ(state.zones[0].file, folder_ + "/example.com.zone");
  EXPECT_EQ(state.zones[0].records.size(), 2u);

  HealthCheck eu;
  eu.name = "eu";
  eu.type = CheckType::kHttp;
  eu.address = "192.0.2.10";
  eu.port = 80;
  eu.path = "/healthz";
  eu.interval = absl::Seconds(1);
  eu.connect_timeout = eu.response_timeout = absl::Milliseconds(500);
  HealthCheck us;
  us.name = "us";
  us.type = CheckType::kTcp;
  us.address = "198.51.100.10";
  us.port = 443;
  us.interval = absl::Seconds(10);
  us.connect_timeout = absl::Seconds(10);
  us.response_timeout = absl::Seconds(2);
  EXPECT_EQ(state.health_checks.size(), 2u);
  EXPECT_EQ(state.health_checks.at("eu"), eu);
  EXPECT_EQ(state.health_checks.at("us"), us);

  ASSERT_EQ(state.groups.size(), 1u);
  const FailoverGroup& app = state.groups[0];
  EXPECT_EQ(app.name, "app");
  ASSERT_EQ(app.tiers.size(), 2u);
  EXPECT_EQ(app.tiers[0].name, "primary");
  EXPECT_EQ(app.tiers[0].check, "eu");
  EXPECT_EQ(app.tiers[1].name, "secondary");
  EXPECT_EQ(app.tiers[1].check, "us");
  EXPECT_EQ(app.policy.failback.hold_down, absl::Seconds(10));
  EXPECT_EQ(app.policy.all_down, AllDown::kPrimary);
  ASSERT_EQ(app.records.size(), 2u);
  EXPECT_EQ(app.records[0].owner, "\3app\7example\3com\0"s);
  EXPECT_EQ(app.records[0].type, 1);
  EXPECT_EQ(app.records[0].sides[0].ttl_s, 30u);
  EXPECT_EQ(app.records[0].sides[1].ttl_s, 30u);
  EXPECT_EQ(app.records[0].sides[0].rdata, List{"\xc0\0\2\x0a"s});
  EXPECT_EQ(app.records[0].sides[1].rdata, List{"\xc6\x33\x64\x0a"s});
  EXPECT_EQ(app.records[1].type, 28);
  EXPECT_EQ(app.records[1].sides[0].rdata, List{"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x10"s});
}

TEST_F(Config, FilesAreFoundBesideTheConfigurationTheyAreNamedIn) {
  Write("u.yaml", kExample);
  const ConfigResult result = LoadConfig(folder_ + "/u.yaml");
  EXPECT_EQ(Texts(result.errors), List{});
  ASSERT_NE(result.state, nullptr);
  EXPECT_EQ(result.state->zones[0].file, folder_ + "/example.com.zone");
}

TEST_F(Config, FileThatCannotBeReadIsOneErrorAndNoWait) {
  EXPECT_EQ(Texts(LoadConfig(folder_ + "/none.yaml").errors),
            List{"none.yaml: cannot be opened: No such file or directory"});
  ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(Texts(LoadConfig(folder_ + "/pipe").errors), List{"pipe: is not a regular file"});
}

TEST_F(Config, SmallestConfigurationIsAZone) {
  const ConfigResult result =
      Parse("instance: a\nzones: [{name: example.com., file: " + folder_ + "/example.com.zone}]\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.state->zones.at(0).apex, "\7example\3com\0"s);
}

TEST_F(Config, StalePoliciesAreRead) {
  const std::string rest = "\ninstance: a\nzones: [{name: example.com, file: example.com.zone}]\n";
  EXPECT_EQ(Parse("stale_policy: primary" + rest).state->stale_policy,
            contract::StalePolicy::kPrimary);
  EXPECT_EQ(Parse("stale_policy: servfail" + rest).state->stale_policy,
            contract::StalePolicy::kServfail);
  EXPECT_EQ(Parse("stale_policy: FROZEN" + rest).state->stale_policy,
            contract::StalePolicy::kFrozen);
  EXPECT_EQ(ErrorsOf("stale_policy: froze" + rest),
            List{"u.yaml:1: stale_policy: 'froze' is not allowed; allowed: frozen, primary, "
                 "servfail (did you mean 'frozen'?)"});
}

TEST_F(Config, WhatIsMissingAtTheTopIsToldAtOnce) {
  EXPECT_EQ(ErrorsOf("{}\n"),
            (List{"u.yaml:1: instance: is missing: it names the shared memory of this node",
                  "u.yaml:1: zones: is missing: what this node serves"}));
  EXPECT_EQ(ErrorsOf("instance: a\nzones: []\n"),
            List{"u.yaml:2: zones: is empty: this node would serve nothing"});
  EXPECT_EQ(ErrorsOf("- a\n"), List{"u.yaml:1: must be a mapping (key: value), and is a list"});
}

TEST_F(Config, InstanceNamesAreFolderNames) {
  const std::string rest = "\nzones: [{name: example.com, file: example.com.zone}]\n";
  EXPECT_EQ(ErrorsOf("instance: Edge_1" + rest),
            List{"u.yaml:1: instance: 'Edge_1' is not 1 to 64 of a-z, 0-9 and '-'"});
  EXPECT_EQ(ErrorsOf("instance: ../x" + rest).size(), 1u);
  EXPECT_EQ(ErrorsOf("instance: \"\"" + rest).size(), 1u);
  EXPECT_EQ(ErrorsOf("instance: " + std::string(64, 'a') + rest).size(), 0u);
  EXPECT_EQ(ErrorsOf("instance: " + std::string(65, 'a') + rest).size(), 1u);
  EXPECT_EQ(ErrorsOf("instance: [a]" + rest),
            List{"u.yaml:1: instance: must be a single value, and is a list"});
}

TEST_F(Config, UnknownKeysAreErrorsWithTheNearestKnownOne) {
  EXPECT_EQ(ErrorsOf("instance: a\nzone: x\nzones: [{name: example.com, file: example.com.zone, "
                     "File: x}]\ncolour: red\n"),
            (List{"u.yaml:2: zone: is not a key of this section (did you mean 'zones'?)",
                  "u.yaml:3: zones[0].File: is not a key of this section (did you mean 'file'?)",
                  "u.yaml:4: colour: is not a key of this section"}));
}

TEST_F(Config, KeysThatAreThereTwiceAreErrors) {
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
                     "instance: b\nhealth_checks:\n  x: {type: tcp, address: \"::1\", port: 1}\n"
                     "  x: {type: tcp, address: \"::1\", port: 1, port: 2}\n"),
            (List{"u.yaml:3: instance: is there twice, first on line 1",
                  "u.yaml:6: health_checks.x: is there twice, first on line 5"}));
}

TEST_F(Config, ErrorsOfAllPartsAreToldTogetherInTheOrderOfTheFiles) {
  WriteZone("example.com.zone", "a A x\n");
  const std::string no_check =
      "u.yaml:2: failover_groups.app.primary: is missing: the primary of a group needs a health "
      "check: without one nothing would ever say that it failed, and the secondary would never be "
      "answered";
  EXPECT_EQ(
      ErrorsOf("failover_groups:\n"
               "  app:\n"
               "    secondary: {health_check: us}\n"
               "    records: [{name: app.example.com, type: A, primary: 192.0.2.1, secondary: x}]\n"
               "instance: A\n"
               "zones: [{name: example.com, file: example.com.zone}, {name: b, file: none}]\n"
               "health_checks:\n"
               "  us: {type: tcp, address: 192.0.2.1}\n"),
      (List{no_check,
            "u.yaml:4: failover_groups.app.records[0].secondary: 'x' is not an IPv4 address",
            "u.yaml:5: instance: 'A' is not 1 to 64 of a-z, 0-9 and '-'",
            "u.yaml:6: zones[1].file: none cannot be opened: No such file or directory",
            "u.yaml:8: health_checks.us.port: is missing: a tcp check has no default for it",
            "example.com.zone:4: 'x' is not an IPv4 address"}));
}

TEST_F(Config, YamlThatIsNoYamlIsOneErrorWithItsLine) {
  const List errors = ErrorsOf("instance: a\nzones: [\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].substr(0, 24), "u.yaml:3: not valid YAML");
  EXPECT_EQ(errors[0].substr(24),
            ": did not find expected node content, while parsing a flow node");
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [a\n\nb: c\n"),
            List{"u.yaml:4: not valid YAML: did not find expected ',' or ']', while parsing a flow "
                 "sequence that begins in line 2"});
  EXPECT_EQ(ErrorsOf("health_checks:\n  a: {address: ::1}\n"),
            List{"u.yaml:2: not valid YAML: did not find expected node content, while parsing a "
                 "flow node (inside {...} and [...] a value that begins with ':' needs quotes)"});
  EXPECT_EQ(ErrorsOf("instance: a\nzones: \xff\n"),
            List{"u.yaml:2: not valid YAML: invalid leading UTF-8 octet"});
  EXPECT_EQ(ErrorsOf("a: *b\n"),
            List{"u.yaml:1: not valid YAML: the alias 'b' names nothing that stands before it"});
  EXPECT_EQ(ErrorsOf(""), List{"u.yaml: the file is empty"});
  EXPECT_EQ(ErrorsOf("# nothing\n"), List{"u.yaml: the file is empty"});
  EXPECT_EQ(ErrorsOf("a: 1\n---\nb: 2\n"),
            List{"u.yaml:3: a second document begins: a configuration is one"});
  EXPECT_EQ(ErrorsOf("a: !secret b\n"),
            List{"u.yaml:1: not valid YAML: tags have no meaning here"});
}

TEST_F(Config, ControlCharactersAreRefusedBecauseTheyCouldHideTheRest) {
  EXPECT_EQ(ErrorsOf("instance: a\n\4zones: x\n"),
            List{"u.yaml:2: a control character: the file must be plain UTF-8 text"});
  EXPECT_EQ(ErrorsOf("instance: a\0\n"s).size(), 1u);
}

TEST_F(Config, AnchorsAndAliasesAreTheValueTheyName) {
  const ConfigResult result = Parse(
      "instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
      "health_checks:\n  x: &x {type: tcp, address: 192.0.2.1, port: 1}\n  y: *x\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.state->health_checks.at("y").address, "192.0.2.1");
}

TEST_F(Config, AliasesThatMultiplyAreRefusedBeforeTheyAreWrittenOut) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int j = 1; j < 10; ++j) text += ", " + below;
    text += "]\n";
  }
  const List errors = ErrorsOf(text);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], "u.yaml:7: not valid YAML: more than 4000000 values, aliases written out");
}

TEST_F(Config, AliasInsideItselfIsRefused) {
  EXPECT_EQ(ErrorsOf("zones: &z [*z]\n"),
            List{"u.yaml:1: not valid YAML: an alias stands inside the value it names"});
}

TEST_F(Config, DeepNestingIsRefusedAndNeedsNoStack) {
  for (const char* open : {"[", "{a: ", "- ", "? "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += open;
    const List errors = ErrorsOf(text);
    ASSERT_EQ(errors.size(), 1u) << open;
    EXPECT_NE(errors[0].find("not valid YAML"), std::string::npos) << errors[0];
  }
}

TEST_F(Config, FileAboveTheLimitIsRefused) {
  std::string text = "instance: a\n";
  text.resize(size_t{16} << 20, '#');
  EXPECT_EQ(ErrorsOf(text + "#"), List{"u.yaml: the file is larger than 16777216 octets"});
}

TEST_F(Config, AThousandErrorsAreShownAndTheOthersCounted) {
  std::string text = "instance: a\nzones: [{name: example.com, file: example.com.zone}]\n";
  for (int i = 0; i < 1500; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const List errors = ErrorsOf(text);
  ASSERT_EQ(errors.size(), 1001u);
  EXPECT_EQ(errors.back(), "u.yaml: 500 more are not shown");
}

TEST_F(Config, TenThousandErrorsOfMasterFilesAreShownAndTheOthersCounted) {
  std::string zones;
  for (int i = 0; i < 900; ++i) zones += "x" + std::to_string(i) + " A ::1\n";
  WriteZone("bad.zone", zones);
  std::string text = "instance: a\nzones:\n";
  for (int i = 0; i < 12; ++i) {
    text += "  - {name: z" + std::to_string(i) + ".example, file: bad.zone}\n";
  }
  const List errors = ErrorsOf(text);
  ASSERT_EQ(errors.size(), 10001u);
  EXPECT_EQ(errors.front(), "bad.zone:4: '::1' is not an IPv4 address");
  EXPECT_EQ(errors.back(),
            "bad.zone: 800 more of this master file and those behind it are not shown");
}

}  // namespace
}  // namespace understudy::control
