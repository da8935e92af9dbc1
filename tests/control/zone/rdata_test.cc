// Record data between text and wire form, type by type.
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

using std::string_literals::operator""s;

std::string Refusal(const std::string& type, const std::string& text) {
  const uint16_t number = TypeFromText(type).value_or(0);
  return std::string(RdataFromText(number, text).status().message());
}

struct Row {
  const char* type;
  std::string text;
  std::string wire;
  std::string canonical = {};  // what the wire form is printed as, when that is not `text`
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.type << " " << row.text; }

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows{
      {"A", "192.0.2.1", "\xc0\0\2\1"s},
      {"AAAA", "2001:db8::1", "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s},
      {"CNAME", "www.Example.com.", "\3www\7Example\3com\0"s},  // its letters are kept
      {"CNAME", ".", "\0"s},
      {"NS", "a\\.b.example.", "\3a.b\7example\0"s},
      {"PTR", "host.example.", "\4host\7example\0"s},
      {"DNAME", "example.", "\7example\0"s},
      {"MX", "10 mail.example.", "\0\x0a\4mail\7example\0"s},
      {"MX", "0 .", "\0\0\0"s},
      {"MX", "65535 .", "\xff\xff\0"s},
      {"TXT", "\"hello world\" \"x\"", "\x0bhello world\1x"s},
      {"TXT", "plain", "\5plain"s, "\"plain\""},
      {"TXT", "\"\"", "\0"s},
      {"TXT", "\"say \\\"hi\\\" \\000;\"", "\x0bsay \"hi\" \0;"s},
      {"SPF", "\"v=spf1 -all\"", "\x0bv=spf1 -all"s},
      {"SRV", "1 2 5060 sip.example.", "\0\1\0\2\x13\xc4\3sip\7example\0"s},
      {"CAA", "0 issue \"ca.example\"", "\0\5issueca.example"s},
      {"CAA", "128 iodef mailto:a@b.c", "\x80\5iodefmailto:a@b.c"s, "128 iodef \"mailto:a@b.c\""},
      {"NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .",
       "\0\x64\0\x0a\1u\7E2U+sip\x0e!^.*$!sip:a@b!\0"s},
      {"SSHFP", "1 1 0123456789abcdef0123456789abcdef01234567",
       "\1\1\1\x23\x45\x67\x89\xab\xcd\xef\1\x23\x45\x67\x89\xab\xcd\xef\1\x23\x45\x67"s},
      {"TLSA", "3 1 1 abcd ef01", "\3\1\1\xab\xcd\xef\1"s, "3 1 1 abcdef01"},
      {"SVCB", "0 alias.example.", "\0\0\5alias\7example\0"s},
      {"HTTPS", "1 . alpn=h2,h3 ipv4hint=192.0.2.1", "\0\1\0\0\1\0\6\2h2\2h3\0\4\0\4\xc0\0\2\1"s},
      {"HTTPS", "1 . port=8443 alpn=\"h2\"", "\0\1\0\0\1\0\3\2h2\0\3\0\2\x20\xfb"s,
       "1 . alpn=h2 port=8443"},  // keys in order (RFC 9460 2.2)
      {"SVCB", "16 foo.example. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
       "\0\x10\3foo\7example\0\0\0\0\4\0\1\0\4\0\1\0\x09\2h2\5h3-19\0\4\0\4\xc0\0\2\1"s,
       "16 foo.example. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1"},
      {"SVCB", "16 . alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
       "\0\x10\0\0\1\0\x0c\x08"
       "f\\oo,bar\2h2"s,
       "16 . alpn=f\\\\\\\\oo\\\\,bar,h2"},
      {"SVCB", "1 . key667=\"hello\\210qoo\"", "\0\1\0\2\x9b\0\x09hello\xd2qoo"s,
       "1 . key667=hello\\210qoo"},
      {"HTTPS", "1 . no-default-alpn ech=AAEC dohpath=/q{?dns} alpn=h3",
       "\0\1\0\0\1\0\3\2h3\0\2\0\0\0\5\0\3\0\1\2\0\7\0\x08/q{?dns}"s,
       "1 . alpn=h3 no-default-alpn ech=AAEC dohpath=/q{?dns}"},
      {"SOA", "ns.example. host.example. 1 3600 600 1w 60",
       "\2ns\7example\0\4host\7example\0\0\0\0\1\0\0\x0e\x10\0\0\2\x58\0\x09\x3a\x80\0\0\0\x3c"s,
       "ns.example. host.example. 1 3600 600 604800 60"},
      {"HINFO", "\"cpu\" \"os\"", "\3cpu\2os"s},
      {"DS", "1 13 2 abcd", "\0\1\x0d\2\xab\xcd"s},
      {"DNSKEY", "256 3 13 AQID", "\1\0\3\x0d\1\2\3"s},
      {"URI", "10 1 \"https://a.example/\"", "\0\x0a\0\1https://a.example/"s},
      {"LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
       "\0\0\x16\x13\x8b\x3c\xf0\x18\x81\x0c\xbc\xe0\0\x98\x95\xb8"s,
       "52 22 23.000 N 04 53 32.000 E -2m 0.00m 10000m 10m"},
      {"EUI48", "00-11-22-33-44-55", "\0\x11\x22\x33\x44\x55"s},
      {"APL", "1:192.0.2.0/24 !2:2001:db8::/32", "\0\1\x18\3\xc0\0\2\0\2\x20\x84\x20\1\x0d\xb8"s,
       "1:192.0.2.0/24 !2:2001:0db8:0000:0000:0000:0000:0000:0000/32"},
      {"IPSECKEY", "10 1 2 192.0.2.38 AQID", "\x0a\1\2\xc0\0\2\x26\1\2\3"s,
       "\\# 10 0a0102c0000226010203"},
      {"IPSECKEY", "10 0 2 . AQ ID", "\x0a\0\2\1\2\3"s, "\\# 6 0a0002010203"},
      {"IPSECKEY", "10 2 0 ::1", "\x0a\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"s,
       "\\# 19 0a020000000000000000000000000000000001"},
      {"IPSECKEY", "10 3 2 gw.example. AQID", "\x0a\3\2\2gw\7example\0\1\2\3"s,
       "\\# 18 0a0302026777076578616d706c6500010203"},
      {"NSAP", "0x47.0005.80", "\x47\0\5\x80"s, "\\# 4 47000580"},
      {"TYPE65280", "\\# 3 010203", "\1\2\3"s},
      {"TYPE65280", "\\# 0", ""s},
      {"TYPE65280", "\\# 4 01 02 0304", "\1\2\3\4"s, "\\# 4 01020304"},
      {"A", "\\# 4 C0000201", "\xc0\0\2\1"s, "192.0.2.1"},
      {"TYPE65", "\\# 3 000100", "\0\1\0"s, "1 ."},
  };
  return rows;
}

class RdataRow : public testing::TestWithParam<Row> {};

TEST_P(RdataRow, TextBecomesItsWireForm) {
  const Row& row = GetParam();
  const uint16_t type = TypeFromText(row.type).value_or(0);
  const auto wire = RdataFromText(type, row.text);
  ASSERT_TRUE(wire.ok()) << wire.status();
  EXPECT_EQ(*wire, row.wire) << RdataToText(type, *wire);
}

TEST_P(RdataRow, WireFormIsPrintedAndReadBack) {
  const Row& row = GetParam();
  const uint16_t type = TypeFromText(row.type).value_or(0);
  const std::string wire = RdataFromText(type, row.text).value_or("");
  const std::string text = RdataToText(type, wire);
  EXPECT_EQ(text, row.canonical.empty() ? row.text : row.canonical);
  EXPECT_EQ(RdataFromText(type, text).value_or("refused"), wire) << text;
}

INSTANTIATE_TEST_SUITE_P(EveryType, RdataRow, testing::ValuesIn(Rows()));

TEST(Rdata, NumbersOutOfRangeAreRefusedAndNotWrapped) {
  EXPECT_EQ(Refusal("MX", "65536 ."), "'65536' is not a number from 0 to 65535");
  EXPECT_EQ(Refusal("MX", "-1 ."), "'-1' is not a number from 0 to 65535");
  EXPECT_EQ(Refusal("CAA", "256 issue x"), "'256' is not a number from 0 to 255");
  EXPECT_EQ(Refusal("TLSA", "256 1 1 ab"), "'256' is not a number from 0 to 255 or its mnemonic");
  EXPECT_EQ(Refusal("SOA", "a. b. 4294967296 1 1 1 1"),
            "'4294967296' is not a number from 0 to 4294967295");
  EXPECT_EQ(Refusal("HTTPS", "1 . port=65536"),
            "the service parameter port needs a number from 0 to 65535");
}

TEST(Rdata, TypesThatLdnsReadsWronglyAreCheckedFieldByField) {
  EXPECT_EQ(Refusal("IPSECKEY", "10 1 2"),
            "IPSECKEY needs precedence, gateway type, algorithm and gateway");
  EXPECT_EQ(Refusal("IPSECKEY", "10 4 2 . AQID"), "'4' is not a gateway type from 0 to 3");
  EXPECT_EQ(Refusal("IPSECKEY", "10 1 2 ::1 AQID"), "'::1' is not an IPv4 address");
  EXPECT_EQ(Refusal("IPSECKEY", "10 0 2 192.0.2.1 AQID"),
            "without a gateway (type 0) it is written as '.'");
  EXPECT_EQ(Refusal("IPSECKEY", "10 0 2 . A!"), "'A!' is not base64");
  EXPECT_EQ(Refusal("NSAP", "47000580"), "'47000580' is not 0x and pairs of hexadecimal digits");
  EXPECT_EQ(Refusal("NSAP", "0x4"), "'0x4' is not 0x and pairs of hexadecimal digits");
}

TEST(Rdata, MissingAndSuperfluousValuesAreRefused) {
  EXPECT_EQ(Refusal("A", ""), "A needs 1 value, and none is there");
  EXPECT_EQ(Refusal("SRV", "1 2 3"), "SRV needs 4 values, and 3 are there");
  EXPECT_EQ(Refusal("A", "192.0.2.1 192.0.2.2"), "'192.0.2.2' stands behind the last value");
}

TEST(Rdata, ValuesOfTheWrongFormAreRefused) {
  EXPECT_EQ(Refusal("A", "192.0.2.256"), "'192.0.2.256' is not an IPv4 address");
  EXPECT_EQ(Refusal("A", "2001:db8::1"), "'2001:db8::1' is not an IPv4 address");
  EXPECT_EQ(Refusal("A", "\"192.0.2.1\""), "'192.0.2.1' is not an IPv4 address");
  EXPECT_EQ(Refusal("AAAA", "192.0.2.1"), "'192.0.2.1' is not an IPv6 address");
  EXPECT_EQ(Refusal("SSHFP", "1 1 abc"), "'abc' is not pairs of hexadecimal digits");
  EXPECT_EQ(Refusal("SSHFP", "1 1 abxy"), "'abxy' is not pairs of hexadecimal digits");
  EXPECT_EQ(Refusal("DNSKEY", "256 3 13 A!"), "'A!' is not base64");
  EXPECT_EQ(Refusal("HTTPS", "1 . alpn=h2 alpn=h3"), "service parameters name a key twice");
  EXPECT_EQ(Refusal("TXT", "\"" + std::string(256, 'a') + "\"").substr(0, 10), "'aaaaaaaaa");
}

// The records of RFC 9460 appendix D.3, and their kind.
TEST(Rdata, ServiceParametersThatContradictTheirRulesAreRefused) {
  for (const auto& [parameters, wrong] : std::vector<std::pair<std::string, std::string>>{
           {"key123=abc key123=def", "service parameters name a key twice"},
           {"mandatory", "the service parameter mandatory names no key"},
           {"alpn", "the service parameter alpn needs protocols"},
           {"port", "the service parameter port needs a number from 0 to 65535"},
           {"ipv4hint", "the service parameter ipv4hint needs addresses"},
           {"ipv6hint", "the service parameter ipv6hint needs addresses"},
           {"no-default-alpn=abc",
            "'no-default-alpn=abc' is not service parameters (RFC 9460 2.1)"},
           {"mandatory=key123", "key123 is a mandatory service parameter and is not there"},
           {"mandatory=mandatory", "the service parameter mandatory names itself"},
           {"mandatory=key123,key123 key123=abc",
            "the service parameter mandatory names a key twice"},
           {"ech", "the service parameter ech needs a value"},
           {"nonsense=1", "'nonsense=1' is not service parameters (RFC 9460 2.1)"}}) {
    EXPECT_EQ(Refusal("SVCB", "1 foo.example.com. " + parameters), wrong);
  }
}

TEST(Rdata, RelativeNamesAreRefusedBecauseAValueHasNoOrigin) {
  EXPECT_EQ(Refusal("CNAME", "www"), "the name 'www' is relative: it needs its final dot");
  EXPECT_EQ(Refusal("MX", "10 @"), "the name '@' is relative: it needs its final dot");
}

TEST(Rdata, WhatAMasterFileWouldCutOffIsRefused) {
  EXPECT_EQ(Refusal("TXT", "v=DKIM1; k=rsa"),
            "has a ';' outside quotes, which begins a comment: put the text into quotes");
  EXPECT_EQ(Refusal("TXT", "a\nb"), "a value has no line ends and no zero octets");
  EXPECT_EQ(Refusal("TXT", "a\0b"s), "a value has no line ends and no zero octets");
  EXPECT_EQ(Refusal("TXT", "\"a"), "a '\"' is not closed before the end of its line");
  EXPECT_EQ(Refusal("A", "( 192.0.2.1"), "a '(' is not closed before the end of the file");
}

TEST(Rdata, GenericFormMustFitItsLengthAndItsType) {
  EXPECT_EQ(Refusal("TYPE65280", "\\# 2 01"), "\\# announces 2 octets, and 1 are there");
  EXPECT_EQ(Refusal("TYPE65280", "\\#"),
            "\\# needs its length, a number from 0 to 65535, behind it");
  EXPECT_EQ(Refusal("TYPE65280", "\\# 65536"),
            "\\# needs its length, a number from 0 to 65535, behind it");
  EXPECT_EQ(Refusal("TYPE65280", "010203"),
            "TYPE65280 is written as \\# length hexadecimal (RFC 3597 5)");
  EXPECT_EQ(Refusal("A", "\\# 3 010203"), "the octets behind \\# are not the data of A");
  EXPECT_EQ(Refusal("A", "\\# 5 0102030405"), "the octets behind \\# are not the data of A");
  EXPECT_EQ(Refusal("A", "\\# 0"), "the octets behind \\# are not the data of A");
  EXPECT_EQ(Refusal("CNAME", "\\# 2 c002"), "the octets behind \\# are not the data of CNAME");
  // A compression pointer that ldns would follow, to the root label in the preference.
  EXPECT_EQ(Refusal("MX", "\\# 4 000ac002"), "the octets behind \\# are not the data of MX");
  EXPECT_EQ(Refusal("CNAME", "\\# 2 0161"), "the octets behind \\# are not the data of CNAME");
  EXPECT_EQ(Refusal("TYPE65", "\\# 7 00010000010005"),
            "the octets behind \\# are not the data of HTTPS");
}

TEST(Rdata, WireThatDoesNotFitItsTypeIsPrintedInGenericForm) {
  EXPECT_EQ(RdataToText(1, "\1\2\3"), "\\# 3 010203");
  EXPECT_EQ(RdataToText(5, "\xc0\x02"), "\\# 2 c002");
  EXPECT_EQ(RdataToText(1, ""), "\\# 0");
}

TEST(Rdata, TextRecordOf65535OctetsIsTakenAndALargerOneRefused) {
  std::string text;
  for (int i = 0; i < 255; ++i) text += "\"" + std::string(255, 'x') + "\" ";  // 65,280 octets
  const uint16_t txt = 16;
  EXPECT_EQ(RdataFromText(txt, text + std::string(254, 'y')).value_or("").size(), 65535u);
  EXPECT_EQ(Refusal("TXT", text + std::string(255, 'y')), "the data is longer than 65535 octets");
}

}  // namespace
}  // namespace understudy::control
