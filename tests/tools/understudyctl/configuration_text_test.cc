#include "tools/understudyctl/configuration_text.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <string>

namespace understudy::ctl {
namespace {

namespace json = boost::json;

json::object Parse(const std::string& text) { return json::parse(text).as_object(); }

TEST(DifferenceTextTest, EveryKindOfChangeHasItsSignAndItsFields) {
  EXPECT_EQ(DifferenceText(Parse(R"({
      "difference": {
        "settings": [{"field": "stale_policy", "from": "frozen", "to": "servfail"}],
        "zones": {"before": 1, "added": 0, "changed": 0, "removed": 0, "shown": []},
        "health_checks": {"before": 2, "added": 1, "changed": 1, "removed": 1, "shown": [
          {"kind": "added", "name": "asia",
           "fields": [{"field": "port", "from": "", "to": "80"}]},
          {"kind": "changed", "name": "eu",
           "fields": [{"field": "interval", "from": "1s", "to": "2s"},
                      {"field": "host", "from": "", "to": "www.example.com"},
                      {"field": "path", "from": "/ok", "to": ""}]},
          {"kind": "removed", "name": "us",
           "fields": [{"field": "port", "from": "443", "to": ""}]}]}},
      "warnings": ["u.yaml:7: a check that nobody uses"]})")),
            "settings\n"
            "      stale_policy: frozen -> servfail\n"
            "health checks: 1 added, 1 changed, 1 removed, of 2\n"
            "  + asia\n"
            "      port: 80\n"
            "  ~ eu\n"
            "      interval: 1s -> 2s\n"
            "      host: (nothing) -> www.example.com\n"
            "      path: /ok -> (nothing)\n"
            "  - us\n"
            "      port: 443\n"
            "warning: u.yaml:7: a check that nobody uses\n");
}

TEST(DifferenceTextTest, WhatIsNotListedIsCounted) {
  const std::string text = DifferenceText(Parse(R"({"difference": {
      "record_sets": {"before": 9, "added": 1001, "changed": 0, "removed": 0,
                      "shown": [{"kind": "added", "name": "a.example.com. A", "fields": []}]}}})"));
  EXPECT_EQ(text,
            "record sets: 1001 added, 0 changed, 0 removed, of 9\n"
            "  + a.example.com. A\n"
            "  ... and 1000 more\n");
}

TEST(DifferenceTextTest, NoDifferenceIsSaidAndWarningsStay) {
  EXPECT_EQ(DifferenceText(Parse(R"({"difference": {"settings": []}, "warnings": ["w"]})")),
            "no difference in what is served\nwarning: w\n");
}

TEST(AppliedTextTest, OnlyWhatWasAppliedIsSaidToOutliveARestart) {
  const std::string applied = AppliedText(Parse(
      R"({"table": 7, "took_s": 2, "configuration": {"file": "a.yaml", "origin": "applied"}})"));
  EXPECT_TRUE(applied.starts_with("serving a.yaml: table 7 published after ")) << applied;
  EXPECT_NE(applied.find("after a restart too"), std::string::npos) << applied;
  const std::string file = AppliedText(
      Parse(R"({"table": 8, "took_s": 2, "configuration": {"file": "a.yaml", "origin": "file"}})"));
  EXPECT_EQ(file.find("after a restart too"), std::string::npos) << file;
}

}  // namespace
}  // namespace understudy::ctl
