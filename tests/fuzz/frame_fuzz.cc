// Any bytes as a frame, on a port with and one without a kernel: what is sent is a valid frame.
#include <algorithm>
#include <cstring>
#include <vector>

#include "dataplane/responder/frame_responder.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/cases.h"
#include "tests/dataplane/zone_of_cases.h"
#include "tests/fuzz/check.h"

namespace understudy {
namespace {

const contract::Table& TheTable() {
  static const auto table = [] {
    test::Scratch scratch;
    test::WriteZoneOfCases(scratch / "table.1");
    return test::OpenTable(scratch / "table.1");
  }();
  return *table;
}

responder::FrameOptions Options(bool own_addresses) {
  responder::FrameOptions options;
  options.responder = test::OptionsOfCases();
  options.services4 = {{192, 0, 2, 53}, {192, 0, 2, 54}};
  responder::Ipv6 service{};
  std::memcpy(service.data(), test::Address("2001:db8::53").data(), 16);
  options.services6 = {service};
  options.answer_neighbours = own_addresses;
  options.kernel_side = own_addresses;
  return options;
}

bool IsDns(contract::Outcome outcome) {
  return outcome <= contract::Outcome::kYxDomain || outcome >= contract::Outcome::kIdentity;
}

void Handle(const uint8_t* data, size_t size, bool own_addresses, size_t room) {
  std::vector<uint8_t> buffer(size + room);
  std::copy_n(data, size, buffer.data());  // memcpy takes no null, which an empty input is
  responder::Frame frame;
  frame.data = buffer.data();
  frame.length = static_cast<uint32_t>(size);
  frame.capacity = static_cast<uint32_t>(buffer.size());
  const contract::Cut cut = test::CutOf(TheTable());
  responder::FrameResponder(Options(own_addresses)).Respond(cut, std::span(&frame, 1));
  if (frame.action == responder::Action::kToKernel) {
    fuzz::Check(own_addresses && std::equal(data, data + size, buffer.data()),
                "the kernel gets the frame as it came");
  }
  if (frame.action != responder::Action::kSend) return;
  fuzz::Check(frame.length <= buffer.size(), "fits the buffer");
  if (!IsDns(frame.outcome)) return;
  std::string payload;
  const std::string text =
      test::DatagramText({reinterpret_cast<char*>(buffer.data()), frame.length}, &payload);
  // DatagramText knows 802.1Q tags only; 802.1ad ones are passed over by our reader as well.
  if (text.rfind("BAD: ends", 0) == 0) return;
  fuzz::Check(text.rfind("BAD", 0) != 0, text);
  const std::string answer = test::AnswerText(payload);
  fuzz::Check(answer.rfind("MALFORMED", 0) != 0, answer);
}

}  // namespace
}  // namespace understudy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 9000) return 0;
  for (const bool own_addresses : {false, true}) {
    understudy::Handle(data, size, own_addresses, 0);
    understudy::Handle(data, size, own_addresses, understudy::responder::kFrameRoom);
  }
  return 0;
}
