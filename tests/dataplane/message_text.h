// Messages to and from text, for tests: queries are written as text, answers are compared as text.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_MESSAGE_TEXT_H_
#define UNDERSTUDY_TESTS_DATAPLANE_MESSAGE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::test {

struct QueryText {
  std::string name = "www.example.com";
  unsigned type = 1;
  unsigned qclass = 1;
  unsigned id = 0x1234;
  unsigned flags = 0x0100;  // RD
  bool edns = false;
  unsigned payload = 1232;
  unsigned version = 0;
  bool dnssec_ok = false;
  unsigned flags_of_opt = 0;  // beside DO
  std::string options;        // raw, into the OPT record
  std::string trailing;       // raw, behind everything
};

std::string Query(const QueryText& query);

// "NOERROR aa rd | www.example.com. 60 A 192.0.2.1 | | OPT 1232": flags, then answer, authority and
// additional sections, records in order; of OPT also every option, as +code:hexadecimal. Anything
// malformed becomes "MALFORMED: why".
std::string AnswerText(std::string_view message);

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_MESSAGE_TEXT_H_
