// The packet path as data: {description, frame in, outcome, where the answer goes}.
#include "dataplane/responder/frame_responder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "dataplane/responder/rate_limiter.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/cases.h"
#include "tests/dataplane/zone_of_cases.h"

namespace understudy::responder {
namespace {

using contract::Outcome;

const std::string kAnswer = "NOERROR aa rd | app.example.com. 30 A 192.0.2.10 | |";

FrameOptions Options(bool neighbours, bool kernel) {
  FrameOptions options;
  options.services4 = {{192, 0, 2, 53}, {192, 0, 2, 54}};
  Ipv6 service{};
  std::memcpy(service.data(), test::Address("2001:db8::53").data(), 16);
  options.services6 = {service};
  options.mac = {2, 0, 0, 0, 0, 0x53};
  options.answer_neighbours = neighbours;
  options.kernel_side = kernel;
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

struct Handled {
  Action action;
  Outcome outcome;
  std::string frame;
};

Handled Handle(const std::string& bytes, const FrameOptions& options, uint32_t room = kFrameRoom) {
  const size_t capacity = std::max<size_t>(room, bytes.size());
  std::vector<uint8_t> buffer(capacity);
  std::ranges::copy(bytes, buffer.begin());  // memcpy takes no null, which an empty frame is
  Frame frame;
  frame.data = buffer.data();
  frame.length = static_cast<uint32_t>(bytes.size());
  frame.capacity = static_cast<uint32_t>(capacity);
  FrameResponder(options).Respond(TheCut(), std::span(&frame, 1));
  return {frame.action, frame.outcome,
          std::string(reinterpret_cast<char*>(buffer.data()), frame.length)};
}

TEST(FrameResponderTest, HandlesEveryCaseAsListed) {
  for (const test::FrameCase& c : test::FrameCases()) {
    const std::string in = test::Frame(c.frame);
    const Handled handled = Handle(in, Options(false, false));
    EXPECT_EQ(contract::WordOf(handled.outcome), contract::WordOf(c.outcome)) << c.description;
    EXPECT_EQ(handled.action, *c.goes != '\0' ? Action::kSend : Action::kDrop) << c.description;
    if (*c.goes == '\0') continue;
    std::string payload;
    EXPECT_EQ(test::DatagramText(handled.frame, &payload), c.goes) << c.description;
    if (c.outcome == Outcome::kPositive) {
      EXPECT_EQ(test::AnswerText(payload), kAnswer);
    }
    EXPECT_EQ(handled.frame.substr(0, 6), in.substr(6, 6)) << c.description;
    EXPECT_EQ(handled.frame.substr(6, 6), in.substr(0, 6)) << c.description;
  }
}

TEST(FrameResponderTest, HandsToTheKernelWhatIsNotOurs) {
  for (const test::FrameCase& c : test::FrameCases()) {
    const std::string in = test::Frame(c.frame);
    const Handled handled = Handle(in, Options(true, true));
    const bool ours = c.outcome != Outcome::kNotOurs;
    EXPECT_EQ(handled.outcome, ours ? c.outcome : Outcome::kToKernel) << c.description;
    EXPECT_EQ(handled.action == Action::kToKernel, !ours) << c.description;
    if (!ours) {
      EXPECT_EQ(handled.frame, in) << "as it came: " << c.description;
    }
  }
}

TEST(FrameResponderTest, SurvivesEveryTruncationOfAFrame) {
  for (const test::FrameCase& c : test::FrameCases()) {
    const std::string in = test::Frame(c.frame);
    for (size_t length = 0; length < in.size(); ++length) {
      const Handled handled = Handle(in.substr(0, length), Options(true, false), 0);
      EXPECT_TRUE(handled.action == Action::kDrop || length >= in.size() - c.frame.padding.size())
          << c.description << " cut to " << length;
    }
  }
}

TEST(FrameResponderTest, AnswersNoMoreThanTheBufferHolds) {
  const std::string in = test::Frame({.payload = test::Query({.name = "www.example.com"})});
  for (uint32_t room = 0; room < 40; ++room) {
    const Handled handled =
        Handle(in, Options(false, false), static_cast<uint32_t>(in.size()) + room);
    EXPECT_EQ(handled.action, Action::kSend);
    EXPECT_EQ(handled.outcome, room < 32 ? Outcome::kTruncated : Outcome::kPositive) << room;
  }
}

TEST(FrameResponderTest, AnswersArpForItsOwnAddressesOnly) {
  const Handled ours = Handle(test::ArpRequest("192.0.2.54"), Options(true, true));
  EXPECT_EQ(ours.outcome, Outcome::kArpReply);
  EXPECT_EQ(ours.frame.substr(20, 2), std::string("\0\2", 2)) << "a reply";
  EXPECT_EQ(ours.frame.substr(22, 6), std::string("\2\0\0\0\0\x53", 6));
  EXPECT_EQ(ours.frame.substr(28, 4), test::Address("192.0.2.54"));
  EXPECT_EQ(ours.frame.substr(38, 4), test::Address("192.0.2.99"));
  EXPECT_EQ(ours.frame.substr(0, 6), std::string("\2\0\0\0\0\x99", 6));
  EXPECT_EQ(Handle(test::ArpRequest("192.0.2.1"), Options(true, true)).outcome, Outcome::kToKernel);
  EXPECT_EQ(Handle(test::ArpRequest("192.0.2.53"), Options(false, false)).outcome,
            Outcome::kNotOurs);
  EXPECT_EQ(Handle(test::ArpRequest("192.0.2.53").substr(0, 41), Options(true, false)).outcome,
            Outcome::kNotOurs);
}

TEST(FrameResponderTest, AdvertisesItsOwnIpv6Addresses) {
  const std::string in = test::NeighbourSolicitation("2001:db8::53");
  const Handled ours = Handle(in, Options(true, true));
  ASSERT_EQ(ours.outcome, Outcome::kNeighborAdvert);
  EXPECT_EQ(ours.frame.size(), 14u + 40 + 32);
  EXPECT_EQ(ours.frame[54] & 0xff, 136);
  EXPECT_EQ(ours.frame[58] & 0xff, 0x60) << "solicited, override";
  EXPECT_EQ(ours.frame.substr(62, 16), test::Address("2001:db8::53"));
  EXPECT_EQ(ours.frame.substr(80, 6), std::string("\2\0\0\0\0\x53", 6));
  EXPECT_EQ(ours.frame.substr(38, 16), test::Address("2001:db8::99"));
  EXPECT_EQ(Handle(test::NeighbourSolicitation("2001:db8::54"), Options(true, true)).outcome,
            Outcome::kToKernel);
  EXPECT_EQ(Handle(test::NeighbourSolicitation("2001:db8::53", 64), Options(true, true)).outcome,
            Outcome::kToKernel)
      << "forwarded by a router: not valid (RFC 4861 7.1.1)";
  std::string damaged = in;
  damaged[70] = static_cast<char>(damaged[70] ^ 1);
  EXPECT_EQ(Handle(damaged, Options(true, true)).outcome, Outcome::kToKernel);
}

TEST(FrameResponderTest, EchoesToWhomeverPings) {
  for (const auto& [source, destination] :
       {std::pair{"192.0.2.99", "192.0.2.53"}, {"2001:db8::99", "2001:db8::53"}}) {
    const std::string in = test::Echo(source, destination);
    const Handled handled = Handle(in, Options(true, true));
    ASSERT_EQ(handled.outcome, Outcome::kEchoReply);
    // The reply is the request from the other side, but for its type and checksum; to check them,
    // turn the type back and compare with a request built from scratch.
    std::string back = handled.frame;
    const size_t icmp = back.size() - 17;
    EXPECT_EQ(back[icmp] & 0xff, source[1] == '9' ? 0 : 129);
    const std::string expected = test::Echo(destination, source);
    const unsigned difference = source[1] == '9' ? 0x0800 : 0x0100;
    const auto at = [](const std::string& bytes, size_t i) {
      return (bytes[i] & 0xffu) << 8 | (bytes[i + 1] & 0xffu);
    };
    const unsigned reply = at(back, icmp + 2), request = at(expected, icmp + 2);
    EXPECT_EQ((source[1] == '9' ? request + difference : request + 0xffff - difference) % 0xffff,
              reply % 0xffff);
    EXPECT_EQ(Handle(in, Options(false, false)).outcome, Outcome::kNotOurs);
  }
}

TEST(FrameResponderTest, EveryFrameHasOneOutcomeAndTheyAddUp) {
  std::vector<std::string> bytes;
  for (const test::FrameCase& c : test::FrameCases()) bytes.push_back(test::Frame(c.frame));
  bytes.push_back(test::ArpRequest("192.0.2.53"));
  bytes.emplace_back(3, 'x');
  std::vector<std::vector<uint8_t>> buffers(bytes.size(), std::vector<uint8_t>(kFrameRoom));
  std::vector<Frame> burst(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::memcpy(buffers[i].data(), bytes[i].data(), bytes[i].size());
    burst[i].data = buffers[i].data();
    burst[i].length = static_cast<uint32_t>(bytes[i].size());
    burst[i].capacity = kFrameRoom;
  }
  FrameResponder(Options(true, true)).Respond(TheCut(), burst);
  contract::Tally tally;
  for (const Frame& frame : burst) Count(frame, tally);
  uint64_t sum = 0;
  for (const uint64_t count : tally.outcomes) sum += count;
  EXPECT_EQ(sum, bytes.size());
  for (size_t i = 0; i < test::FrameCases().size(); ++i) {
    const Outcome expected = test::FrameCases()[i].outcome == Outcome::kNotOurs
                                 ? Outcome::kToKernel
                                 : test::FrameCases()[i].outcome;
    EXPECT_EQ(burst[i].outcome, expected) << test::FrameCases()[i].description;
  }
}

TEST(FrameResponderTest, LimitsAnswersByTheAddressInTheFrame) {
  RateLimiter limiter({.per_second = 1, .slip = 2}, RateLimiter::RandomKey());
  static constexpr Clock kStopped = {.unix_s = []() noexcept { return uint64_t{1}; },
                                     .monotonic_ns = []() noexcept { return uint64_t{1}; }};
  FrameOptions options = Options(false, false);
  options.responder.limiter = &limiter;
  options.responder.clock = &kStopped;
  const auto ask = [&](const char* source, const char* destination) {
    return Handle(test::Frame({.source = source,
                               .destination = destination,
                               .payload = test::Query({.name = "app.example.com"})}),
                  options);
  };
  for (const auto& [source, other, destination] :
       {std::tuple{"192.0.2.99", "192.0.3.99", "192.0.2.53"},
        {"2001:db8::99", "2001:db8:0:100::99", "2001:db8::53"}}) {
    EXPECT_EQ(ask(source, destination).outcome, Outcome::kPositive);
    const Handled dropped = ask(source, destination);
    EXPECT_EQ(dropped.outcome, Outcome::kRateLimited);
    EXPECT_EQ(dropped.action, Action::kDrop);
    const Handled slipped = ask(source, destination);
    EXPECT_EQ(slipped.outcome, Outcome::kSlipped);
    ASSERT_EQ(slipped.action, Action::kSend);
    std::string payload;
    test::DatagramText(slipped.frame, &payload);
    EXPECT_EQ(test::AnswerText(payload), "NOERROR tc rd | | |");
    EXPECT_EQ(ask(other, destination).outcome, Outcome::kPositive);
  }
}

}  // namespace
}  // namespace understudy::responder
