// The fast path against the long way, octet by octet, and the name pass in all its widths.
#include "dataplane/responder/fast_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "dataplane/responder/frame_responder.h"
#include "dataplane/wire/checksum.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/cases.h"
#include "tests/dataplane/zone_of_cases.h"

namespace understudy::responder {
namespace {

constexpr SimdWidth kWidths[] = {SimdWidth::k64, SimdWidth::k256, SimdWidth::k512};

FrameOptions Options(bool fast_path, SimdWidth width = SimdWidth::k64) {
  FrameOptions options;
  options.responder = test::OptionsOfCases();
  options.services4 = {{192, 0, 2, 53}, {192, 0, 2, 54}};
  options.services6.resize(1);
  std::memcpy(options.services6[0].data(), test::Address("2001:db8::53").data(), 16);
  options.fast_path = {.enabled = fast_path, .widest = width};
  return options;
}

contract::Cut TheCut() {
  static test::Scratch scratch;
  static const auto table = [] {
    test::WriteZoneOfCases(scratch / "table.1");
    return test::OpenTable(scratch / "table.1");
  }();
  return test::CutOf(*table);
}

// A burst in buffers that are exactly as large as they are said to be.
class Burst {
 public:
  explicit Burst(const std::vector<std::string>& frames) : frames_(frames.size()) {
    for (size_t i = 0; i < frames.size(); ++i) {
      const size_t capacity = std::max<size_t>(kFrameRoom, frames[i].size());
      buffers_.emplace_back(capacity);
      std::ranges::copy(frames[i], buffers_[i].begin());
      frames_[i].data = buffers_[i].data();
      frames_[i].length = static_cast<uint32_t>(frames[i].size());
      frames_[i].capacity = static_cast<uint32_t>(capacity);
    }
  }
  std::span<Frame> frames() { return frames_; }
  std::string Bytes(size_t i) const {
    return {reinterpret_cast<const char*>(buffers_[i].data()), frames_[i].length};
  }
  // Everything that is said of a frame.
  std::string Text(size_t i) const {
    return std::string(contract::WordOf(frames_[i].outcome)) + " action " +
           std::to_string(static_cast<int>(frames_[i].action)) + " by " +
           std::to_string(static_cast<int>(frames_[i].answered_by));
  }

 private:
  std::vector<std::vector<uint8_t>> buffers_;
  std::vector<Frame> frames_;
};

// The cut, with somewhere to count.
struct Counted {
  static constexpr uint32_t kColumns = 3;

  Counted() : counts(size_t{cut.table->header().group_count} * kColumns) {
    cut.counter = {counts.data(), kColumns};
  }
  contract::Cut cut = TheCut();
  std::vector<uint64_t> counts;
};

// The burst by the long way and by the fast path in every width: the same in all of them. Returns
// how many frames the fast path took.
size_t Compare(const std::vector<std::string>& frames) {
  Burst expected(frames);
  const Counted expected_counts;
  FrameResponder(Options(false)).Respond(expected_counts.cut, expected.frames());
  size_t taken = 0;
  for (const SimdWidth width : kWidths) {
    uint8_t left[kMaxBurst];
    Burst counted(frames);
    const size_t count = FastPath(Options(true, width)).Respond(TheCut(), counted.frames(), left);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(counted.Bytes(left[i]), frames[left[i]]) << "what is left is left as it came";
    }
    taken = frames.size() - count;

    Burst got(frames);
    const Counted got_counts;
    FrameResponder(Options(true, width)).Respond(got_counts.cut, got.frames());
    EXPECT_EQ(got_counts.counts, expected_counts.counts) << "by group and side";
    for (size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(got.Text(i), expected.Text(i)) << static_cast<int>(width) << " bits";
      // A dropped frame may hold anything.
      if (expected.frames()[i].action == Action::kDrop) continue;
      EXPECT_EQ(got.Bytes(i), expected.Bytes(i)) << static_cast<int>(width) << " bits";
    }
    if (testing::Test::HasFailure()) break;
  }
  return taken;
}

// The query over both families.
std::vector<std::string> FramesOf(const std::string& query) {
  return {test::Frame({.payload = query}),
          test::Frame({.source = "2001:db8::99", .destination = "2001:db8::53", .payload = query})};
}

std::vector<std::string> AllFrames() {
  std::vector<std::string> all;
  for (const test::FrameCase& c : test::FrameCases()) all.push_back(test::Frame(c.frame));
  for (const test::MessageCase& c : test::MessageCases()) {
    for (std::string& frame : FramesOf(test::Query(c.query))) all.push_back(std::move(frame));
  }
  return all;
}

TEST(FastPathTest, AnswersEveryCaseOctetByOctetAsTheLongWayDoes) {
  size_t taken = 0;
  for (const std::string& frame : AllFrames()) {
    SCOPED_TRACE(testing::PrintToString(frame));
    taken += Compare({frame});
    if (HasFailure()) return;
  }
  EXPECT_GT(taken, AllFrames().size() / 4) << "else it is the long way that was compared";
}

TEST(FastPathTest, AnswersDamagedFramesAsTheLongWayDoes) {
  const std::vector<std::string> all = AllFrames();
  std::mt19937 random(20261121);
  const auto below = [&random](size_t limit) { return random() % limit; };
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::string> frames(1 + below(kMaxBurst));
    for (std::string& frame : frames) {
      frame = all[below(all.size())];
      for (size_t changes = below(3); changes != 0 && !frame.empty(); --changes) {
        char& octet = frame[below(frame.size())];
        switch (below(4)) {
          case 0:
            octet = static_cast<char>(random());
            break;
          case 1:
            octet = static_cast<char>(octet ^ 1 << below(8));
            break;
          case 2:
            octet = 0;
            break;
          default:
            if (std::isalpha(octet) != 0) octet = static_cast<char>(octet ^ 0x20);
        }
      }
      if (below(16) == 0) frame.resize(below(frame.size() + 1));
    }
    SCOPED_TRACE("round " + std::to_string(round));
    Compare(frames);
    if (HasFailure()) return;
  }
}

TEST(FastPathTest, CountsAnswersByGroupAndSide) {
  for (const bool fast : {false, true}) {
    const Counted counted;
    std::vector<std::string> frames;
    for (const char* name : {"app.example.com", "site.example.com", "site.example.com",
                             "half.example.com", "www.example.com", "move.example.com"}) {
      frames.push_back(test::Frame({.payload = test::Query({.name = name})}));
    }
    Burst burst(frames);
    FrameResponder(Options(fast)).Respond(counted.cut, burst.frames());
    const auto of = [&](uint32_t group, uint32_t side) {
      return counted.counts[group * Counted::kColumns + side];
    };
    EXPECT_EQ(of(1, 0), 1U) << "app";
    EXPECT_EQ(of(2, 0), 0U);
    EXPECT_EQ(of(2, 1), 4U) << "site twice, its empty side, and once on the way of a CNAME";
    EXPECT_EQ(of(0, 0), 0U) << "records without a group";
  }
}

struct Plain {
  const char* description;
  test::QueryText query;
};

TEST(FastPathTest, TakesWhatNearlyEveryQueryIs) {
  const std::vector<Plain> plain = {
      {"a name with records of the type", {.name = "www.example.com"}},
      {"mixed case", {.name = "wWw.eXAMPLE.cOM"}},
      {"a failover group, primary", {.name = "app.example.com"}},
      {"a failover group, secondary", {.name = "site.example.com"}},
      {"IPv6 address", {.name = "app.example.com", .type = 28}},
      {"EDNS", {.name = "www.example.com", .edns = true}},
      {"EDNS with DO", {.name = "www.example.com", .edns = true, .dnssec_ok = true}},
      {"no such type", {.name = "www.example.com", .type = 15}},
      {"no such name", {.name = "no.such.example.com"}},
      {"an empty side", {.name = "half.example.com"}},
      {"a wildcard", {.name = "some.wild.example.com"}},
      {"the apex", {.name = "example.com", .type = 6}},
      {"a name as long as it takes",
       {.name = std::string(40, 'a') + "." + std::string(5, 'b') + ".example.com"}},
  };
  for (const Plain& c : plain) {
    EXPECT_EQ(Compare(FramesOf(test::Query(c.query))), 2u) << c.description;
  }
}

TEST(FastPathTest, LeavesWhatNeedsTheLongWay) {
  const std::vector<Plain> rest = {
      {"a name longer than the span",
       {.name = std::string(50, 'a') + "." + std::string(5, 'b') + ".example.com"}},
      {"a CNAME", {.name = "alias.example.com"}},
      {"a referral", {.name = "www.sub.example.com"}},
      {"a DNAME", {.name = "host.tree.example.com"}},
      {"class CH", {.name = "version.bind", .type = 16, .qclass = 3}},
      {"another zone", {.name = "www.elsewhere.org"}},
      {"an option",
       {.name = "www.example.com", .edns = true, .options = std::string("\0\3\0\0", 4)}},
      {"EDNS of another version", {.name = "www.example.com", .edns = true, .version = 1}},
      {"something behind", {.name = "www.example.com", .trailing = "x"}},
      {"a transfer", {.name = "example.com", .type = 252}},
      {"another opcode", {.name = "www.example.com", .flags = 0x2000}},
  };
  for (const Plain& c : rest) {
    EXPECT_EQ(Compare(FramesOf(test::Query(c.query))), 0u) << c.description;
  }
}

TEST(FastPathTest, LeavesANameWithAZeroInALabel) {
  std::string query = test::Query({.name = "www.example.com"});
  query[14] = '\0';
  EXPECT_EQ(Compare(FramesOf(query)), 0u);
}

TEST(NamePassTest, DoesTheSameInEveryWidthForEveryLengthAndAlignment) {
  std::mt19937 random(1);
  std::vector<uint8_t> buffer(2 * kSpan + 12 + kSpan);
  for (size_t alignment = 0; alignment < kSpan; ++alignment) {
    for (size_t length = 1; length <= kSpan + 1; ++length) {
      for (uint8_t& octet : buffer) octet = static_cast<uint8_t>(1 + random() % 255);
      uint8_t* message = buffer.data() + alignment;
      if (length <= kSpan) message[12 + length - 1] = 0;
      for (const SimdWidth width : kWidths) {
        if (WidestUpTo(width) != width) continue;  // this processor has it not
        Asked asked;
        std::memset(&asked, 0xee, sizeof(asked));
        asked.message = message;
        NamePassOf(width)({&asked, 1});
        ASSERT_EQ(asked.name_length, length <= kMaxPassedName ? length : 0);
        if (asked.name_length == 0) continue;
        ASSERT_EQ(wire::Fold(asked.sum), wire::Fold(wire::RawSumOf(message + 12, length + 4)));
        for (size_t i = 0; i < kSpan; ++i) {
          const uint8_t octet = i < length ? message[12 + i] : 0;
          const bool upper = octet >= 'A' && octet <= 'Z';
          ASSERT_EQ(asked.name[i], upper ? octet + 0x20 : octet)
              << static_cast<int>(width) << " bits, octet " << i << " of " << length;
        }
      }
    }
  }
}

}  // namespace
}  // namespace understudy::responder
