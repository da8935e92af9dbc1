// Octets from hexadecimal digits, as RFCs and secrets write them.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_HEX_H_
#define UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_HEX_H_

#include <string>
#include <string_view>

namespace understudy::test {

inline std::string Hex(std::string_view digits) {
  std::string octets;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    octets += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return octets;
}

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_HEX_H_
