// The section failover_groups but for its records, and self_doubt.
#include <gtest/gtest.h>

#include <string>

#include "tests/control/config/groups_fixture.h"

namespace understudy::control {
namespace {

TEST_F(Groups, DefaultsOfAGroup) {
  const ConfigResult result =
      Parse(Head() + "  app:\n    primary: {health_check: eu}\n    records: [{" + kA + "}]\n");
  ASSERT_EQ(Texts(result.errors), List{});
  const FailoverGroup& group = result.state->groups.at(0);
  EXPECT_EQ(group.tiers.at(0).check, "eu");
  EXPECT_FALSE(group.tiers.at(1).check.has_value());
  EXPECT_EQ(group.policy.failback.hold_down, absl::ZeroDuration());
  EXPECT_EQ(group.records.at(0).sides.at(0).ttl_s, 60u);
}

TEST_F(Groups, StandInTheOrderOfTheFile) {
  std::string text = Head();
  for (const char* name : {"zebra", "ant", "mule"}) {
    text += "  " + std::string(name) + ": {primary: {health_check: eu}, records: [{name: " + name +
            ".example.com, type: A" + kSides + "}]}\n";
  }
  const ConfigResult result = Parse(text);
  ASSERT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.state->groups.at(0).name, "zebra");
  EXPECT_EQ(result.state->groups.at(2).name, "mule");
}

TEST_F(Groups, PrimaryWithoutHealthCheckIsRefusedWithTheReason) {
  const std::string why =
      "is missing: the primary of a group needs a health check: without one nothing would ever say "
      "that it failed, and the secondary would never be answered";
  EXPECT_EQ(ErrorsOf(Head() + "  app:\n    records: [{" + kA + "}]\n"),
            List{"u.yaml:7: failover_groups.app.primary: " + why});
  EXPECT_EQ(ErrorsOf(Head() + "  app:\n    primary: {}\n    records: [{" + kA + "}]\n"),
            List{"u.yaml:8: failover_groups.app.primary.health_check: " + why});
}

TEST_F(Groups, HealthChecksMustExist) {
  EXPECT_EQ(ErrorsOf(Head() +
                     "  app:\n    primary: {health_check: eu2}\n"
                     "    secondary: {health_check: mars}\n    records: [{" +
                     kA + "}]\n"),
            (List{"u.yaml:8: failover_groups.app.primary.health_check: 'eu2' is no health check of "
                  "this file",
                  "u.yaml:9: failover_groups.app.secondary.health_check: 'mars' is no health check "
                  "of this file"}));
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
                     "failover_groups: {app: {primary: {health_check: eu}, records: [{" +
                     kA + "}]}}\n"),
            List{"u.yaml:3: failover_groups.app.primary.health_check: 'eu' is no health check of "
                 "this file: it has none"});
}

TEST_F(Groups, HealthCheckWithAnErrorIsNotCalledMissing) {
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
                     "health_checks: {eu: {type: tcp, address: x, port: 1}}\n"
                     "failover_groups: {app: {primary: {health_check: eu}, records: [{" +
                     kA + "}]}}\n")
                .size(),
            1u);
}

TEST_F(Groups, SecondaryWithThePrimarysCheckIsWorthAWarning) {
  const List warnings = WarningsOf(Head() +
                                   "  app:\n    primary: {health_check: eu}\n"
                                   "    secondary: {health_check: eu}\n    records: [{" +
                                   kA + "}]\n");
  ASSERT_EQ(warnings.size(), 2u);  // and us is unused
  EXPECT_EQ(warnings[1],
            "u.yaml:9: failover_groups.app.secondary.health_check: is the primary's own: when the "
            "primary fails so does the secondary, and with both down the primary is answered. The "
            "secondary never will be");
}

TEST_F(Groups, FailbackIsAutomaticOrManualAndItsHoldDownGrowsAsItIsTold) {
  const auto read = [this](const std::string& policy) {
    return Parse(WithPolicy(policy)).state->groups.at(0).policy.failback;
  };
  EXPECT_EQ(read("failback: {hold_down: 24h}").hold_down, absl::Hours(24));
  EXPECT_EQ(read("failback: {mode: automatic, hold_down: 0s}"), Failback());
  EXPECT_EQ(read("failback: {mode: manual}").mode, FailbackMode::kManual);
  EXPECT_EQ(read("failback: {damping: {start: 1s, max: 1m, half_life: 10m}}").damping,
            (Damping{absl::Seconds(1), absl::Minutes(1), absl::Minutes(10)}));
  EXPECT_EQ(read("failback: {damping: {max: 0s}}").damping.max, absl::ZeroDuration());
  EXPECT_EQ(ErrorsOf(WithPolicy("failback: {mode: sticky, hold_down: 25h}")),
            (List{"u.yaml:12: failover_groups.app.failback.mode: 'sticky' is not allowed; allowed: "
                  "automatic, manual",
                  "u.yaml:12: failover_groups.app.failback.hold_down: '25h' is not from 0 to "
                  "24h"}));
  EXPECT_EQ(ErrorsOf(WithPolicy("failback: {damping: {start: 10s, max: 1s}}")),
            List{"u.yaml:12: failover_groups.app.failback.damping.max: is below start; 0s turns "
                 "damping off"});
}

TEST_F(Groups, EveryAllDownPolicyIsTaken) {
  const std::vector<std::pair<std::string, AllDown>> words = {
      {"primary", AllDown::kPrimary},    {"secondary", AllDown::kSecondary},
      {"last_good", AllDown::kLastGood}, {"all", AllDown::kAll},
      {"servfail", AllDown::kServfail},  {"refused", AllDown::kRefused},
      {"nodata", AllDown::kNoData}};
  for (const auto& [word, policy] : words) {
    EXPECT_EQ(Parse(WithPolicy("all_down: " + word)).state->groups.at(0).policy.all_down, policy);
  }
  EXPECT_EQ(ErrorsOf(WithPolicy("all_down: tertiary")),
            List{"u.yaml:12: failover_groups.app.all_down: 'tertiary' is not allowed; allowed: "
                 "primary, secondary, last_good, all, servfail, refused, nodata"});
}

TEST_F(Groups, FurtherSidesHaveNamesThatRecordsUse) {
  const std::string further =
      "    further:\n      - {name: sorry}\n      - {name: asia, health_check: us, "
      "labels: {site: sin}}\n";
  const auto result =
      Parse(Head() + "  app:\n    primary: {health_check: eu, labels: {site: fra}}\n" + further +
            "    labels: {team: web}\n"
            "    records:\n      - {name: app.example.com, type: A, "
            "primary: 192.0.2.1, secondary: 192.0.2.2, sorry: 192.0.2.3, asia: "
            "[192.0.2.4, 192.0.2.5], ttl: {primary: 30, sorry: 5}}\n");
  ASSERT_TRUE(result.errors.empty()) << result.errors[0].Text();
  const FailoverGroup& group = result.state->groups.at(0);
  ASSERT_EQ(group.tiers.size(), 4u);
  EXPECT_EQ(group.tiers[0].labels, (Labels{{"site", "fra"}}));
  EXPECT_EQ(group.tiers[2].name, "sorry");
  EXPECT_FALSE(group.tiers[2].check.has_value());
  EXPECT_EQ(group.tiers[3].name, "asia");
  EXPECT_EQ(group.tiers[3].check, "us");
  EXPECT_EQ(group.labels, (Labels{{"team", "web"}}));
  const GroupRecord& record = group.records.at(0);
  EXPECT_EQ(Values(record, record.sides.at(2)), List{"192.0.2.3"});
  EXPECT_EQ(Values(record, record.sides.at(3)), (List{"192.0.2.4", "192.0.2.5"}));
  EXPECT_EQ(record.sides.at(0).ttl_s, 30u);
  EXPECT_EQ(record.sides.at(1).ttl_s, 60u);
  EXPECT_EQ(record.sides.at(2).ttl_s, 5u);
}

TEST_F(Groups, ASideNeedsANameThatMeansNothingElse) {
  const auto with = [](const std::string& further) {
    return WithPolicy("further: [" + further + "]");
  };
  const std::string path = "u.yaml:12: failover_groups.app.further[0].name: ";
  EXPECT_EQ(ErrorsOf(with("{health_check: eu}")),
            List{path + "is missing: records name their values by it"});
  EXPECT_EQ(ErrorsOf(with("{name: all}")),
            List{path + "'all' has a meaning of its own; choose another name"});
  EXPECT_EQ(ErrorsOf(with("{name: Sorry!}")),
            List{path + "'Sorry!' is not 1 to 32 of a-z, 0-9, '_', '-'"});
  EXPECT_EQ(ErrorsOf(with("{name: x}, {name: x}")),
            List{"u.yaml:12: failover_groups.app.further[1].name: 'x' is there twice"});
}

TEST_F(Groups, ACnameCannotAnswerAllSidesAtOnce) {
  const std::string records =
      "      [{name: app.example.com, type: CNAME, primary: a.example.net., secondary: "
      "b.example.net.}]\n    all_down: all\n";
  EXPECT_EQ(ErrorsOf(WithRecords(records)),
            List{"u.yaml:11: failover_groups.app.records[0].type: a CNAME has exactly one value, "
                 "so its group cannot have all_down: all, which answers those of every side"});
}

TEST_F(Groups, SelfDoubtNamesChecksOfTheFileAndHasItsRanges) {
  const std::string site = WithPolicy("all_down: primary");
  const auto result = Parse(site +
                            "self_doubt: {canaries: [us], mass_failure_percent: 60, "
                            "window: 5s, at_least: 3, release_after: 1m}\n");
  ASSERT_TRUE(result.errors.empty()) << result.errors[0].Text();
  EXPECT_EQ(result.state->self_doubt,
            (SelfDoubt{{"us"}, 60, absl::Seconds(5), 3, absl::Minutes(1)}));
  EXPECT_EQ(
      ErrorsOf(site + "self_doubt: {canaries: [nope], mass_failure_percent: 100}\n"),
      (List{
          "u.yaml:13: self_doubt.canaries: 'nope' is no health check of this file",
          "u.yaml:13: self_doubt.mass_failure_percent: '100' is not a whole number from 1 to 99"}));
  EXPECT_EQ(ErrorsOf(site + "self_doubt: {window: 5s}\n"),
            List{"u.yaml:13: self_doubt: says neither canaries nor mass_failure_percent: nothing "
                 "would be doubted"});
}

}  // namespace
}  // namespace understudy::control
