#include "control/zone/zone_file.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "control/zone/master_lexer.h"
#include "control/zone/name.h"
#include "control/zone/rdata.h"
#include "control/zone/record_sets.h"
#include "control/zone/text_file.h"
#include "dataplane/contract/lookup.h"

namespace understudy::control {
namespace {

constexpr uint32_t kMaxTtl = 2147483647;  // RFC 2181 8

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

bool IsInternet(std::string_view text) {
  return EqualsIgnoringCase(text, "in") || EqualsIgnoringCase(text, "class1");
}

// CH, HS and CS (RFC 1035 3.2.4), or a number as RFC 3597 5 writes it.
bool IsOtherClass(std::string_view text) {
  constexpr std::string_view kNumbered = "class";
  return EqualsIgnoringCase(text, "ch") || EqualsIgnoringCase(text, "hs") ||
         EqualsIgnoringCase(text, "cs") ||
         (text.size() > kNumbered.size() && !IsInternet(text) &&
          EqualsIgnoringCase(text.substr(0, kNumbered.size()), kNumbered));
}

// Types that no master file here can hold; empty for all others.
std::string RefusalOf(uint16_t type) {
  switch (type) {
    case 24:
    case 30:
    case 46:
    case 47:
    case 50:
    case 51:  // SIG NXT RRSIG NSEC NSEC3 NSEC3PARAM
      return TypeToText(type) +
             " belongs to a signed zone, and this server serves unsigned ones:"
             " give it the file before signing";
    case 41:
    case 249:
    case 250:  // OPT TKEY TSIG
    case 251:
    case 252:
    case 253:
    case 254:
    case 255:  // questions (RFC 6895 3.1)
      return TypeToText(type) + " is not a type of data";
    default:
      return {};
  }
}

// One master file, from the first entry to the last.
class ZoneReader {
 public:
  ZoneReader(std::string_view text, ZoneFileResult* result)
      : lexer_(text),
        zone_(&result->zone),
        errors_(&result->errors),
        warnings_(&result->warnings),
        sets_(zone_, static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), &errors_,
              &warnings_),
        origin_(zone_->apex) {}

  void Read();

 private:
  void TakeDirective();
  void TakeRecord();
  bool TakeOwner(size_t* next);
  bool TakeTtlAndClass(size_t* next);
  bool TakeType(size_t* next);
  std::optional<uint32_t> TtlOf(uint16_t type, std::string_view rdata);
  void CheckApex();
  void Fail(std::string message) { errors_.Add(entry_.line, std::move(message)); }

  MasterLexer lexer_;
  Zone* zone_;
  FindingList errors_;
  FindingList warnings_;
  RecordSets sets_;
  std::string origin_;
  Entry entry_;
  std::string owner_;  // of the current entry, and of the next when that leaves it out
  bool owner_known_ = false;
  bool owner_failed_ = false;              // entries that go on with it are not judged again
  std::optional<uint32_t> ttl_s_;          // written in the current entry
  std::optional<uint32_t> default_ttl_s_;  // $TTL (RFC 2308 4)
  std::optional<uint32_t> last_ttl_s_;     // else the last one written (RFC 1035 5.1)
  uint16_t type_ = 0;
  std::string type_text_;  // of the entry before: most entries repeat it
  uint16_t type_of_text_ = 0;
  std::string rdata_;
  bool apex_set_failed_ = false;  // a SOA or NS record had an error of its own
};

void ZoneReader::Read() {
  while (lexer_.Next(&entry_)) {
    if (!entry_.error.empty()) {
      Fail(entry_.error);
    } else if (!entry_.owner_left_out && !entry_.tokens[0].quoted &&
               entry_.tokens[0].text[0] == '$') {
      TakeDirective();
    } else {
      TakeRecord();
    }
  }
  sets_.CheckWhole();
  CheckApex();
  errors_.Close("errors");
  warnings_.Close("warnings");
}

void ZoneReader::TakeDirective() {
  const std::string_view directive = entry_.tokens[0].text;
  if (EqualsIgnoringCase(directive, "$include")) {
    return Fail("$INCLUDE is not supported: put the records into this file");
  }
  const bool is_origin = EqualsIgnoringCase(directive, "$origin");
  if (!is_origin && !EqualsIgnoringCase(directive, "$ttl")) {
    return Fail(Quoted(directive) + " is not a directive; known are $ORIGIN and $TTL");
  }
  if (entry_.tokens.size() != 2) return Fail(std::string(directive) + " needs exactly one value");
  const std::string_view value = entry_.tokens[1].text;
  if (is_origin) {
    std::string origin;
    std::string wrong = AppendName(value, origin_, LetterCase::kLower, &origin);
    if (!wrong.empty()) return Fail(std::move(wrong));
    origin_ = std::move(origin);
    return;
  }
  const std::optional<uint32_t> ttl_s = ReadPeriod(value, kMaxTtl);
  if (!ttl_s) return Fail("$TTL " + Quoted(value) + " is not a time from 0 to 2147483647 seconds");
  default_ttl_s_ = ttl_s;
}

void ZoneReader::TakeRecord() {
  size_t next = 0;
  ttl_s_.reset();
  if (!TakeOwner(&next) || !TakeTtlAndClass(&next) || !TakeType(&next)) return;
  rdata_.clear();
  const std::span<const Token> values(entry_.tokens.begin() + static_cast<ptrdiff_t>(next),
                                      entry_.tokens.end());
  std::string wrong = RefusalOf(type_);
  if (wrong.empty()) wrong = AppendRdata(type_, values, origin_, &rdata_);
  if (wrong.empty() && type_ == contract::kTypeSoa && owner_ != zone_->apex) {
    wrong = "a SOA record belongs to the apex " + NameToText(zone_->apex) + " only";
  }
  const std::optional<uint32_t> ttl_s = wrong.empty() ? TtlOf(type_, rdata_) : std::nullopt;
  if (wrong.empty() && !ttl_s) {
    wrong = "no TTL: give one here, or $TTL above (RFC 2308 4)";
  }
  if (wrong.empty()) return sets_.Add(owner_, type_, *ttl_s, rdata_, entry_.line);
  apex_set_failed_ |= type_ == contract::kTypeSoa || type_ == contract::kTypeNs;
  Fail(std::move(wrong));
}

bool ZoneReader::TakeOwner(size_t* next) {
  if (entry_.owner_left_out) {
    if (!owner_known_ && !owner_failed_) {
      Fail("the first record of a file needs its owner");
      owner_failed_ = true;
    }
    return !owner_failed_;
  }
  const Token& token = entry_.tokens[(*next)++];
  owner_.clear();
  std::string wrong;
  if (token.quoted) {
    wrong = Quoted(token.text) + " in quotes is not an owner";
  } else if (token.text == "@") {
    owner_ = origin_;
  } else {
    wrong = AppendName(token.text, origin_, LetterCase::kLower, &owner_);
  }
  if (wrong.empty() && !IsAtOrBelow(owner_, zone_->apex)) {
    wrong = NameToText(owner_) + " is not in the zone " + NameToText(zone_->apex);
  }
  owner_failed_ = !wrong.empty();
  owner_known_ = true;
  if (owner_failed_) Fail(std::move(wrong));
  return !owner_failed_;
}

// Both may be left out, and stand in either order (RFC 1035 5.1). What begins with a digit is a
// TTL: no class and no type does.
bool ZoneReader::TakeTtlAndClass(size_t* next) {
  bool class_seen = false;
  for (; *next < entry_.tokens.size(); ++*next) {
    const std::string_view text = entry_.tokens[*next].text;
    if (!ttl_s_ && !text.empty() && text[0] >= '0' && text[0] <= '9') {
      ttl_s_ = ReadPeriod(text, kMaxTtl);
      if (!ttl_s_) {
        Fail("the TTL " + Quoted(text) + " is not a time from 0 to 2147483647 seconds");
        return false;
      }
    } else if (!class_seen && IsInternet(text)) {
      class_seen = true;
    } else if (IsOtherClass(text)) {
      Fail("the class " + std::string(text) + " is not served: only IN is");
      return false;
    } else {
      return true;
    }
  }
  return true;
}

bool ZoneReader::TakeType(size_t* next) {
  if (*next == entry_.tokens.size()) {
    Fail("the record has no type");
    return false;
  }
  const std::string_view text = entry_.tokens[(*next)++].text;
  if (text != type_text_) {
    const absl::StatusOr<uint16_t> type = TypeFromText(text);
    if (!type.ok()) {
      Fail(std::string(type.status().message()));
      return false;
    }
    type_text_ = text;
    type_of_text_ = *type;
  }
  type_ = type_of_text_;
  return true;
}

std::optional<uint32_t> ZoneReader::TtlOf(uint16_t type, std::string_view rdata) {
  if (ttl_s_) {
    last_ttl_s_ = ttl_s_;
    return ttl_s_;
  }
  if (default_ttl_s_) return default_ttl_s_;
  if (last_ttl_s_ || type != contract::kTypeSoa) return last_ttl_s_;
  // A file that begins with a SOA without TTL: old files mean its last field.
  uint32_t minimum_s = 0;
  for (const char c : rdata.substr(rdata.size() - 4)) {
    minimum_s = minimum_s << 8 | static_cast<uint8_t>(c);
  }
  last_ttl_s_ = std::min(minimum_s, kMaxTtl);
  warnings_.Add(entry_.line, "no TTL is given here nor by $TTL: the last field of the SOA, " +
                                 std::to_string(*last_ttl_s_) + ", is taken for it");
  return last_ttl_s_;
}

void ZoneReader::CheckApex() {
  if (apex_set_failed_) return;  // that error is told, and may be the reason
  for (const uint16_t type : {contract::kTypeSoa, contract::kTypeNs}) {
    if (sets_.Has(zone_->apex, type)) continue;
    errors_.Add(0, "the zone has no " + TypeToText(type) + " record at its apex " +
                       NameToText(zone_->apex));
  }
}

}  // namespace

ZoneFileResult ReadZoneFile(const std::string& path, std::string_view apex_wire) {
  std::string text;
  if (std::string wrong = ReadTextFile(path, kMaxZoneFileOctets, &text); !wrong.empty()) {
    ZoneFileResult result;
    result.zone.apex = apex_wire;
    result.zone.file = path;
    result.unreadable = true;
    result.errors.push_back({0, std::move(wrong)});
    return result;
  }
  return ReadZoneText(text, path, apex_wire);
}

ZoneFileResult ReadZoneText(std::string_view text, const std::string& path,
                            std::string_view apex_wire) {
  ZoneFileResult result;
  result.zone.apex = apex_wire;
  result.zone.file = path;
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(zero), '\n');
    result.errors.push_back({static_cast<int>(line), "a zero octet: this is not a text file"});
    return result;
  }
  ZoneReader(text, &result).Read();
  return result;
}

}  // namespace understudy::control
