// Master files: what is read from them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "control/zone/zone_file.h"
#include "tests/control/zone/zone_file_fixture.h"

namespace understudy::control {
namespace {

using std::string_literals::operator""s;

TEST_F(ZoneFile, OrdinaryFileGivesItsRecordSetsInOrder) {
  const ZoneFileResult result = Read(
      "$TTL 1h ; everybody's\n"
      "$ORIGIN example.com.\n"
      "@   IN SOA ns1 hostmaster (\n"
      "        2024010101 ; serial\n"
      "        3600 600   ; refresh, retry\n"
      "        1w 1h )\n"
      "    NS  ns1\n"
      "    NS  ns2.example.net.\n"
      "ns1 300 IN A 192.0.2.1\n"
      "    IN 60 AAAA 2001:db8::1\n"
      "WWW A 192.0.2.2\n"
      "www A 192.0.2.3\n"
      "*.w CNAME www\n"
      "$ORIGIN sub\n"
      "x   MX 10 @\n"
      "    TXT \"a;b\" c ; said\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Texts(result.warnings), List{});
  EXPECT_EQ(result.zone.apex, "\7example\3com\0"s);
  EXPECT_EQ(result.zone.file, Path());
  const std::string soa =
      "example.com. 3600 SOA ns1.example.com. hostmaster.example.com. 2024010101 3600 600 604800 "
      "3600";
  EXPECT_EQ(Sets(result),
            (List{soa, "example.com. 3600 NS ns1.example.com., ns2.example.net.",
                  "ns1.example.com. 300 A 192.0.2.1", "ns1.example.com. 60 AAAA 2001:db8::1",
                  "www.example.com. 3600 A 192.0.2.2, 192.0.2.3",
                  "*.w.example.com. 3600 CNAME www.example.com.",
                  "x.sub.example.com. 3600 MX 10 sub.example.com.",
                  "x.sub.example.com. 3600 TXT \"a;b\" \"c\""}));
}

TEST_F(ZoneFile, OwnersAreLowerCasedAndNamesInDataKept) {
  EXPECT_EQ(SetsOf("WwW CNAME Target.Example.\n"),
            List{"www.example.com. 300 CNAME Target.Example."});
}

TEST_F(ZoneFile, LinesMayEndInCarriageReturnsAndTheLastNeedNoEnd) {
  EXPECT_EQ(SetsOf("a A 192.0.2.1\r\nb A 192.0.2.2"),
            (List{"a.example.com. 300 A 192.0.2.1", "b.example.com. 300 A 192.0.2.2"}));
}

TEST_F(ZoneFile, RootZoneIsAZone) {
  const ZoneFileResult result =
      Read("$TTL 60\n. SOA a. b. 1 2 3 4 5\n. NS a.\na A 192.0.2.1\n", ".");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Sets(result).back(), "a. 60 A 192.0.2.1");
}

TEST_F(ZoneFile, EscapedOwnersAreTaken) {
  EXPECT_EQ(SetsOf("a\\.b A 192.0.2.1\n\\@ A 192.0.2.2\n\\032 A 192.0.2.3\n"),
            (List{"a\\.b.example.com. 300 A 192.0.2.1", "\\@.example.com. 300 A 192.0.2.2",
                  "\\032.example.com. 300 A 192.0.2.3"}));
}

TEST_F(ZoneFile, UnknownTypesAreReadAsRfc3597Says) {
  EXPECT_EQ(SetsOf("a TYPE65280 \\# 3 010203\nb TYPE1 \\# 4 c0000201\n"),
            (List{"a.example.com. 300 TYPE65280 \\# 3 010203", "b.example.com. 300 A 192.0.2.1"}));
}

TEST_F(ZoneFile, EntriesOfAnyLengthAreReadWhole) {
  std::string text = "a TXT (\n";
  for (int i = 0; i < 200; ++i) text += "  \"" + std::string(63, 'x') + "\\120\" ; comment\n";
  const ZoneFileResult result = Read(kApex + text + ")\nb A 192.0.2.1\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.zone.records.at(2).value.rdata.at(0).size(), 200u * 65u);
  EXPECT_EQ(Sets(result).back(), "b.example.com. 300 A 192.0.2.1");
}

TEST_F(ZoneFile, TtlOfZeroIsZero) {
  EXPECT_EQ(SetsOf("$TTL 0\na A 192.0.2.1\nb 0 A 192.0.2.1\n"),
            (List{"a.example.com. 0 A 192.0.2.1", "b.example.com. 0 A 192.0.2.1"}));
}

TEST_F(ZoneFile, WithoutDollarTtlTheLastTtlWrittenGoesOn) {
  const ZoneFileResult result =
      Read("@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\nx 90 A 192.0.2.1\ny A 192.0.2.1\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Sets(result).at(1), "example.com. 60 NS a.");
  EXPECT_EQ(Sets(result).at(3), "y.example.com. 90 A 192.0.2.1");
}

TEST_F(ZoneFile, SoaWithoutAnyTtlTakesItsLastFieldWithAWarning) {
  const ZoneFileResult result = Read("@ SOA a. b. 1 2 3 4 77\n@ NS a.\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Texts(result.warnings),
            List{"1: no TTL is given here nor by $TTL: the last field of the SOA, 77, is taken for "
                 "it"});
  EXPECT_EQ(Sets(result).at(1), "example.com. 77 NS a.");
}

TEST_F(ZoneFile, RecordThatIsThereTwiceIsKeptOnceWithAWarning) {
  const ZoneFileResult result = Read(kApex + "a A 192.0.2.1\na A 192.0.2.2\nA A 192.0.2.1\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Texts(result.warnings),
            List{"6: a.example.com. A is there twice with the same data: kept once"});
  EXPECT_EQ(Sets(result).back(), "a.example.com. 300 A 192.0.2.1, 192.0.2.2");
}

TEST_F(ZoneFile, DuplicatesAreFoundInLargeRecordSetsToo) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "a A 192.0.2." + std::to_string(i) + "\n";
  const ZoneFileResult result = Read(kApex + text + "a A 192.0.2.7\na A 192.0.2.99\n");
  EXPECT_EQ(result.zone.records.back().value.rdata.size(), 100u);
  EXPECT_EQ(result.warnings.size(), 2u);
}

TEST_F(ZoneFile, DifferingTtlsOfOneSetBecomeTheLowestWithAWarning) {
  const ZoneFileResult result =
      Read(kApex + "a 90 A 192.0.2.1\na 60 A 192.0.2.2\na 120 A 192.0.2.3\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(
      Texts(result.warnings),
      List{"5: a.example.com. A has another TTL on line 4: the lowest counts (RFC 2181 5.2)"});
  EXPECT_EQ(Sets(result).back(), "a.example.com. 60 A 192.0.2.1, 192.0.2.2, 192.0.2.3");
}

TEST_F(ZoneFile, DelegationWithGlueIsData) {
  EXPECT_EQ(SetsOf("sub NS ns.sub\nns.sub A 192.0.2.1\nsub DS 1 13 2 ab\n").size(), 3u);
}

}  // namespace
}  // namespace understudy::control
