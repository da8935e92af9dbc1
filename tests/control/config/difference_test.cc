#include "control/config/difference.h"

#include <gtest/gtest.h>

#include "tests/control/desired_site.h"

namespace understudy::control {
namespace {

using List = std::vector<std::string>;

std::string TextOf(const std::vector<FieldChange>& fields) {
  std::string text;
  for (const FieldChange& field : fields) {
    text += " " + field.field + "[" + field.from + ">" + field.to + "]";
  }
  return text;
}

// "~ eu interval[1s>2s]"
List TextsOf(const Changes& changes) {
  List texts;
  for (const Change& change : changes.shown) {
    const char sign = "+~-"[static_cast<int>(change.kind)];
    texts.push_back(std::string(1, sign) + " " + change.name + TextOf(change.fields));
  }
  return texts;
}

TEST(DifferenceTest, ThereIsNoneBetweenAStateAndItself) {
  const DesiredState site = SiteWith({"app", "shop"});
  EXPECT_TRUE(Compare(site, site).empty());
}

TEST(DifferenceTest, AChangedCheckTellsTheFieldAndBothValues) {
  const DesiredState from = SiteWith({"app"});
  DesiredState to = from;
  to.health_checks["eu"].interval = absl::Seconds(2);
  to.health_checks["eu"].address = "192.0.2.9";
  const Difference difference = Compare(from, to);
  EXPECT_EQ(TextsOf(difference.health_checks),
            (List{"~ eu address[192.0.2.1>192.0.2.9] interval[1s>2s]"}));
  EXPECT_TRUE(difference.groups.empty());
  EXPECT_TRUE(difference.record_sets.empty());
  EXPECT_EQ(difference.health_checks.before, 2u);
}

// Every field of a check that can differ is told with a text of its own.
TEST(DifferenceTest, EveryFieldOfACheckIsTold) {
  const HealthCheck base = CheckOf("eu");
  std::vector<HealthCheck> variants(25, base);
  size_t i = 0;
  variants[i++].type = CheckType::kHttps;
  variants[i++].port = 8080;
  variants[i++].host = "www.example.com";
  variants[i++].resolve = ResolveFamily::kAny;
  variants[i++].path = "/other";
  variants[i++].search_string = "ok";
  variants[i++].enable_sni = true;
  variants[i++].http.method = "HEAD";
  variants[i++].http.headers = {{"X-Probe", "1"}};
  variants[i++].http.statuses = {{200, 200}, {300, 399}};
  variants[i++].http.verify_certificate = true;
  variants[i++].dns.rcode = 3;
  variants[i++].dns.over_tcp = true;
  variants[i++].command = {"/bin/true", "-x"};
  variants[i++].children = {"a", "b"};
  variants[i++].health_threshold = 2;
  variants[i++].expiry = absl::Seconds(9);
  variants[i++].on_expiry = OnExpiry::kLastKnown;
  variants[i++].connect_timeout = absl::Seconds(3);
  variants[i++].failure_threshold = 7;
  variants[i++].counting = Counting::kCumulative;
  variants[i++].initial = InitialHealth::kProbe;
  variants[i++].disabled = true;
  variants[i++].inverted = true;
  variants[i++].clear_threshold = 9;
  for (const HealthCheck& variant : variants) {
    DesiredState from, to;
    from.health_checks["eu"] = base;
    to.health_checks["eu"] = variant;
    const Difference difference = Compare(from, to);
    ASSERT_EQ(difference.health_checks.changed, 1u);
    EXPECT_EQ(difference.health_checks.shown[0].fields.size(), 1u)
        << TextsOf(difference.health_checks)[0];
  }
}

// Every check has it, and none of them is told for it alone.
TEST(DifferenceTest, WhetherPrivateAddressesAreAllowedIsOneSetting) {
  const DesiredState from = SiteWith({"app"});
  DesiredState to = from;
  to.allow_private_addresses = false;
  for (auto& [name, check] : to.health_checks) check.allow_private_addresses = false;
  to.health_checks["us"].port = 81;
  const Difference difference = Compare(from, to);
  ASSERT_EQ(difference.settings.size(), 1u);
  EXPECT_EQ(difference.settings[0].field, "allow_private_addresses");
  EXPECT_EQ(difference.settings[0].from, "true");
  EXPECT_EQ(difference.settings[0].to, "false");
  EXPECT_EQ(TextsOf(difference.health_checks), (List{"~ us port[80>81]"}));
}

TEST(DifferenceTest, ACheckThatIsAddedOrRemovedTellsItsTypeAlsoWhenThatIsTheDefault) {
  const DesiredState without = SiteWith({});
  DesiredState with = without;
  HealthCheck& check = with.health_checks["lab"] = HealthCheck{};
  check.name = "lab";
  check.address = "192.0.2.7";
  check.port = 443;
  EXPECT_EQ(TextsOf(Compare(without, with).health_checks),
            (List{"+ lab type[>tcp] address[>192.0.2.7] port[0>443]"}));
  EXPECT_EQ(TextsOf(Compare(with, without).health_checks),
            (List{"- lab type[tcp>] address[192.0.2.7>] port[443>0]"}));
}

TEST(DifferenceTest, AGroupThatIsAddedBringsItsRecords) {
  const Difference difference = Compare(SiteWith({"app"}), SiteWith({"app", "shop"}));
  EXPECT_EQ(difference.groups.added, 1u);
  EXPECT_EQ(TextsOf(difference.groups),
            (List{"+ shop primary[>eu] secondary[>us] order[>primary, secondary]"}));
  EXPECT_EQ(TextsOf(difference.record_sets),
            (List{"+ shop.example.com. A group[>shop] primary[>192.0.2.10] "
                  "secondary[>198.51.100.10] ttl[>30]"}));
}

TEST(DifferenceTest, TurnedAroundItSaysTheOpposite) {
  const DesiredState from = SiteWith({"app"});
  DesiredState to = SiteWith({"app", "shop"});
  to.groups[0].policy.failback.hold_down = absl::Seconds(10);
  const Difference there = Compare(from, to);
  const Difference back = Compare(to, from);
  EXPECT_EQ(there.groups.added, back.groups.removed);
  EXPECT_EQ(there.record_sets.added, back.record_sets.removed);
  EXPECT_EQ(TextsOf(there.groups)[0], "~ app failback.hold_down[0>10s]");
  EXPECT_EQ(TextsOf(back.groups)[0], "~ app failback.hold_down[10s>0]");
}

TEST(DifferenceTest, ARecordSetThatMovesIntoAGroupIsChangedAndNotRemoved) {
  DesiredState from = SiteWith({});
  from.zones[0].records.push_back(RecordOf("app.example.com", "A", {"192.0.2.10"}));
  const Difference difference = Compare(from, SiteWith({"app"}));
  EXPECT_EQ(difference.record_sets.removed, 0u);
  EXPECT_EQ(TextsOf(difference.record_sets),
            (List{"~ app.example.com. A group[>app] primary[>192.0.2.10] "
                  "secondary[>198.51.100.10] ttl[300>30] value[192.0.2.10>]"}));
}

TEST(DifferenceTest, SidesHaveNamesAndTtlsOfTheirOwn) {
  DesiredState from = SiteWith({"app"});
  DesiredState to = from;
  to.groups[0].tiers.push_back({.name = "lab", .check = std::nullopt, .labels = {}});
  to.groups[0].records[0].sides.push_back(SideOf("A", {"192.0.2.99"}, 5));
  const Difference difference = Compare(from, to);
  EXPECT_EQ(TextsOf(difference.groups),
            (List{"~ app lab[>no check] order[primary, secondary>primary, secondary, lab]"}));
  EXPECT_EQ(TextsOf(difference.record_sets),
            (List{"~ app.example.com. A ttl.primary[>30] ttl.secondary[>30] lab[>192.0.2.99] "
                  "ttl.lab[>5] ttl[30>]"}));
}

TEST(DifferenceTest, ZonesAndSettingsAreCompared) {
  const DesiredState from = SiteWith({"app"});
  DesiredState to = from;
  to.stale_policy = contract::StalePolicy::kServfail;
  to.zones[0].file = "another/place.zone";
  to.zones.push_back({.apex = Wire("example.net"), .file = "example.net.zone", .records = {}});
  const Difference difference = Compare(from, to);
  EXPECT_EQ(TextOf(difference.settings), " stale_policy[frozen>servfail]");
  EXPECT_EQ(TextsOf(difference.zones), (List{"+ example.net."}));
}

TEST(DifferenceTest, ThousandsOfChangesAreCountedAndTheFirstListed) {
  const DesiredState from = SiteWith({});
  DesiredState to = from;
  for (int i = 0; i < 5000; ++i) {
    to.zones[0].records.push_back(
        RecordOf("h" + std::to_string(i) + ".example.com", "A", {"192.0.2.1"}));
  }
  const Difference difference = Compare(from, to);
  EXPECT_EQ(difference.record_sets.added, 5000u);
  EXPECT_EQ(difference.record_sets.shown.size(), kMaxShownChanges);
}

TEST(RemovesTooMuchTest, AQuarterMayGoAndOneMoreMayNot) {
  std::vector<std::string> names;
  for (int i = 0; i < 16; ++i) names.push_back("g" + std::to_string(i));
  const DesiredState from = SiteWith(names);
  names.resize(12);
  EXPECT_EQ(RemovesTooMuch(Compare(from, SiteWith(names)), 25), "");
  names.resize(11);
  const Difference difference = Compare(from, SiteWith(names));
  EXPECT_EQ(RemovesTooMuch(difference, 25),
            "this removes 5 of 16 failover groups, and 25% is the most allowed");
  EXPECT_EQ(RemovesTooMuch(difference, 100), "");
  EXPECT_NE(RemovesTooMuch(difference, 0), "");
}

TEST(RemovesTooMuchTest, ThreeMayAlwaysGo) {
  const DesiredState from = SiteWith({"a", "b", "c"});
  EXPECT_EQ(RemovesTooMuch(Compare(from, SiteWith({})), 25), "");
  const DesiredState four = SiteWith({"a", "b", "c", "d"});
  EXPECT_NE(RemovesTooMuch(Compare(four, SiteWith({})), 25), "");
}

}  // namespace
}  // namespace understudy::control
