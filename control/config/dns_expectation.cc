// Of a health check: what is asked over DNS, and which answers are good.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "control/config/check_section.h"
#include "control/zone/name.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxAnswers = 64;
constexpr uint16_t kAny = 255;  // RFC 1035 3.2.3
constexpr int kMaxRcode = 15;   // RFC 1035 4.1.1: four bits; no EDNS is sent, so there are no more
// In the order of their numbers (IANA, DNS RCODEs).
constexpr std::array<std::string_view, 11> kRcodes{"noerror", "formerr", "servfail", "nxdomain",
                                                   "notimp",  "refused", "yxdomain", "yxrrset",
                                                   "nxrrset", "notauth", "notzone"};

void ReadName(Section* query, DnsExpectation* dns) {
  query->Require("name", "the name that is asked for");
  const std::optional<std::string> text = query->Text("name");
  if (!text) return;
  const absl::StatusOr<std::string> wire = NameToWire(*text);
  if (wire.ok()) {
    dns->name = *wire;
  } else {
    query->Error("name", std::string(wire.status().message()));
  }
}

bool ReadType(Section* query, DnsExpectation* dns) {
  const std::optional<std::string> text = query->Text("type");
  if (!text) return !query->Has("type");
  const absl::StatusOr<uint16_t> type = TypeFromText(*text);
  if (!type.ok()) {
    query->Error("type", std::string(type.status().message()));
    return false;
  }
  dns->type = *type;
  return true;
}

void ReadRcode(Section* query, DnsExpectation* dns) {
  const std::optional<std::string> text = query->Text("rcode");
  if (!text) return;
  std::string word = *text;
  absl::AsciiStrToLower(&word);
  const auto* const found = std::find(kRcodes.begin(), kRcodes.end(), word);
  if (found != kRcodes.end()) {
    dns->rcode = static_cast<uint8_t>(found - kRcodes.begin());
    return;
  }
  int number = -1;
  const char* end = word.data() + word.size();
  const auto [stop, failure] = std::from_chars(word.data(), end, number);
  if (failure == std::errc() && stop == end && number >= 0 && number <= kMaxRcode) {
    dns->rcode = static_cast<uint8_t>(number);
    return;
  }
  std::string allowed;
  for (const std::string_view rcode : kRcodes) allowed += std::string(rcode) + ", ";
  query->Error("rcode", Quoted(*text) + " is not allowed; allowed: " + allowed + "0 to 15" +
                            DidYouMean(*text, {kRcodes.begin(), kRcodes.end()}));
}

void ReadAnswers(Section* query, bool typed, DnsExpectation* dns, Findings* findings) {
  const YamlValue* value = query->Take("answers");
  if (value == nullptr) return;
  if (dns->type == kAny) {
    query->Error("answers",
                 "has no meaning beside type ANY: a server may answer it with any of its records "
                 "(RFC 8482 4)");
    return;
  }
  const std::string path = query->PathOf("answers");
  std::vector<const YamlValue*> elements{value};
  if (value->kind != YamlValue::Kind::kText) elements = ElementsOf(*value, path, findings);
  if (elements.size() > kMaxAnswers) {
    query->Error("answers", "has more than " + std::to_string(kMaxAnswers) + " values");
    return;
  }
  for (const YamlValue* element : elements) {
    if (element->kind != YamlValue::Kind::kText) {
      findings->Error(element->line, path,
                      "must be values, and has " + std::string(KindText(*element)));
      continue;
    }
    if (!typed) continue;
    absl::StatusOr<std::string> rdata = RdataFromText(dns->type, element->text);
    if (rdata.ok()) {
      dns->answers.push_back(*std::move(rdata));
    } else {
      findings->Error(element->line, path,
                      Quoted(element->text) + ": " + std::string(rdata.status().message()));
    }
  }
}

}  // namespace

void ReadDnsExpectation(CheckSection* section, HealthCheck* check, Findings* findings) {
  if (section->Is(kDnsKind)) {
    section->Require("query", "what is asked, like {name: example.com, type: SOA}");
  }
  if (!section->Reads("query", kDnsKind)) return;
  Section query(*section->Take("query"), section->PathOf("query"), findings);
  if (!query.IsMap()) return;
  ReadName(&query, &check->dns);
  const bool typed = ReadType(&query, &check->dns);
  ReadRcode(&query, &check->dns);
  ReadAnswers(&query, typed, &check->dns, findings);
  check->dns.over_tcp = query.YesNo("tcp").value_or(false);
  check->dns.recursion_desired = query.YesNo("recursion_desired").value_or(false);
  query.RefuseUnknown();
}

}  // namespace understudy::control
