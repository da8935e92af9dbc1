// Where the records of failover groups may stand, and the zones they stand in.
#include <gtest/gtest.h>

#include <string>

#include "tests/control/config/groups_fixture.h"

namespace understudy::control {
namespace {

using Placement = Groups;
using std::string_literals::operator""s;

TEST_F(Placement, NameOutsideEveryZoneIsRefusedWithTheZones) {
  EXPECT_EQ(RecordErrors("name: app.example.org, type: A" + kSides),
            List{": app.example.org. is in none of the zones: example.com."});
  EXPECT_EQ(RecordErrors("name: appexample.com, type: A" + kSides),
            List{": appexample.com. is in none of the zones: example.com."});
}

TEST_F(Placement, RecordBelongsToOneGroupOnly) {
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + kA + "}\n") +
                     "  web:\n    primary: {health_check: us}\n    records: [{" + kA + "}]\n"),
            List{"u.yaml:14: failover_groups.web.records[0]: app.example.com. A is already in "
                 "group app, line 11"});
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + kA + "}\n      - {" + kA + "}\n")),
            List{"u.yaml:12: failover_groups.app.records[1]: app.example.com. A is already in "
                 "group app, line 11"});
}

TEST_F(Placement, RecordIsEitherInAGroupOrInTheZoneFile) {
  WriteZone("example.com.zone", "app A 192.0.2.9\napp TXT x\n");
  EXPECT_EQ(RecordErrors(kA),
            List{": app.example.com. A is in example.com.zone:4 too: a record belongs either to a "
                 "group or to the zone file"});
  EXPECT_EQ(RecordErrors("name: app.example.com, type: AAAA, primary: \"::1\", secondary: \"::2\""),
            List{});
}

TEST_F(Placement, CnameStandsBesideNothing) {
  const std::string cname = "name: app.example.com, type: CNAME, primary: a., secondary: b.";
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + kA + "}\n      - {" + cname + "}\n")),
            List{"u.yaml:12: failover_groups.app.records[1]: app.example.com. CNAME stands beside "
                 "A in group app, line 11: a name with a CNAME has no other data (RFC 1034 "
                 "3.6.2)"});
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + cname + "}\n      - {" + kA + "}\n")).size(), 1u);
  WriteZone("example.com.zone", "app TXT x\n");
  EXPECT_EQ(RecordErrors(cname),
            List{": app.example.com. CNAME stands beside TXT in example.com.zone:4: a name with a "
                 "CNAME has no other data (RFC 1034 3.6.2)"});
  WriteZone("example.com.zone", "app CNAME x\n");
  EXPECT_EQ(RecordErrors(kA),
            List{": app.example.com. A stands beside CNAME in example.com.zone:4: a name with a "
                 "CNAME has no other data (RFC 1034 3.6.2)"});
}

TEST_F(Placement, CnameAtTheApexIsRefusedWithTheReason) {
  EXPECT_EQ(RecordErrors("name: example.com, type: CNAME, primary: a., secondary: b."),
            List{": example.com. CNAME is at the apex of its zone, where SOA and NS are: a name "
                 "with a CNAME has no other data (RFC 1034 3.6.2). Let A and AAAA records fail "
                 "over instead"});
}

TEST_F(Placement, NameAtOrBelowADelegationIsRefusedWithTheCutAndItsLine) {
  WriteZone("example.com.zone", "sub NS ns.sub\nns.sub A 192.0.2.1\n");
  EXPECT_EQ(RecordErrors("name: sub.example.com, type: A" + kSides),
            List{": sub.example.com. is delegated: it is at or below the NS of sub.example.com. "
                 "(example.com.zone:4): the record could never be answered"});
  EXPECT_EQ(RecordErrors("name: '*.sub.example.com', type: A" + kSides).size(), 1u);
  EXPECT_EQ(RecordErrors("name: a.b.sub.example.com, type: A" + kSides).size(), 1u);
  EXPECT_EQ(RecordErrors("name: xsub.example.com, type: A" + kSides), List{});
}

TEST_F(Placement, NameBelowADnameIsRefused) {
  WriteZone("example.com.zone", "d DNAME example.net.\n");
  EXPECT_EQ(RecordErrors("name: a.d.example.com, type: A" + kSides),
            List{": a.d.example.com. is below the DNAME of d.example.com. (example.com.zone:4): "
                 "the record could never be answered"});
}

TEST_F(Placement, BesideADnameEverythingButACnameMayFailOver) {  // RFC 6672 2.4
  WriteZone("example.com.zone", "d DNAME example.net.\n");
  EXPECT_EQ(RecordErrors("name: d.example.com, type: A" + kSides), List{});
  EXPECT_EQ(RecordErrors("name: d.example.com, type: CNAME, primary: a., secondary: b."),
            List{": d.example.com. CNAME stands beside DNAME in example.com.zone:4: a name with a "
                 "CNAME has no other data (RFC 1034 3.6.2)"});
}

TEST_F(Placement, NameBelowADnameAtTheApexIsRefused) {
  WriteZone("example.com.zone", "@ DNAME example.net.\n");
  EXPECT_EQ(RecordErrors("name: example.com, type: A" + kSides), List{});
  EXPECT_EQ(RecordErrors("name: www.example.com, type: A" + kSides).size(), 1u);
}

TEST_F(Placement, WildcardsAndTheApexMayFailOver) {
  EXPECT_EQ(Record("name: '*.example.com', type: A" + kSides).owner, "\1*\7example\3com\0"s);
  EXPECT_EQ(Record("name: example.com, type: A" + kSides).owner, "\7example\3com\0"s);
}

TEST_F(Placement, RecordBelongsToTheClosestZone) {
  // The parent's glue and delegation of the child zone are no contradiction to the child's data.
  WriteZone("example.com.zone", "sub NS ns.sub\nns.sub A 192.0.2.1\n");
  WriteZone("sub.zone", "");
  EXPECT_EQ(ErrorsOf("instance: a\nzones:\n"
                     "  - {name: example.com, file: example.com.zone}\n"
                     "  - {name: sub.example.com, file: sub.zone}\n"
                     "health_checks: {eu: {type: tcp, address: 192.0.2.1, port: 1}}\n"
                     "failover_groups: {app: {primary: {health_check: eu}, records: [{name: "
                     "ns.sub.example.com, type: A" +
                     kSides + "}]}}\n"),
            List{});
}

TEST_F(Placement, ThousandsOfNamesOfOneSiteAreOneGroup) {
  std::string records;
  for (int i = 0; i < 5000; ++i) {
    records += "      - {name: n" + std::to_string(i) + ".example.com, type: A" + kSides + "}\n";
  }
  const ConfigResult result = Parse(WithRecords(records));
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.state->groups.at(0).records.size(), 5000u);
}

TEST_F(Placement, ZonesAreNamedOnceAndEachHasItsFile) {
  EXPECT_EQ(ErrorsOf("instance: a\nzones:\n"
                     "  - {name: example.com, file: example.com.zone}\n"
                     "  - {name: Example.COM., file: example.com.zone}\n"
                     "  - {name: b}\n"
                     "  - {file: example.com.zone}\n"
                     "  - {name: c..d, file: x}\n"
                     "  - {name: e, file: ''}\n"
                     "  - f\n"),
            (List{"u.yaml:4: zones[1].name: example.com. is there twice, first on line 3",
                  "u.yaml:5: zones[2].file: is missing: the master file of the zone",
                  "u.yaml:6: zones[3].name: is missing",
                  "u.yaml:7: zones[4].name: the name 'c..d' has an empty label",
                  "u.yaml:8: zones[5].file: is empty",
                  "u.yaml:9: zones[6]: must be a mapping (key: value), and is a single value"}));
}

TEST_F(Placement, ErrorsAndWarningsOfAMasterFileCarryItsNameAndLine) {
  WriteZone("example.com.zone", "a A 192.0.2.1\na A 192.0.2.1\n");
  EXPECT_EQ(WarningsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"),
            List{"example.com.zone:5: a.example.com. A is there twice with the same data: kept "
                 "once"});
  Write("example.com.zone", "$TTL 5\na A 192.0.2.1\n");
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"),
            (List{"example.com.zone: the zone has no SOA record at its apex example.com.",
                  "example.com.zone: the zone has no NS record at its apex example.com."}));
}

}  // namespace
}  // namespace understudy::control
