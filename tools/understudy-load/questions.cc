#include "tools/understudy-load/questions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "dataplane/wire/message.h"

namespace understudy::load {
namespace {

constexpr size_t kDraws = size_t{1} << 20;
constexpr size_t kMisses = 4096;            // different names that are nowhere
constexpr uint16_t kOfferedPayload = 1232;  // DNS flag day 2020

// splitmix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
uint64_t Next(uint64_t& state) {
  uint64_t word = (state += 0x9e3779b97f4a7c15);
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

double Fraction(uint64_t& state) { return static_cast<double>(Next(state) >> 11) * 0x1p-53; }

template <typename Number>
bool IsNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

struct TypeName {
  std::string_view word;
  uint16_t number;
};
constexpr TypeName kTypes[] = {  // IANA DNS Resource Record Types
    {"A", 1},      {"NS", 2},    {"CNAME", 5}, {"SOA", 6},    {"PTR", 12},   {"MX", 15},
    {"TXT", 16},   {"AAAA", 28}, {"SRV", 33},  {"NAPTR", 35}, {"DNAME", 39}, {"DS", 43},
    {"SSHFP", 44}, {"TLSA", 52}, {"SVCB", 64}, {"HTTPS", 65}, {"ANY", 255},  {"CAA", 257}};

constexpr std::string_view kRcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};

std::optional<uint8_t> RcodeOf(std::string_view word) {
  const auto* found = std::ranges::find(kRcodes, word);
  if (found == std::end(kRcodes)) return std::nullopt;
  return static_cast<uint8_t>(found - kRcodes);
}

// The place of a rank drawn with probability 1 / (rank + 1)^exponent.
class Popularity {
 public:
  Popularity(size_t names, double exponent) {
    if (exponent == 0) return;
    double sum = 0;
    for (size_t rank = 0; rank < names; ++rank) {
      sum += std::pow(static_cast<double>(rank + 1), -exponent);
      cumulated_.push_back(sum);
    }
  }
  size_t Draw(size_t names, uint64_t& random) const {
    if (cumulated_.empty()) return Next(random) % names;
    const double at = Fraction(random) * cumulated_.back();
    const auto found = std::ranges::upper_bound(cumulated_, at);
    return std::min(static_cast<size_t>(found - cumulated_.begin()), names - 1);
  }

 private:
  std::vector<double> cumulated_;
};

}  // namespace

std::string_view WordOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kRight:
      return "right";
    case Verdict::kNotAResponse:
      return "not_a_response";
    case Verdict::kWrongQuestion:
      return "wrong_question";
    case Verdict::kWrongRcode:
      return "wrong_rcode";
    case Verdict::kNoAnswer:
      return "no_answer";
  }
  return "";
}

std::string NameToWire(std::string_view text) {
  std::string wire, label;
  if (text.ends_with('.') && !text.ends_with("\\.")) text.remove_suffix(1);
  const auto close = [&] {
    const bool fits = !label.empty() && label.size() <= wire::kMaxLabelLength;
    wire += static_cast<char>(label.size());
    wire += label;
    label.clear();
    return fits;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      if (!close()) return "";
      continue;
    }
    unsigned octet = 0;
    if (text[i] == '\\' && IsNumber(text.substr(std::min(i + 1, text.size()), 3), &octet)) {
      if (octet > 255 || i + 3 >= text.size()) return "";
      label += static_cast<char>(octet);
      i += 3;
      continue;
    }
    if (text[i] == '\\' && ++i == text.size()) return "";
    label += text[i];
  }
  if (!text.empty() && !close()) return "";
  wire += '\0';
  return wire.size() <= wire::kMaxNameLength ? wire : "";
}

std::optional<uint16_t> TypeOf(std::string_view text) {
  const auto* found = std::ranges::find(kTypes, text, &TypeName::word);
  if (found != std::end(kTypes)) return found->number;
  uint16_t number = 0;
  if (text.starts_with("TYPE") && IsNumber(text.substr(4), &number)) return number;
  return std::nullopt;
}

bool Questions::Add(std::string_view name, uint16_t type, uint8_t rcode, bool random_case) {
  std::string wire = NameToWire(name);
  if (wire.empty()) return false;
  if (random_case) {
    // Label lengths are below 'A', so this leaves them alone.
    for (char& octet : wire) {
      const bool is_letter = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
      if (is_letter && (Next(random_) & 1) != 0) octet = static_cast<char>(octet ^ 0x20);
    }
  }
  const size_t length = sizeof(wire::MessageHeader) + wire.size() + 4;
  questions_.push_back(
      {.offset = bytes_.size(), .length = static_cast<uint16_t>(length), .rcode = rcode});
  for (const bool edns : {false, true}) {
    const size_t at = bytes_.size();
    bytes_.resize(at + length + (edns ? wire::kOptLength : 0));
    uint8_t* message = &bytes_[at];
    auto* header = reinterpret_cast<wire::MessageHeader*>(message);
    header->questions = wire::Big16(1);
    header->additionals = wire::Big16(edns ? 1 : 0);
    std::memcpy(message + wire::kQuestionOffset, wire.data(), wire.size());
    wire::Put16(message + length - 4, type);
    wire::Put16(message + length - 2, wire::kClassIn);
    if (!edns) continue;
    wire::Put16(message + length + 1, wire::kTypeOpt);
    wire::Put16(message + length + 3, kOfferedPayload);
  }
  return true;
}

bool Questions::ReadFile(const QuestionOptions& options, uint16_t type, std::string* error) {
  std::ifstream file(options.names_file);
  if (!file) {
    *error = options.names_file + ": cannot be read";
    return false;
  }
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string name, type_word, rcode_word;
    if (!(words >> name) || name.starts_with('#')) continue;
    words >> type_word >> rcode_word;
    const auto type_of_line = type_word.empty() ? type : TypeOf(type_word);
    const auto rcode = rcode_word.empty() ? 0 : RcodeOf(rcode_word);
    if (!type_of_line || !rcode ||
        !Add(name, *type_of_line, static_cast<uint8_t>(*rcode), options.random_case)) {
      *error = options.names_file + ":" + std::to_string(number) + ": '" + line +
               "' is not NAME [TYPE [RCODE]]";
      return false;
    }
  }
  if (questions_.empty()) *error = options.names_file + ": has no name";
  return !questions_.empty();
}

bool Questions::FillPattern(const QuestionOptions& options, uint16_t type, std::string* error) {
  const size_t mark = options.pattern.find('#');
  const std::string head = options.pattern.substr(0, mark);
  const std::string rest = mark == std::string::npos ? "" : options.pattern.substr(mark + 1);
  const uint64_t count = mark == std::string::npos ? 1 : options.count;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string number = mark == std::string::npos ? "" : std::to_string(i);
    if (Add(head + number + rest, type, 0, options.random_case)) continue;
    *error = "--pattern: '" + head + number + rest + "' is not a name";
    return false;
  }
  return true;
}

// Names beside those asked for: one label more, which is in no zone file.
void Questions::AddMisses(const QuestionOptions& options) {
  const size_t hits = questions_.size();
  for (size_t i = 0; i < kMisses; ++i) {
    const Question& beside = questions_[Next(random_) % hits];
    const uint8_t* name = &bytes_[beside.offset + wire::kQuestionOffset];
    const size_t length = beside.length - wire::kQuestionOffset - 4;
    std::string text = "miss" + std::to_string(Next(random_) & 0xffffffff);
    // In place of the first label, so that the name is a sibling of one that exists.
    for (size_t at = length > 1 ? name[0] + size_t{1} : 0; name[at] != 0; at += name[at] + 1) {
      text += '.';
      for (size_t k = 1; k <= name[at]; ++k) {
        if (name[at + k] == '.' || name[at + k] == '\\') text += '\\';
        text += static_cast<char>(name[at + k]);
      }
    }
    const uint16_t type = wire::Get16(name + length);
    Add(text, type, static_cast<uint8_t>(wire::Rcode::kNxDomain), options.random_case);
  }
}

void Questions::DrawAll(const QuestionOptions& options, size_t hits) {
  const Popularity popularity(hits, options.zipf);
  const size_t misses = questions_.size() - hits;
  draws_.resize(kDraws);
  for (uint32_t& draw : draws_) {
    const bool miss = misses != 0 && Fraction(random_) < options.miss_share;
    draw = static_cast<uint32_t>(miss ? hits + Next(random_) % misses
                                      : popularity.Draw(hits, random_));
    if (Fraction(random_) < options.edns_share) draw |= kWithEdns;
  }
}

std::optional<Questions> Questions::Build(const QuestionOptions& options, std::string* error) {
  Questions questions;
  questions.random_ = options.seed;
  const std::optional<uint16_t> type = TypeOf(options.type);
  if (!type) {
    *error = "--type: '" + options.type + "' is not a type (A, AAAA, ..., TYPE65)";
    return std::nullopt;
  }
  const bool built = options.names_file.empty() ? questions.FillPattern(options, *type, error)
                                                : questions.ReadFile(options, *type, error);
  if (!built) return std::nullopt;
  const size_t hits = questions.questions_.size();
  if (options.miss_share > 0) questions.AddMisses(options);
  questions.DrawAll(options, hits);
  return questions;
}

std::span<const uint8_t> Questions::Message(uint32_t handle) const {
  const Question& question = questions_[handle & ~kWithEdns];
  if ((handle & kWithEdns) == 0) return {&bytes_[question.offset], question.length};
  return {&bytes_[question.offset + question.length], size_t{question.length} + wire::kOptLength};
}

Verdict Questions::Check(uint32_t handle, std::span<const uint8_t> answer) const {
  const Question& question = questions_[handle & ~kWithEdns];
  if (answer.size() < sizeof(wire::MessageHeader) || (answer[2] & wire::kQr) == 0) {
    return Verdict::kNotAResponse;
  }
  const uint8_t* asked = &bytes_[question.offset];
  if (answer.size() < question.length ||
      std::memcmp(answer.data() + wire::kQuestionOffset, asked + wire::kQuestionOffset,
                  question.length - wire::kQuestionOffset) != 0) {
    return Verdict::kWrongQuestion;
  }
  if ((answer[3] & 0x0f) != question.rcode) return Verdict::kWrongRcode;
  const auto* header = reinterpret_cast<const wire::MessageHeader*>(answer.data());
  const bool truncated = (answer[2] & wire::kTc) != 0;
  if (question.rcode == 0 && header->answers.host() == 0 && !truncated) return Verdict::kNoAnswer;
  return Verdict::kRight;
}

}  // namespace understudy::load
