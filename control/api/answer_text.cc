#include "control/api/answer_text.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

uint32_t Get(std::string_view wire, size_t at, size_t octets) {
  uint32_t value = 0;
  for (size_t i = 0; i < octets; ++i) value = value << 8 | static_cast<uint8_t>(wire[at + i]);
  return value;
}

// Octets of the name at the start of `wire`, a pointer or an uncompressed name. The table was
// checked when it was opened.
size_t OwnerLength(std::string_view wire) {
  if ((static_cast<uint8_t>(wire[0]) & 0xc0) == 0xc0) return 2;  // RFC 1035 4.1.4
  size_t at = 0;
  while (wire[at] != 0) at += static_cast<uint8_t>(wire[at]) + size_t{1};
  return at + 1;
}

}  // namespace

std::string RecordText(const std::string& owner, uint32_t ttl_s, uint16_t type,
                       std::string_view rdata) {
  return absl::StrCat(NameToText(owner), " ", ttl_s, " IN ", TypeToText(type), " ",
                      RdataToText(type, rdata));
}

void AppendRecords(const contract::AnswerRecord& record, const std::string& owner,
                   AnswerText& text) {
  std::string_view wire(reinterpret_cast<const char*>(contract::WireOf(record)), record.length);
  const unsigned total = unsigned{record.answers()} + record.authorities() + record.additionals();
  for (unsigned i = 0; i < total; ++i) {
    const size_t owner_length = OwnerLength(wire);
    const std::string name = owner_length == 2 ? owner : std::string(wire.substr(0, owner_length));
    wire.remove_prefix(owner_length);
    const size_t data_length = Get(wire, 8, 2);
    const std::string line =
        RecordText(name, Get(wire, 4, 4), static_cast<uint16_t>(Get(wire, 0, 2)),
                   wire.substr(10, data_length));
    wire.remove_prefix(10 + data_length);
    boost::json::array& section = i < record.answers() ? text.answer
                                  : i < unsigned{record.answers()} + record.authorities()
                                      ? text.authority
                                      : text.additional;
    section.emplace_back(line);
  }
}

}  // namespace understudy::control
