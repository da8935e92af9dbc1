#include "control/api/configuration.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <string>

#include "tests/control/api/served_site.h"
#include "tests/control/written_site.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

// A word of Latin-1, which is no UTF-8.
constexpr char kLatin[] = "latin TXT \"caf\xe9\"\n";

DesiredState ReadSite(const ConfigTexts& texts) {
  GivenFiles files(texts);
  const ConfigResult result = ParseConfig(texts.yaml, texts.file, files, [&] {
    return std::make_shared<const Configuration>(PackTexts(texts));
  });
  EXPECT_TRUE(result.state) << result.errors.front().Text();
  return *result.state;
}

std::string Text(const json::value& value, const std::string& pointer) {
  json::error_code error;
  const json::value* found = value.find_pointer(pointer, error);
  if (found == nullptr) return "nothing at " + pointer + " of " + json::serialize(value);
  return found->is_string() ? std::string(found->get_string().c_str()) : json::serialize(*found);
}

class ConfigurationRoutesTest : public testing::Test {
 protected:
  static json::object BodyFor(const WrittenSite& site) {
    const ConfigTexts texts = TextsFor(site);
    json::object zones;
    for (const auto& [path, text] : texts.zones) zones[path] = text;
    return {{"file", texts.file}, {"yaml", texts.yaml}, {"zones", std::move(zones)}};
  }
  ServedSite::HttpAnswer Plan(const json::object& body) {
    return site_.Ask("POST", "/v1/configuration/plan", json::serialize(body));
  }
  // By one who has seen the plan.
  ServedSite::HttpAnswer Apply(json::object body) {
    body["base"] = LiveId();
    return site_.Ask("POST", "/v1/configuration", json::serialize(body));
  }
  std::string Live(const std::string& field) {
    return Text(site_.Ask("GET", "/v1/configuration").body, "/configuration/" + field);
  }
  std::string LiveId() { return Live("id"); }
  // The body of an answer that is no JSON.
  std::string Export(const std::string& target) {
    const std::string answer = site_.Fetch("GET", "/v1/configuration/" + target);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("Content-Type: text/plain"), std::string::npos) << answer;
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  const ConfigTexts texts_ = TextsFor({.zone_records = kLatin}, "etc/site.yaml");
  ServedSite site_{ReadSite(texts_), std::chrono::milliseconds(5000)};
};

TEST_F(ConfigurationRoutesTest, WhatIsLiveTellsWhereItCameFrom) {
  const auto answer = site_.Ask("GET", "/v1/configuration");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(Text(answer.body, "/configuration/origin"), "file");
  EXPECT_EQ(Text(answer.body, "/configuration/file"), "etc/site.yaml");
  EXPECT_EQ(Text(answer.body, "/configuration/id"), PackTexts(texts_).id);
  EXPECT_EQ(Text(answer.body, "/configuration/is_kept"), "true");
  EXPECT_EQ(Text(answer.body, "/configuration/zones"), R"(["example.com.zone"])");
  EXPECT_EQ(Text(site_.Ask("GET", "/v1/status").body, "/configuration/id"), PackTexts(texts_).id);
}

TEST_F(ConfigurationRoutesTest, TheTextsAreExportedOctetForOctet) {
  EXPECT_EQ(Export("yaml"), texts_.yaml);
  EXPECT_EQ(Export("zone?path=example.com.zone"), texts_.zones.at("example.com.zone"));
}

TEST_F(ConfigurationRoutesTest, APathThatIsNoneOfThemIsSaidToBeSo) {
  EXPECT_EQ(site_.Ask("GET", "/v1/configuration/zone?path=nope.zone").status, 404);
  EXPECT_EQ(site_.Ask("GET", "/v1/configuration/zone").status, 404);
  EXPECT_EQ(site_.Ask("GET", "/v1/configuration/nope").status, 404);
  EXPECT_EQ(site_.Ask("GET", "/v1/configuration/plan").status, 404);
  EXPECT_EQ(site_.Ask("POST", "/v1/configuration/yaml").status, 404);
  EXPECT_EQ(site_.Ask("DELETE", "/v1/configuration").status, 405);
  EXPECT_EQ(site_.Ask("GET", "/v1/configuration/zone/example.com.zone").status, 404);
}

TEST_F(ConfigurationRoutesTest, APlanShowsTheDifferenceAndChangesNothing) {
  const std::string id = LiveId();
  const auto answer = Plan(BodyFor({.groups = 9}));
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(Text(answer.body, "/base"), id);
  EXPECT_EQ(Text(answer.body, "/id"), PackTexts(TextsFor({.groups = 9})).id);
  EXPECT_EQ(Text(answer.body, "/same_texts"), "false");
  EXPECT_EQ(Text(answer.body, "/difference/groups/added"), "1");
  EXPECT_EQ(Text(answer.body, "/difference/groups/before"), "8");
  EXPECT_EQ(Text(answer.body, "/difference/groups/shown/0/name"), "g8");
  EXPECT_EQ(Text(answer.body, "/difference/record_sets/removed"), "1") << "the Latin one";
  EXPECT_EQ(Text(answer.body, "/refusal"), "null");
  EXPECT_EQ(LiveId(), id);
}

TEST_F(ConfigurationRoutesTest, APlanOfWhatIsLiveSaysSo) {
  const auto answer = Plan(BodyFor({.zone_records = kLatin}));
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(Text(answer.body, "/same_texts"), "true");
  EXPECT_EQ(Text(answer.body, "/difference/empty"), "true");
}

TEST_F(ConfigurationRoutesTest, APlanAsksForTheZoneFilesItLacks) {
  json::object body = BodyFor({});
  body.erase("zones");
  const auto answer = Plan(body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::serialize(answer.body), R"({"needs":["example.com.zone"]})");
}

TEST_F(ConfigurationRoutesTest, AnApplyAnswersWhenItIsServedAndNamesWhoDidIt) {
  json::object body = BodyFor({.groups = 9, .zone_records = kLatin});
  body["author"] = "ann";
  const auto answer = Apply(body);
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(Text(answer.body, "/table"), "2");
  EXPECT_EQ(Text(answer.body, "/configuration/origin"), "applied");
  Peer self;
  self.uid = getuid();
  self.pid = getpid();
  EXPECT_EQ(Text(answer.body, "/configuration/author"), "ann (" + TextOf(self) + ")");
  EXPECT_EQ(LiveId(), PackTexts(TextsFor({.groups = 9, .zone_records = kLatin})).id);
  EXPECT_EQ(site_.Ask("GET", "/v1/groups/g8").status, 200);
  const ConfigTexts applied = TextsFor({.groups = 9, .zone_records = kLatin});
  EXPECT_EQ(Export("yaml"), applied.yaml);
  EXPECT_EQ(Export("zone?path=example.com.zone"), applied.zones.at("example.com.zone"));
}

TEST_F(ConfigurationRoutesTest, AnApplyOfAnOldPlanIsAConflictAndOneWithoutAPlanIsWrong) {
  json::object body = BodyFor({.groups = 9});
  const std::string id = LiveId();
  const auto missing = site_.Ask("POST", "/v1/configuration", json::serialize(body));
  EXPECT_EQ(missing.status, 400);
  EXPECT_NE(Text(missing.body, "/error/message").find("base"), std::string::npos);
  body["base"] = PackTexts(TextsFor({.groups = 3})).id;
  const auto old = site_.Ask("POST", "/v1/configuration", json::serialize(body));
  EXPECT_EQ(old.status, 409);
  EXPECT_EQ(Text(old.body, "/error/code"), "conflict");
  EXPECT_EQ(LiveId(), id);
}

TEST_F(ConfigurationRoutesTest, MoreThanTheShareIsRemovedOnlyWhenThatIsSaid) {
  json::object body = BodyFor({.groups = 4});
  EXPECT_NE(Text(Plan(body).body, "/refusal").find("4 of 8 failover groups"), std::string::npos);
  const auto refused = Apply(body);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Text(refused.body, "/error/code"), "removes_too_much");
  EXPECT_NE(Text(refused.body, "/error/message").find("nothing was changed"), std::string::npos);
  EXPECT_EQ(Live("origin"), "file");
  EXPECT_EQ(site_.Ask("GET", "/v1/groups/g7").status, 200);
  body["max_removed_percent"] = 49;
  EXPECT_EQ(Apply(body).status, 409);
  body["max_removed_percent"] = 50;
  EXPECT_EQ(Apply(body).status, 200);
  EXPECT_EQ(site_.Ask("GET", "/v1/groups/g7").status, 404);
}

TEST_F(ConfigurationRoutesTest, ErrorsOfTheConfigurationAreAllTold) {
  json::object body = BodyFor({.zone_records = "bad A 192.0.2.300\n"});
  body["yaml"] = std::string(body["yaml"].get_string().c_str()) + "stale_policy: never\n";
  for (const auto& answer : {Plan(body), Apply(body)}) {
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(Text(answer.body, "/error/code"), "invalid_configuration");
    EXPECT_TRUE(Text(answer.body, "/error/errors/0").starts_with("new/site.yaml:"));
    EXPECT_TRUE(Text(answer.body, "/error/errors/1").starts_with("new/example.com.zone:4:"));
  }
  EXPECT_EQ(Live("origin"), "file");
}

TEST_F(ConfigurationRoutesTest, ABodyThatIsNotWhatItSeemsIsRefusedWithTheFieldNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "object"},
      {R"({"file")", "object"},
      {R"({"yaml": "y"})", "file"},
      {R"({"file": "", "yaml": "y"})", "file"},
      {R"({"file": "a\nb", "yaml": "y"})", "file"},
      {R"({"file": "f", "yaml": 1})", "yaml"},
      {R"({"file": "f", "yaml": "y", "zones": ["z"]})", "zones"},
      {R"({"file": "f", "yaml": "y", "zones": {"z": 1}})", "zones"},
      {R"({"file": "f", "yaml": "y", "max_removed_percent": 101})", "max_removed_percent"},
      {R"({"file": "f", "yaml": "y", "max_removed_percent": -1})", "max_removed_percent"},
      {R"({"file": "f", "yaml": "y", "max_removed_percent": 2.5})", "max_removed_percent"},
      {R"({"file": "f", "yaml": "y", "max_removed_percent": "all"})", "max_removed_percent"},
      {R"({"file": "f", "yaml": "y", "author": "a\u001bb"})", "author"},
      {R"({"file": "f", "yaml": "y", "force": true})", "force"},
  };
  for (const char* path : {"/v1/configuration", "/v1/configuration/plan"}) {
    for (const auto& [body, named] : cases) {
      const auto answer = site_.Ask("POST", path, body);
      EXPECT_EQ(answer.status, 400) << body;
      EXPECT_NE(Text(answer.body, "/error/message").find(named), std::string::npos)
          << body << json::serialize(answer.body);
    }
  }
}

TEST_F(ConfigurationRoutesTest, WhatWasAppliedStandsUntilItIsForgotten) {
  ASSERT_EQ(Apply(BodyFor({.groups = 9})).status, 200);
  const auto reload = site_.Ask("POST", "/v1/reload");
  EXPECT_EQ(reload.status, 409);
  EXPECT_NE(Text(reload.body, "/error/message").find("--from-file"), std::string::npos);
  site_.load_error = "is wrong";
  const auto bad = site_.Ask("POST", "/v1/configuration/forget");
  EXPECT_EQ(bad.status, 422);
  EXPECT_NE(Text(bad.body, "/error/errors/0").find("is wrong"), std::string::npos);
  EXPECT_EQ(Live("origin"), "applied");
  site_.load_error = "";
  const auto forgotten = site_.Ask("POST", "/v1/configuration/forget");
  ASSERT_EQ(forgotten.status, 200) << json::serialize(forgotten.body);
  EXPECT_EQ(Text(forgotten.body, "/configuration/origin"), "file");
  EXPECT_EQ(LiveId(), PackTexts(texts_).id);
  EXPECT_EQ(site_.Ask("GET", "/v1/groups/g8").status, 404);
}

TEST(UnknownTextsTest, AreSaidToBeSo) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(5000));
  EXPECT_EQ(Text(site.Ask("GET", "/v1/configuration").body, "/configuration"), "null");
  EXPECT_EQ(site.Ask("GET", "/v1/configuration/yaml").status, 409);
}

}  // namespace
}  // namespace understudy::control
