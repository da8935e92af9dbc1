// A configuration with one failover group, of which a test writes a part.
//
// Used by: groups_test, group_records_test, placement_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_CONFIG_GROUPS_FIXTURE_H_
#define UNDERSTUDY_TESTS_CONTROL_CONFIG_GROUPS_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>

#include "control/zone/zone_file.h"
#include "tests/control/config/config_folder.h"

namespace understudy::control {

class Groups : public ConfigFolder {
 protected:
  static std::string Head() {
    return "instance: a\n"
           "zones: [{name: example.com, file: example.com.zone}]\n"
           "health_checks:\n"
           "  eu: {type: tcp, address: 192.0.2.1, port: 1}\n"
           "  us: {type: tcp, address: 192.0.2.2, port: 1}\n"
           "failover_groups:\n";
  }
  // Group app; its records begin on line 11.
  static std::string WithRecords(const std::string& records) {
    return Head() +
           "  app:\n"
           "    primary: {health_check: eu}\n"
           "    secondary: {health_check: us}\n"
           "    records:\n" +
           records;
  }
  // One record, and `policy` on line 12.
  static std::string WithPolicy(const std::string& policy) {
    return WithRecords(
        "      [{name: app.example.com, type: A, primary: 192.0.2.1, "
        "secondary: 192.0.2.2}]\n    " +
        policy + "\n");
  }
  static std::string WithRecord(const std::string& record) {
    return WithRecords("      - {" + record + "}\n");
  }
  GroupRecord Record(const std::string& record) {
    const ConfigResult result = Parse(WithRecord(record));
    EXPECT_EQ(Texts(result.errors), List{});
    return result.state == nullptr ? GroupRecord{} : result.state->groups.at(0).records.at(0);
  }
  static List Values(const GroupRecord& record, const contract::Side& side) {
    List values;
    for (const std::string& rdata : side.rdata) values.push_back(RdataToText(record.type, rdata));
    return values;
  }
  List RecordErrors(const std::string& record) { return Shorten(ErrorsOf(WithRecord(record))); }
  static List Shorten(List texts) {
    const std::string before = "u.yaml:11: failover_groups.app.records[0]";
    for (std::string& text : texts) {
      EXPECT_EQ(text.substr(0, before.size()), before) << text;
      text.erase(0, before.size());
    }
    return texts;
  }

  inline static const std::string kA =
      "name: app.example.com, type: A, primary: 192.0.2.1, secondary: 192.0.2.2";
  inline static const std::string kSides = ", primary: 192.0.2.1, secondary: 192.0.2.2";
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_CONFIG_GROUPS_FIXTURE_H_
