// Master files: what is said about those that are wrong.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "control/zone/zone_file.h"
#include "tests/control/zone/zone_file_fixture.h"

namespace understudy::control {
namespace {

using ZoneFileErrors = ZoneFile;
using std::string_literals::operator""s;

TEST_F(ZoneFileErrors, EveryErrorIsToldWithItsLine) {
  const ZoneFileResult result = Read(kApex +
                                     "a A 192.0.2.300\n"             // 4
                                     "b MX mail\n"                   // 5
                                     "c FOO bar\n"                   // 6
                                     "www.example.net. A 1.2.3.4\n"  // 7
                                     "  AAAA ::1\n"                  // 8: goes on with a bad owner
                                     "d A (\n"                       // 9
                                     "  192.0.2.1\n"
                                     "  192.0.2.2 )\n"
                                     "e 1x A 192.0.2.1\n"  // 12
                                     "f CH A 192.0.2.1\n"  // 13
                                     "g\n"                 // 14
                                     "h..i A 192.0.2.1\n"  // 15
                                     "ok A 192.0.2.1\n");
  EXPECT_EQ(
      Texts(result.errors),
      (List{"4: '192.0.2.300' is not an IPv4 address", "5: 'mail' is not a number from 0 to 65535",
            "6: 'FOO' is not a record type", "7: www.example.net. is not in the zone example.com.",
            "9: '192.0.2.2' stands behind the last value",
            "12: the TTL '1x' is not a time from 0 to 2147483647 seconds",
            "13: the class CH is not served: only IN is", "14: the record has no type",
            "15: the name 'h..i' has an empty label"}));
  EXPECT_EQ(Sets(result).back(), "ok.example.com. 300 A 192.0.2.1");
}

TEST_F(ZoneFileErrors, ZoneWithoutSoaOrNsIsRefused) {
  EXPECT_EQ(Texts(Read("a 60 A 192.0.2.1\n").errors),
            (List{"0: the zone has no SOA record at its apex example.com.",
                  "0: the zone has no NS record at its apex example.com."}));
  EXPECT_EQ(Texts(Read("").errors).size(), 2u);
}

TEST_F(ZoneFileErrors, ApexRecordThatIsWrongIsNotCalledMissing) {
  EXPECT_EQ(Texts(Read("$TTL 60\n@ SOA a. b. 1 2 3 4\n@ NS a.\n").errors),
            List{"2: SOA needs 7 values, and 6 are there"});
}

TEST_F(ZoneFileErrors, SoaStandsOnceAndAtTheApex) {
  EXPECT_EQ(ErrorsOf("a SOA a. b. 1 2 3 4 5\n"),
            List{"4: a SOA record belongs to the apex example.com. only"});
  EXPECT_EQ(ErrorsOf("@ SOA a. b. 1 2 3 4 5\n"),
            List{"2: example.com. SOA has more than one value"});
}

TEST_F(ZoneFileErrors, CnameStandsAloneAndOnce) {
  EXPECT_EQ(ErrorsOf("a CNAME b\na A 192.0.2.1\n"),
            List{"5: a.example.com. A stands beside the CNAME of line 4: a name with a CNAME has "
                 "no other data (RFC 1034 3.6.2)"});
  EXPECT_EQ(ErrorsOf("a A 192.0.2.1\na CNAME b\n"),
            List{"4: a.example.com. A stands beside the CNAME of line 5: a name with a CNAME has "
                 "no other data (RFC 1034 3.6.2)"});
  EXPECT_EQ(ErrorsOf("a CNAME b\na CNAME c\n"),
            List{"4: a.example.com. CNAME has more than one value"});
  EXPECT_EQ(ErrorsOf("@ CNAME b\n").size(), 2u);  // SOA and NS are there
}

TEST_F(ZoneFileErrors, DnameStandsOnceAndNotBesideACname) {
  EXPECT_EQ(ErrorsOf("a CNAME b\na DNAME c\n"),
            List{"5: a.example.com. DNAME stands beside the CNAME of line 4: a name with a CNAME "
                 "has no other data (RFC 1034 3.6.2)"});
  EXPECT_EQ(ErrorsOf("a DNAME b\na DNAME c\n"),
            List{"4: a.example.com. DNAME has more than one value"});
  EXPECT_EQ(SetsOf("@ DNAME example.net.\n").size(), 1u);  // beside SOA and NS (RFC 6672 2.3)
}

TEST_F(ZoneFileErrors, NamesAndLabelsThatAreTooLongAreRefusedWithTheirLine) {
  const std::string label(63, 'a');
  const std::string three = label + "." + label + "." + label + ".";
  // 3 * 64 + 50 + 1 octets before the 13 of example.com.
  EXPECT_EQ(SetsOf(three + std::string(49, 'b') + " A 192.0.2.1\n").size(), 1u);
  const List errors = ErrorsOf(three + std::string(50, 'b') + " A 192.0.2.1\n" + label +
                               "a A 192.0.2.1\n" + "c CNAME " + label + "a.example.\n");
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].substr(0, 12), "4: the name ");
  EXPECT_EQ(errors[0].substr(errors[0].size() - 26), " is longer than 255 octets");
  EXPECT_EQ(errors[1], "5: the name '" + label + "a' has a label of more than 63 octets");
  EXPECT_EQ(errors[2], "6: the name '" + label + "a.example.' has a label of more than 63 octets");
}

TEST_F(ZoneFileErrors, ClassIsInternetHoweverItIsWritten) {
  EXPECT_EQ(SetsOf("a in A 192.0.2.1\nb CLASS1 60 A 192.0.2.1\n"),
            (List{"a.example.com. 300 A 192.0.2.1", "b.example.com. 60 A 192.0.2.1"}));
  EXPECT_EQ(ErrorsOf("a CLASS3 A 192.0.2.1\nb hs A 192.0.2.1\nc IN CH A 192.0.2.1\n"),
            (List{"4: the class CLASS3 is not served: only IN is",
                  "5: the class hs is not served: only IN is",
                  "6: the class CH is not served: only IN is"}));
}

TEST_F(ZoneFileErrors, NothingStandsBelowADname) {
  EXPECT_EQ(
      ErrorsOf("d DNAME example.net.\nx.d A 192.0.2.1\n"),
      List{
          "5: x.d.example.com. A is below the DNAME of d.example.com. on line 4: it could never be "
          "answered (RFC 6672 2.4)"});
  EXPECT_EQ(ErrorsOf("d DNAME example.net.\nd A 192.0.2.1\n"), List{});
}

TEST_F(ZoneFileErrors, DelegationByWildcardIsRefused) {
  EXPECT_EQ(
      ErrorsOf("*.a NS ns\n*.a A 192.0.2.1\n"),
      List{"4: *.a.example.com. NS is a delegation by wildcard, which means nothing (RFC 4592 "
           "4.2)"});
}

TEST_F(ZoneFileErrors, DsOfTheZoneItselfIsWorthAWarning) {
  const ZoneFileResult result = Read(kApex + "@ DS 1 13 2 ab\nsub NS ns\nsub DS 1 13 2 ab\n");
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(Texts(result.warnings),
            List{"4: example.com. DS is never answered: it belongs to the zone above"});
}

TEST_F(ZoneFileErrors, NameWithMoreTypesThanTheTableHoldsIsRefused) {
  std::string text;
  for (int i = 0; i < 202; ++i) {
    text +=
        "a TYPE" + std::to_string(65280 + i) + " \\# 0\nb" + std::to_string(i) + " A 192.0.2.1\n";
  }
  EXPECT_EQ(ErrorsOf(text), List{"404: a.example.com. has more than 200 types of records"});
}

TEST_F(ZoneFileErrors, RecordWithoutTtlIsRefused) {
  EXPECT_EQ(Texts(Read("@ NS a.\n@ 60 SOA a. b. 1 2 3 4 5\n").errors),
            List{"1: no TTL: give one here, or $TTL above (RFC 2308 4)"});
}

TEST_F(ZoneFileErrors, TtlsAboveTheLimitAreRefused) {
  EXPECT_EQ(ErrorsOf("a 2147483647 A 192.0.2.1\nb 2147483648 A 192.0.2.1\n$TTL -1\n$TTL 3600w\n"),
            (List{"5: the TTL '2147483648' is not a time from 0 to 2147483647 seconds",
                  "6: $TTL '-1' is not a time from 0 to 2147483647 seconds",
                  "7: $TTL '3600w' is not a time from 0 to 2147483647 seconds"}));
}

TEST_F(ZoneFileErrors, DirectivesThatAreNotSupportedAreRefused) {
  EXPECT_EQ(ErrorsOf("$INCLUDE other.zone\n$GENERATE 1-9 a$ A 192.0.2.$\n$ORIGIN\n$ORIGIN a..b\n"),
            (List{"4: $INCLUDE is not supported: put the records into this file",
                  "5: '$GENERATE' is not a directive; known are $ORIGIN and $TTL",
                  "6: $ORIGIN needs exactly one value", "7: the name 'a..b' has an empty label"}));
}

TEST_F(ZoneFileErrors, ParenthesesAndQuotesMustClose) {
  EXPECT_EQ(
      ErrorsOf("a A 192.0.2.1 )\nb TXT \"x\nc A ( 192.0.2.1\nd A 192.0.2.1\n"),
      (List{"4: a ')' has no '(' before it", "5: a '\"' is not closed before the end of its line",
            "6: a '(' is not closed before the end of the file"}));
}

TEST_F(ZoneFileErrors, LinesAreCountedOverCommentsBlankLinesAndParentheses) {
  EXPECT_EQ(ErrorsOf("; comment\n\n   \n   ; another\n"
                     "a TXT ( ; one\n x ; two\n\n ) ; three\n\nb A x\n"),
            List{"13: 'x' is not an IPv4 address"});
}

TEST_F(ZoneFileErrors, FirstRecordNeedsItsOwner) {
  EXPECT_EQ(Texts(Read("  60 A 192.0.2.1\n@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\n").errors),
            List{"1: the first record of a file needs its owner"});
}

TEST_F(ZoneFileErrors, SignedZonesAndQuestionsAreRefused) {
  const List errors = ErrorsOf("a NSEC b A\na ANY x\n");
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0],
            "4: NSEC belongs to a signed zone, and this server serves unsigned ones: give it the "
            "file before signing");
  EXPECT_EQ(errors[1], "5: ANY is not a type of data");
}

TEST_F(ZoneFileErrors, RecordSetThatNoAnswerHoldsIsRefusedOnce) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text += "a A 10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "\n";
  }
  const ZoneFileResult result = Read(kApex + text);
  EXPECT_EQ(Texts(result.errors),
            List{"4097: a.example.com. A has more than 65493 octets of data: no message could hold "
                 "it"});  // 4093 * 16 octets fit
}

TEST_F(ZoneFileErrors, SetOfOneRecordThatNoMessageHoldsIsRefusedToo) {
  const auto generic = [](size_t octets) {
    return "a TYPE65280 \\# " + std::to_string(octets) + " " + std::string(2 * octets, '0') + "\n";
  };
  EXPECT_EQ(SetsOf(generic(65481)).size(), 1u);  // and 12 octets around the data
  EXPECT_EQ(ErrorsOf(generic(65482)),
            List{"4: a.example.com. TYPE65280 has more than 65493 octets of data: no message could "
                 "hold it"});
}

TEST_F(ZoneFileErrors, AThousandErrorsAreShownAndTheOthersCounted) {
  std::string text;
  for (int i = 0; i < 1900; ++i) text += "a A x\n";
  const List errors = ErrorsOf(text);
  ASSERT_EQ(errors.size(), 1001u);
  EXPECT_EQ(errors[999], "1003: 'x' is not an IPv4 address");
  EXPECT_EQ(errors.back(), "0: 900 more errors are not shown");
}

TEST_F(ZoneFileErrors, BinaryFilesAreRefused) {
  EXPECT_EQ(Texts(Read(kApex + "a A 192.0.2.1\n\0b"s).errors),
            List{"5: a zero octet: this is not a text file"});
}

TEST_F(ZoneFileErrors, FilesThatCannotBeReadAreRefusedAndNeverWaitedFor) {
  const std::string apex = NameToWire("example.com").value_or("");
  const ZoneFileResult none = ReadZoneFile(scratch_.path() + "/none", apex);
  EXPECT_TRUE(none.unreadable);
  EXPECT_EQ(Texts(none.errors), List{"0: cannot be opened: No such file or directory"});
  ASSERT_EQ(mkfifo((scratch_.path() + "/pipe").c_str(), 0600), 0);
  for (const std::string& path : {scratch_.path(), scratch_.path() + "/pipe", "/dev/zero"s}) {
    EXPECT_EQ(Texts(ReadZoneFile(path, apex).errors), List{"0: is not a regular file"}) << path;
  }
}

TEST_F(ZoneFileErrors, LargeZonesAreReadWhole) {
  std::string text = kApex;
  for (int i = 0; i < 200'000; ++i) {
    text += "host" + std::to_string(i) + " A 10." + std::to_string(i >> 16) + "." +
            std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + "\n";
  }
  const ZoneFileResult result = Read(text);
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.zone.records.size(), 200'002u);
  EXPECT_EQ(Sets(result).back(), "host199999.example.com. 300 A 10.3.13.63");
}

}  // namespace
}  // namespace understudy::control
