// Names between text and wire form: RFC 1035 3.1, 5.1.
#include <gtest/gtest.h>

#include <string>

#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

using std::string_literals::operator""s;

std::string Wire(const std::string& text) { return NameToWire(text).value_or("refused"); }

std::string Refusal(const std::string& text) {
  return std::string(NameToWire(text).status().message());
}

TEST(Name, IsReadWithAndWithoutItsFinalDot) {
  EXPECT_EQ(Wire("example.com."), "\7example\3com\0"s);
  EXPECT_EQ(Wire("example.com"), "\7example\3com\0"s);
}

TEST(Name, RootIsOneDot) {
  EXPECT_EQ(Wire("."), "\0"s);
  EXPECT_EQ(NameToText("\0"s), ".");
}

TEST(Name, IsLowerCasedInItsLettersOnly) { EXPECT_EQ(Wire("A[Z]@.Com"), "\5a[z]@\3com\0"s); }

TEST(Name, EscapesAreOctets) {
  EXPECT_EQ(Wire("a\\.b.com"), "\3a.b\3com\0"s);
  EXPECT_EQ(Wire("a\\000\\255.com"), "\3a\0\xff\3com\0"s);
  EXPECT_EQ(Wire("a\\065.com"), "\2aa\3com\0"s);  // an escaped letter is a letter
}

TEST(Name, TextAndWireAgreeForEveryOctet) {
  for (int octet = 0; octet < 256; ++octet) {
    if (octet >= 'A' && octet <= 'Z') continue;  // comes back in lower case
    const std::string wire = "\2x"s + static_cast<char>(octet) + "\3com\0"s;
    EXPECT_EQ(Wire(NameToText(wire)), wire) << octet;
  }
}

TEST(Name, WhatMasterFilesGiveMeaningIsEscapedInText) {
  EXPECT_EQ(NameToText("\3a.b\0"s), "a\\.b.");
  EXPECT_EQ(NameToText("\1@\0"s), "\\@.");
  EXPECT_EQ(NameToText("\4$a;b\0"s), "\\$a\\;b.");
  EXPECT_EQ(NameToText("\3a b\0"s), "a\\032b.");
  EXPECT_EQ(NameToText("\1*\7example\0"s), "*.example.");
}

TEST(Name, LabelsOfSixtyThreeOctetsAreTakenAndOfSixtyFourRefused) {
  EXPECT_EQ(Wire(std::string(63, 'a')).size(), 65u);
  EXPECT_EQ(Refusal("b." + std::string(64, 'a')),
            "the name 'b." + std::string(64, 'a') + "' has a label of more than 63 octets");
}

TEST(Name, NamesOf255OctetsAreTakenAndOf256Refused) {
  std::string text;
  for (int i = 0; i < 126; ++i) text += "a.";
  EXPECT_EQ(Wire(text).size(), 253u);
  EXPECT_EQ(Wire("bb" + text).size(), 255u);
  EXPECT_NE(Refusal("bbb" + text).find("is longer than 255 octets"), std::string::npos);
}

TEST(Name, WhatIsNoNameIsRefusedWithTheReason) {
  EXPECT_EQ(Refusal(""), "a name is empty");
  EXPECT_EQ(Refusal("a..b"), "the name 'a..b' has an empty label");
  EXPECT_EQ(Refusal(".a"), "the name '.a' has an empty label");
  EXPECT_EQ(Refusal("a\\"), "the name 'a\\' ends in a backslash");
  EXPECT_EQ(Refusal("a\\25"), "the name 'a\\25' has an escape that is not \\DDD with three digits");
  EXPECT_EQ(Refusal("a\\256"), "the name 'a\\256' has an escape above \\255");
  EXPECT_EQ(Refusal("a b"), "the name 'a b' has a space or control character: write it as \\DDD");
  EXPECT_EQ(Refusal("a\"b"), "the name 'a\"b' has an unescaped \": write a backslash before it");
  EXPECT_EQ(Refusal("b\xc3\xbc"),
            "the name 'b\\195\\188' has a character outside ASCII: write its xn-- form");
}

TEST(Name, WireThatIsNoNameGivesNoText) {
  EXPECT_EQ(NameToText(""), "");
  EXPECT_EQ(NameToText("\3ab"), "");
  EXPECT_EQ(NameToText("\xc0\x0c"), "");
}

TEST(RecordType, IsReadInAnyLetterCaseAndByNumber) {
  EXPECT_EQ(TypeFromText("AAAA").value_or(0), 28);
  EXPECT_EQ(TypeFromText("https").value_or(0), 65);
  EXPECT_EQ(TypeFromText("TYPE65280").value_or(0), 65280);
  EXPECT_EQ(TypeFromText("type1").value_or(0), 1);
  EXPECT_EQ(TypeToText(1), "A");
  EXPECT_EQ(TypeToText(257), "CAA");
  EXPECT_EQ(TypeToText(65280), "TYPE65280");
}

TEST(RecordType, WhatIsNoTypeIsRefused) {
  for (const char* text :
       {"", "FOO", "TYPE", "TYPE0", "TYPE65536", "TYPE99999", "Type70000", "TYPE-1", "TYPE1x"}) {
    EXPECT_EQ(TypeFromText(text).status().message(),
              "'" + std::string(text) + "' is not a record type");
  }
}

}  // namespace
}  // namespace understudy::control
