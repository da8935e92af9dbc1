// The parts of the load generator that need no port.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "dataplane/wire/frame.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/table_builder.h"
#include "tools/understudy-load/histogram.h"
#include "tools/understudy-load/options.h"
#include "tools/understudy-load/query_frame.h"
#include "tools/understudy-load/questions.h"

namespace understudy::load {
namespace {

Questions Built(const QuestionOptions& options) {
  std::string error;
  auto questions = Questions::Build(options, &error);
  EXPECT_TRUE(questions) << error;
  return *std::move(questions);
}

std::string ErrorOf(const QuestionOptions& options) {
  std::string error;
  EXPECT_FALSE(Questions::Build(options, &error));
  return error;
}

std::string Asked(const Questions& questions, uint32_t handle) {
  const auto message = questions.Message(handle);
  wire::Query query;
  EXPECT_EQ(wire::ReadQuery(message.data(), message.size(), &query), wire::Reading::kQuery);
  return std::string(reinterpret_cast<const char*>(query.name), query.name_length) +
         (query.edns ? "+edns" : "");
}

// The query turned into an answer, as a server would.
std::vector<uint8_t> AnswerTo(const Questions& questions, uint32_t handle, uint8_t rcode,
                              uint16_t answers) {
  const auto message = questions.Message(handle);
  std::vector<uint8_t> answer(message.begin(), message.end());
  answer[2] |= wire::kQr;
  answer[3] = rcode;
  wire::Put16(&answer[6], answers);
  return answer;
}

TEST(Questions, APatternCountsThroughItsNames) {
  const Questions questions = Built({.pattern = "n#.example.com", .count = 3});
  std::map<std::string, int> seen;
  for (uint64_t turn = 0; turn < 300; ++turn) ++seen[Asked(questions, questions.Draw(turn))];
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_TRUE(seen.contains(test::Wire("n2.example.com.")));
}

TEST(Questions, TheSameSeedAsksTheSame) {
  const QuestionOptions options = {
      .pattern = "n#.test", .count = 100, .edns_share = 0.5, .seed = 7};
  const Questions one = Built(options), two = Built(options);
  for (uint64_t turn = 0; turn < 1000; ++turn) {
    ASSERT_EQ(Asked(one, one.Draw(turn)), Asked(two, two.Draw(turn)));
  }
}

TEST(Questions, SharesOfEdnsAndOfMissesAreKept) {
  const Questions questions =
      Built({.pattern = "n#.example.com", .count = 10, .miss_share = 0.25, .edns_share = 0.5});
  int edns = 0, misses = 0;
  constexpr int kTurns = 20'000;
  for (int turn = 0; turn < kTurns; ++turn) {
    const std::string asked = Asked(questions, questions.Draw(static_cast<uint64_t>(turn)));
    edns += asked.ends_with("+edns");
    misses += asked.find("miss") != std::string::npos;
  }
  EXPECT_NEAR(edns, 0.5 * kTurns, 0.02 * kTurns);
  EXPECT_NEAR(misses, 0.25 * kTurns, 0.02 * kTurns);
}

TEST(Questions, WithZipfTheFirstNameIsAskedForMost) {
  const Questions questions = Built({.pattern = "n#.test", .count = 100, .zipf = 1});
  std::map<std::string, int> seen;
  for (uint64_t turn = 0; turn < 100'000; ++turn) ++seen[Asked(questions, questions.Draw(turn))];
  EXPECT_NEAR(seen[test::Wire("n0.test.")] / static_cast<double>(seen[test::Wire("n9.test.")]), 10,
              2);
}

TEST(Questions, AFileSaysTypeAndRcode) {
  const test::Scratch scratch;
  std::ofstream(scratch / "names") << "# names\n\na.test AAAA\nb.test A NXDOMAIN\n";
  const Questions questions = Built({.names_file = scratch / "names"});
  std::map<std::string, int> seen;
  for (uint32_t turn = 0; turn < 100; ++turn) {
    const std::string asked = Asked(questions, turn);
    ++seen[asked];
    const bool exists = asked == test::Wire("a.test.");
    const auto answered = AnswerTo(questions, turn, 0, 1);
    const auto denied = AnswerTo(questions, turn, 3, 0);
    EXPECT_EQ(questions.Check(turn, exists ? answered : denied), Verdict::kRight);
    EXPECT_EQ(questions.Check(turn, exists ? denied : answered), Verdict::kWrongRcode);
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST(Questions, EveryKindOfWrongAnswerIsSeen) {
  const Questions questions = Built({.pattern = "Host.test"});
  EXPECT_EQ(questions.Check(0, questions.Message(0)), Verdict::kNotAResponse);
  EXPECT_EQ(questions.Check(0, AnswerTo(questions, 0, 0, 0)), Verdict::kNoAnswer);
  EXPECT_EQ(questions.Check(0, AnswerTo(questions, 0, 5, 0)), Verdict::kWrongRcode);
  auto other_case = AnswerTo(questions, 0, 0, 1);
  other_case[13] ^= 0x20;
  EXPECT_EQ(questions.Check(0, other_case), Verdict::kWrongQuestion);
  auto truncated = AnswerTo(questions, 0, 0, 0);
  truncated[2] |= wire::kTc;
  EXPECT_EQ(questions.Check(0, truncated), Verdict::kRight);
  EXPECT_EQ(questions.Check(0, std::span(truncated).first(5)), Verdict::kNotAResponse);
}

TEST(Questions, BadInputIsToldWithItsPlace) {
  const test::Scratch scratch;
  std::ofstream(scratch / "names") << "a.test\nb..test\n";
  EXPECT_EQ(ErrorOf({.names_file = scratch / "names"}),
            (scratch / "names") + ":2: 'b..test' is not NAME [TYPE [RCODE]]");
  std::ofstream(scratch / "empty") << "# nothing\n";
  EXPECT_EQ(ErrorOf({.names_file = scratch / "empty"}), (scratch / "empty") + ": has no name");
  EXPECT_EQ(ErrorOf({.names_file = "/nowhere"}), "/nowhere: cannot be read");
  EXPECT_EQ(ErrorOf({.pattern = "a", .type = "AB"}),
            "--type: 'AB' is not a type (A, AAAA, ..., TYPE65)");
}

TEST(Questions, NamesAreReadWithTheirEscapes) {
  EXPECT_EQ(NameToWire("a\\.b.c."), std::string("\3a.b\1c\0", 7));
  EXPECT_EQ(NameToWire("\\255x"), std::string("\2\xffx\0", 4));
  EXPECT_EQ(NameToWire("."), std::string("\0", 1));
  EXPECT_EQ(NameToWire(std::string(64, 'a')), "");
  EXPECT_EQ(NameToWire("a\\"), "");
  EXPECT_EQ(NameToWire("\\256"), "");
  std::string longest;
  for (int i = 0; i < 4; ++i) longest += std::string(63, 'a') + ".";
  EXPECT_EQ(NameToWire(longest), "") << "256 octets and the root";
}

TEST(QueryFrame, IsAValidDatagramOfBothFamilies) {
  const Questions questions = Built({.pattern = "www.example.com", .edns_share = 1});
  for (const auto& [source, server] :
       {std::pair("198.18.0.1", "192.0.2.53"), std::pair("2001:2::1", "2001:db8::53")}) {
    const QueryFrame frame({2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, *AddressOf(source),
                           *AddressOf(server), 53);
    const auto message = questions.Message(questions.Draw(0));
    std::string bytes(frame.LengthOf(message.size()), '\xaa');
    frame.Write(reinterpret_cast<uint8_t*>(bytes.data()), message, 0x1234, 61001);
    std::string payload;
    EXPECT_EQ(test::DatagramText(bytes, &payload),
              std::string(source) + ":61001 > " + server + ":53");
    EXPECT_EQ(payload.substr(0, 2), "\x12\x34");
    EXPECT_EQ(payload.size(), message.size());
  }
}

TEST(Histogram, PercentilesAreKnownToTwoPercent) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 1'000'000; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.total(), 1'000'000U);
  EXPECT_EQ(histogram.max(), 1'000'000U);
  for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999}) {
    const double value = static_cast<double>(histogram.Percentile(share));
    EXPECT_NEAR(value / (share * 1e6), 1, 0.02) << share;
  }
  Histogram other;
  other.Record(uint64_t{1} << 60);  // beyond the widest: kept as the maximum
  histogram.Add(other);
  EXPECT_EQ(histogram.max(), uint64_t{1} << 60);
  EXPECT_EQ(Histogram().Percentile(0.5), 0U);
}

TEST(LoadOptions, SayWhatIsWrong) {
  const auto error = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "understudy-load");
    const ParsedOptions parsed = ParseOptions(static_cast<int>(arguments.size()), arguments.data());
    EXPECT_EQ(parsed.exit_code, parsed.options ? 0 : 2);
    return parsed.text;
  };
  EXPECT_EQ(error({"--port", "memif:/x", "--server", "192.0.2.53", "--pattern", "a.test"}), "");
  EXPECT_NE(error({"--port", "memif:/x", "--server", "here", "--pattern", "a"}).find("--server"),
            std::string::npos);
  EXPECT_NE(error({"--port", "memif:/x", "--server", "192.0.2.53"}).find("--names FILE"),
            std::string::npos);
  EXPECT_NE(
      error({"--port", "memif:/x", "--server", "::1", "--source", "192.0.2.1", "--pattern", "a"})
          .find("different families"),
      std::string::npos);
  EXPECT_NE(error({"--port", "memif:/x", "--server", "::1", "--pattern", "a", "--check", "1/0"})
                .find("--check"),
            std::string::npos);
  EXPECT_NE(error({"--port", "memif:/x", "--server", "::1", "--pattern", "a", "--rate", "5",
                   "--window", "5"})
                .find("--window"),
            std::string::npos);
}

}  // namespace
}  // namespace understudy::load
