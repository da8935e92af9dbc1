// A master file of a test's own, and what is read from it as texts.
//
// Used by: the tests of this folder.
#ifndef UNDERSTUDY_TESTS_CONTROL_ZONE_ZONE_FILE_FIXTURE_H_
#define UNDERSTUDY_TESTS_CONTROL_ZONE_ZONE_FILE_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "control/zone/zone_file.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {

class ZoneFile : public testing::Test {
 protected:
  std::string Path() const { return scratch_.path() + "/example.com.zone"; }

  ZoneFileResult Read(const std::string& text, const std::string& apex = "example.com") {
    std::ofstream(Path(), std::ios::binary) << text;
    return ReadZoneFile(Path(), NameToWire(apex).value_or(""));
  }

  static std::vector<std::string> Texts(const std::vector<ZoneFileError>& findings) {
    std::vector<std::string> texts;
    for (const ZoneFileError& finding : findings) {
      texts.push_back(std::to_string(finding.line) + ": " + finding.message);
    }
    return texts;
  }
  // "name ttl TYPE data, data"
  static std::vector<std::string> Sets(const ZoneFileResult& result) {
    std::vector<std::string> sets;
    for (const ZoneRecord& record : result.zone.records) {
      std::string text = NameToText(record.owner) + " " + std::to_string(record.value.ttl_s) + " " +
                         TypeToText(record.type);
      for (size_t i = 0; i < record.value.rdata.size(); ++i) {
        text += (i == 0 ? " " : ", ") + RdataToText(record.type, record.value.rdata[i]);
      }
      sets.push_back(text);
    }
    return sets;
  }
  // The errors of a zone that has the apex records and `text`, which begins on line 4.
  std::vector<std::string> ErrorsOf(const std::string& text) {
    const ZoneFileResult result = Read(kApex + text);
    return Texts(result.errors);
  }
  std::vector<std::string> SetsOf(const std::string& text) {
    const ZoneFileResult result = Read(kApex + text);
    EXPECT_EQ(Texts(result.errors), std::vector<std::string>{});
    std::vector<std::string> sets = Sets(result);
    sets.erase(sets.begin(), sets.begin() + std::min<ptrdiff_t>(2, std::ssize(sets)));
    return sets;
  }

  using List = std::vector<std::string>;
  inline static const std::string kApex =
      "$TTL 300\n"
      "@ SOA ns.example.net. host.example.net. 1 3600 600 86400 60\n"
      "@ NS ns.example.net.\n";

  ScratchDirectory scratch_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_ZONE_ZONE_FILE_FIXTURE_H_
