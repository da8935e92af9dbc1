// What the packet path does, as data: one list of messages, one of frames. Tests hold the code to
// them, fuzz targets start from them. Every bug becomes a line here.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_CASES_H_
#define UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_CASES_H_

#include <string>
#include <vector>

#include "dataplane/contract/outcome.h"
#include "dataplane/responder/responder.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"

namespace understudy::test {

inline constexpr char kClientOfCases[] = "198.51.100.100";  // of the message cases; RFC 9018 A.1

// What the responder of the message cases is set to, beside its defaults.
responder::ResponderOptions OptionsOfCases();

// A query to the zone of cases (zone_of_cases.h) over UDP.
struct MessageCase {
  const char* description;
  QueryText query;
  contract::Outcome outcome;
  std::string answer;  // as AnswerText says it
};
const std::vector<MessageCase>& MessageCases();

// A frame to the service addresses 192.0.2.53, 192.0.2.54 and 2001:db8::53.
struct FrameCase {
  const char* description;
  FrameText frame;
  contract::Outcome outcome;  // on a port without kernel side that answers no neighbours
  const char* goes;           // where the answer goes, as DatagramText says it; "" when dropped
};
const std::vector<FrameCase>& FrameCases();

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_CASES_H_
