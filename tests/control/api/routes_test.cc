#include "control/api/routes.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/control/api/served_site.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

std::string Text(const json::value& value, const std::string& pointer) {
  const json::value& found = value.at_pointer(pointer);
  return found.is_string() ? std::string(found.get_string().c_str()) : json::serialize(found);
}

class RoutesTest : public testing::Test {
 protected:
  ServedSite::HttpAnswer Force(const std::string& body) {
    return site_.Ask("POST", "/v1/groups/app/force", body);
  }
  ServedSite site_{SiteWith({"app", "shop"}), std::chrono::milliseconds(5000)};
};

TEST_F(RoutesTest, StatusTellsThatNothingAnswersWithoutADataplane) {
  const auto answer = site_.Ask("GET", "/v1/status");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(Text(answer.body, "/health"), "degraded");
  EXPECT_EQ(Text(answer.body, "/instance"), "test");
  EXPECT_NE(Text(answer.body, "/problems/0").find("no dataplane"), std::string::npos);
  EXPECT_EQ(Text(answer.body, "/state/durable"), "true");
  EXPECT_EQ(Text(answer.body, "/groups/total"), "2");
}

TEST(StatusTest, OfManyGroupsThatAreAllDownTheFirstAreNamedAndTheRestCounted) {
  std::vector<std::string> names;
  for (int i = 0; i < 25; ++i) names.push_back("app-" + std::to_string(i));
  ServedSite site(SiteWith(names));
  site.Probe("eu", false, 3);
  site.Probe("us", false, 3);
  const auto answer = site.Ask("GET", "/v1/status");
  const json::array& problems = answer.body.at("problems").as_array();
  ASSERT_EQ(problems.size(), 22u) << json::serialize(problems);  // and that there is no dataplane
  EXPECT_EQ(problems.back(), "5 more groups: all sides are down");
  EXPECT_EQ(Text(answer.body, "/groups/all_down"), "25");
  EXPECT_EQ(site.Ask("GET", "/v1/trouble?limit=1").body.at("checks").as_array().size(), 1u);
}

TEST_F(RoutesTest, GroupsAndChecksShowTheStateAndItsReason) {
  site_.Probe("eu", false, 3);
  const auto groups = site_.Ask("GET", "/v1/groups");
  EXPECT_EQ(Text(groups.body, "/groups/0/name"), "app");
  EXPECT_EQ(Text(groups.body, "/groups/0/answer"), "secondary");
  EXPECT_EQ(Text(groups.body, "/groups/0/cause"), "primary_unhealthy");
  const auto checks = site_.Ask("GET", "/v1/checks");
  EXPECT_EQ(Text(checks.body, "/checks/0/name"), "eu");
  EXPECT_EQ(Text(checks.body, "/checks/0/healthy"), "false");
  EXPECT_EQ(Text(checks.body, "/checks/0/last/reason"), "refused");
  EXPECT_EQ(Text(checks.body, "/checks/0/target"), "192.0.2.1:80");
  EXPECT_EQ(Text(site_.Ask("GET", "/v1/groups/shop").body, "/group/name"), "shop");
}

TEST_F(RoutesTest, ForceAnswersWhenItIsInEffectAndOnDisk) {
  const auto answer =
      Force(R"({"side": "secondary", "for": "30m", "reason": "drill", "author": "ann"})");
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(Text(answer.body, "/durable"), "true");
  EXPECT_EQ(Text(answer.body, "/groups/0/answer"), "secondary");
  Peer self;
  self.uid = getuid();
  self.pid = getpid();
  EXPECT_EQ(Text(answer.body, "/groups/0/override/author"), "ann (" + TextOf(self) + ")");
  const auto released = site_.Ask("POST", "/v1/groups/app/release");
  ASSERT_EQ(released.status, 200) << json::serialize(released.body);
  EXPECT_EQ(Text(released.body, "/groups/0/override"), "null");
  EXPECT_EQ(site_.Ask("POST", "/v1/groups/app/release").status, 409);
  const auto astray = site_.Ask("POST", "/v1/groups/app/release", R"({"side": "third"})");
  EXPECT_EQ(astray.status, 400);
  EXPECT_NE(json::serialize(astray.body).find("it has: primary secondary"), std::string::npos)
      << json::serialize(astray.body);
}

TEST_F(RoutesTest, ADryRunTellsWhatWouldChangeAndChangesNothing) {
  const auto answer =
      site_.Ask("POST", "/v1/groups/*/drain",
                R"({"side": "primary", "for": "30m", "reason": "drill", "dry_run": true})");
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(Text(answer.body, "/dry_run"), "true");
  EXPECT_EQ(Text(answer.body, "/effects/0/group"), "app");
  EXPECT_EQ(Text(answer.body, "/effects/0/to"), "secondary");
  EXPECT_EQ(Text(site_.Ask("GET", "/v1/groups/app").body, "/group/answer"), "primary");
}

TEST_F(RoutesTest, AGroupIsLeftWithoutAUsableSideOnlyWhenThatIsSaid) {
  const std::string drain = R"("for": "30m", "reason": "drill")";
  const std::string secondary = R"({"side": "secondary", )" + drain + "}";
  ASSERT_EQ(site_.Ask("POST", "/v1/groups/app/drain", secondary).status, 200);
  const auto refused =
      site_.Ask("POST", "/v1/groups/app/drain", R"({"side": "primary", )" + drain + "}");
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(Text(refused.body, "/error/message").find("nothing was changed"), std::string::npos);
  EXPECT_EQ(site_
                .Ask("POST", "/v1/groups/app/drain",
                     R"({"side": "primary", "allow_unusable": true, )" + drain + "}")
                .status,
            200);
  const auto group = site_.Ask("GET", "/v1/groups/app");
  EXPECT_EQ(Text(group.body, "/group/sides/0/drained/reason"), "drill");
  EXPECT_EQ(Text(group.body, "/group/answer"), "primary") << "better than none";
}

TEST_F(RoutesTest, HealthIsFrozenAndThawedByOrder) {
  const auto frozen =
      site_.Ask("POST", "/v1/freeze", R"({"for": "10m", "reason": "works at the carrier"})");
  ASSERT_EQ(frozen.status, 200) << json::serialize(frozen.body);
  EXPECT_EQ(Text(site_.Ask("GET", "/v1/status").body, "/frozen/reason"), "works at the carrier");
  EXPECT_EQ(site_.Ask("POST", "/v1/freeze", R"({"reason": "r"})").status, 400);
  EXPECT_EQ(site_.Ask("POST", "/v1/thaw").status, 200);
  EXPECT_EQ(site_.Ask("POST", "/v1/thaw").status, 409);
  EXPECT_EQ(Text(site_.Ask("GET", "/v1/status").body, "/frozen"), "null");
}

TEST_F(RoutesTest, OnlyAPushCheckIsTold) {
  EXPECT_EQ(site_.Ask("POST", "/v1/checks/eu/push", R"({"state": "healthy"})").status, 409);
  EXPECT_EQ(site_.Ask("POST", "/v1/checks/nope/push", R"({"state": "healthy"})").status, 404);
  EXPECT_EQ(site_.Ask("POST", "/v1/checks/eu/push", R"({"state": "well"})").status, 400);
}

TEST_F(RoutesTest, AForceThatIsNotWhatItSeemsIsRefusedWithTheFieldNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"side": "tertiary", "for": "1h", "reason": "r"})", "side"},
      {R"({"for": "1h", "reason": "r"})", "side"},
      {R"({"side": "primary", "reason": "r"})", "for"},
      {R"({"side": "primary", "for": "-5m", "reason": "r"})", "for"},
      {R"({"side": "primary", "for": "soon", "reason": "r"})", "for"},
      {R"({"side": "primary", "for": "inf", "reason": "r"})", "for"},
      {R"({"side": "primary", "for": "100000h", "reason": "r"})", "for"},
      {R"({"side": "primary", "for": "1h"})", "reason"},
      {R"({"side": "primary", "for": "1h", "reason": "a\u001bb"})", "reason"},
      {R"({"side": "primary", "for": "1h", "reason": "r", "author": "a\nb"})", "author"},
      {R"({"side": "primary", "for": "1h", "reason": "r", "fro": "1h"})", "fro"},
      {R"({"side": 1, "for": "1h", "reason": "r"})", "side"},
      {R"([])", "object"},
      {R"({"side")", "object"},
  };
  for (const auto& [body, named] : cases) {
    const auto answer = Force(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_NE(Text(answer.body, "/error/message").find(named), std::string::npos)
        << body << json::serialize(answer.body);
  }
  EXPECT_EQ(Text(site_.Ask("GET", "/v1/groups/app").body, "/group/override"), "null");
}

TEST_F(RoutesTest, AnUnknownGroupPathOrMethodIsSaidToBeSo) {
  EXPECT_EQ(site_
                .Ask("POST", "/v1/groups/nope/force",
                     R"({"side": "primary", "for": "1h", "reason": "r"})")
                .status,
            404);
  EXPECT_EQ(site_.Ask("GET", "/v1/nope").status, 404);
  EXPECT_EQ(site_.Ask("GET", "/").status, 404);
  EXPECT_EQ(site_.Ask("GET", "/v1/reload").status, 405);
  EXPECT_EQ(site_.Ask("DELETE", "/v1/groups").status, 405);
  EXPECT_EQ(site_.Ask("GET", "/v1/show?name=%zz").status, 400);
  EXPECT_EQ(site_.Ask("GET", "/v1/show").status, 400);
  EXPECT_EQ(site_.Ask("GET", "/v1/show?name=nope.example.com").status, 404);
  EXPECT_EQ(site_.Ask("GET", "/v1/explain?name=app.example.com&type=NOPE").status, 400);
}

TEST_F(RoutesTest, ShowPutsBothSidesBesideEachOther) {
  const auto answer = site_.Ask("GET", "/v1/show?name=APP.example.com");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(Text(answer.body, "/record_sets/0/group"), "app");
  EXPECT_EQ(Text(answer.body, "/record_sets/0/sides/0/answered"), "true");
  EXPECT_EQ(Text(answer.body, "/record_sets/0/sides/1/records/0"),
            "app.example.com. 30 IN A 198.51.100.10");
}

TEST_F(RoutesTest, AReloadTellsItsTableOrEveryError) {
  const auto good = site_.Ask("POST", "/v1/reload");
  ASSERT_EQ(good.status, 200);
  EXPECT_EQ(Text(good.body, "/table"), "2");
  site_.load_error = "is wrong";
  const auto bad = site_.Ask("POST", "/v1/reload");
  EXPECT_EQ(bad.status, 422);
  EXPECT_NE(Text(bad.body, "/error/errors/0").find("test.yaml:1"), std::string::npos);
}

TEST_F(RoutesTest, EventsAreFilteredByTimeByIdAndByNumber) {
  const auto all = site_.Ask("GET", "/v1/events?since=1h");
  ASSERT_EQ(all.status, 200);
  EXPECT_EQ(Text(all.body, "/events/0/kind"), "control_started");
  const auto one = site_.Ask("GET", "/v1/events?limit=1");
  EXPECT_EQ(one.body.at("events").as_array().size(), 1u);
  EXPECT_EQ(Text(one.body, "/events/0/kind"), "table_published");
  const auto none = site_.Ask("GET", "/v1/events?after=" + Text(one.body, "/events/0/id"));
  EXPECT_TRUE(none.body.at("events").as_array().empty());
  EXPECT_TRUE(site_.Ask("GET", "/v1/events?since=2100-01-01T00:00:00Z")
                  .body.at("events")
                  .as_array()
                  .empty());
  for (const char* wrong : {"limit=0", "limit=x", "since=yesterday", "after=-1", "limit=99999",
                            "wait=1s", "after=0&wait=61s", "after=0&wait=-1s", "after=0&wait=x"}) {
    EXPECT_EQ(site_.Ask("GET", std::string("/v1/events?") + wrong).status, 400) << wrong;
  }
}

}  // namespace
}  // namespace understudy::control
