// The responder's answers as data: one list of {description, query, outcome, answer in text}.
#include "dataplane/responder/responder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "dataplane/wire/checksum.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/asking.h"
#include "tests/dataplane/responder/cases.h"

namespace understudy::responder {
namespace {

using contract::AnsweredBy;
using contract::Outcome;
using test::Ask;
using test::Spoken;
using test::TheNode;

TEST(ResponderTest, AnswersEveryCaseAsListed) {
  for (const test::MessageCase& c : test::MessageCases()) {
    const Spoken spoken = Ask(test::Query(c.query));
    EXPECT_EQ(contract::WordOf(spoken.outcome), contract::WordOf(c.outcome)) << c.description;
    EXPECT_EQ(test::AnswerText(spoken.answer), c.answer) << c.description;
  }
}

TEST(ResponderTest, AnswersTheSameOverTcpButForTruncation) {
  for (const test::MessageCase& c : test::MessageCases()) {
    if (c.outcome == Outcome::kTruncated) continue;
    const Spoken spoken = Ask(test::Query(c.query), Transport::kTcp);
    EXPECT_EQ(test::AnswerText(spoken.answer), c.answer) << c.description;
  }
  const Spoken whole = Ask(test::Query({.name = "many.example.com"}), Transport::kTcp);
  EXPECT_EQ(whole.outcome, Outcome::kPositive);
  EXPECT_EQ(whole.answer.size(), 12 + 18 + 4 + 60 * 16);
}

TEST(ResponderTest, CreditsTheSideThatWasAnswered) {
  EXPECT_EQ(Ask(test::Query({.name = "www.example.com"})).answered_by, AnsweredBy::kStatic);
  EXPECT_EQ(Ask(test::Query({.name = "app.example.com"})).answered_by, AnsweredBy::kPrimary);
  EXPECT_EQ(Ask(test::Query({.name = "site.example.com"})).answered_by, AnsweredBy::kSecondary);
  EXPECT_EQ(Ask(test::Query({.name = "failing.example.com"})).answered_by, AnsweredBy::kPrimary);
}

TEST(ResponderTest, NeverAnswersResponsesOrWhatIsNoMessage) {
  EXPECT_EQ(Ask(test::Query({.flags = 0x8000})).outcome, Outcome::kResponse);
  EXPECT_TRUE(Ask(test::Query({.flags = 0x8000})).answer.empty());
  for (size_t length = 0; length < 12; ++length) {
    const Spoken spoken = Ask(test::Query({}).substr(0, length));
    EXPECT_EQ(spoken.outcome, Outcome::kShortQuery);
    EXPECT_TRUE(spoken.answer.empty());
  }
}

TEST(ResponderTest, AnswersFormErrToEveryTruncationOfAQuery) {
  const std::string query = test::Query({.edns = true, .options = {"\0\3\0\0", 4}});
  for (size_t length = 12; length < query.size(); ++length) {
    const Spoken spoken = Ask(query.substr(0, length));
    EXPECT_EQ(spoken.outcome, Outcome::kFormErr) << length;
    EXPECT_EQ(test::AnswerText(spoken.answer).substr(0, 7), "FORMERR") << length;
  }
}

TEST(ResponderTest, RefusesNamesThatAreNone) {
  const std::string head("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  const std::string tail("\x00\x01\x00\x01", 4);
  const std::string label63 = '\x3f' + std::string(63, 'a');
  const std::string bad[] = {
      std::string("\xc0\x0c", 2),                         // a pointer in a question
      std::string("\x40") + std::string(64, 'a') + '\0',  // a label of 64
      label63 + label63 + label63 + '\x3f' + std::string(63, 'b') + '\0',  // 257 octets
  };
  for (const std::string& name : bad) {
    EXPECT_EQ(Ask(head + name + tail).outcome, Outcome::kFormErr);
  }
  const std::string longest = label63 + label63 + label63 + '\x3d' + std::string(61, 'b') + '\0';
  ASSERT_EQ(longest.size(), 255u);
  EXPECT_EQ(Ask(head + longest + tail).outcome, Outcome::kRefused);
}

TEST(ResponderTest, CountsOfSectionsThatAreNotThereAreFormErr) {
  for (const size_t field : {4, 6, 8, 10}) {
    std::string query = test::Query({});
    query[field + 1] = static_cast<char>(query[field + 1] + 1);
    EXPECT_EQ(Ask(query).outcome, Outcome::kFormErr) << "header octet " << field;
  }
  std::string none = test::Query({});
  none[5] = 0;
  EXPECT_EQ(Ask(none).outcome, Outcome::kFormErr) << "no question (RFC 9619)";
}

TEST(ResponderTest, TakesOneOptOfTheRootOnly) {
  const std::string query = test::Query({.edns = true});
  std::string twice = query + query.substr(query.size() - 11);
  twice[11] = 2;
  EXPECT_EQ(Ask(twice).outcome, Outcome::kFormErr);
  std::string owned = query;
  owned.replace(query.size() - 11, 1, "\xc0\x0c");
  EXPECT_EQ(Ask(owned).outcome, Outcome::kFormErr);
}

TEST(ResponderTest, SaysYxDomainWhenADnameTargetIsTooLong) {
  test::Scratch scratch;
  test::TableBuilder b;
  const std::string target = std::string(60, 'x') + "." + std::string(60, 'y') + "." +
                             std::string(60, 'z') + ".example.com";
  b.Zone("example.com").Record("example.com", "t.example.com", "DNAME", 60, {target});
  b.Write(scratch / "t");
  const auto table = test::OpenTable(scratch / "t");
  const Spoken spoken = Ask(test::Query({.name = std::string(60, 'q') + ".t.example.com"}),
                            Transport::kUdp, test::CutOf(*table));
  EXPECT_EQ(spoken.outcome, Outcome::kYxDomain);
  EXPECT_EQ(test::AnswerText(spoken.answer).substr(0, 8), "YXDOMAIN");
}

TEST(ResponderTest, AnswersServfailBeforeTheFirstTable) {
  const Spoken spoken = Ask(test::Query({.edns = true}), Transport::kUdp, contract::Cut{});
  EXPECT_EQ(spoken.outcome, Outcome::kNoTable);
  EXPECT_EQ(test::AnswerText(spoken.answer), "SERVFAIL rd | | | OPT 1232 +15:000e");
}

TEST(ResponderTest, PoliciesStandInsteadOfASide) {
  const struct {
    contract::Choice choice;
    const char* answer;
  } policies[] = {{contract::Choice::kServfail, "SERVFAIL rd | | | OPT 1232 +15:0000706f6c696379"},
                  {contract::Choice::kRefused, "REFUSED rd | | | OPT 1232 +15:0000706f6c696379"},
                  {contract::Choice::kNoData,
                   "NOERROR aa rd | | example.com. 60 SOA ns.example.com. | OPT 1232"}};
  for (const auto& policy : policies) {
    contract::Cut cut = TheNode().cut();
    const uint8_t choices[3] = {0, static_cast<uint8_t>(policy.choice), 0};
    cut.choices = choices;
    EXPECT_EQ(test::AnswerText(
                  Ask(test::Query({.name = "app.example.com", .edns = true}), Transport::kUdp, cut)
                      .answer),
              policy.answer);
  }
}

TEST(ResponderTest, ServesTheRootZone) {
  test::Scratch scratch;
  test::TableBuilder b;
  b.writer().AddZone(test::Wire("."));
  b.Record(".", ".", "SOA", 300, {"."}).Record(".", ".", "NS", 300, {"a.root"});
  b.Record(".", "org", "NS", 60, {"ns.org"});
  b.Write(scratch / "t");
  const auto table = test::OpenTable(scratch / "t");
  const auto ask = [&](const char* name) {
    return test::AnswerText(
        Ask(test::Query({.name = name}), Transport::kUdp, test::CutOf(*table)).answer);
  };
  EXPECT_EQ(ask("."), "NOERROR aa rd | | . 60 SOA ns. |");
  EXPECT_EQ(ask("nope"), "NXDOMAIN aa rd | | . 60 SOA ns. |");
  EXPECT_EQ(ask("www.example.org"), "NOERROR rd | | org. 60 NS ns.org. |");
}

TEST(ResponderTest, AnswersAFullBurstOfDifferentQueriesEachForItself) {
  std::vector<std::vector<uint8_t>> buffers(kMaxBurst, std::vector<uint8_t>(kMaxUdpMessage));
  std::vector<Exchange> burst(kMaxBurst);
  const std::vector<test::MessageCase>& cases = test::MessageCases();
  for (size_t i = 0; i < kMaxBurst; ++i) {
    const std::string query = test::Query(cases[i % cases.size()].query);
    std::memcpy(buffers[i].data(), query.data(), query.size());
    burst[i].message = buffers[i].data();
    burst[i].query_length = static_cast<uint16_t>(query.size());
    burst[i].capacity = kMaxUdpMessage;
  }
  Responder(test::OptionsOfCases()).Respond(TheNode().cut(), burst);
  contract::Tally tally;
  for (size_t i = 0; i < kMaxBurst; ++i) {
    const test::MessageCase& c = cases[i % cases.size()];
    Count(burst[i], tally);
    EXPECT_EQ(
        test::AnswerText({reinterpret_cast<char*>(buffers[i].data()), burst[i].answer_length}),
        c.answer)
        << c.description;
  }
  uint64_t sum = 0;
  for (const uint64_t count : tally.outcomes) sum += count;
  EXPECT_EQ(sum, kMaxBurst);
  EXPECT_EQ(tally.received, kMaxBurst);
}

}  // namespace
}  // namespace understudy::responder
