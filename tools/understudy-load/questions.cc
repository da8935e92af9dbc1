#include "tools/understudy-load/questions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

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
    if (text[i] == '\\') ++i;
    if (i == text.size()) return "";
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

// The questions to draw from, each once.
class Pool {
 public:
  explicit Pool(const QuestionOptions& options) : options_(options), random_(options.seed) {}

  std::string Fill();
  void AddMisses();
  Questions DrawAll();

 private:
  struct Question {
    std::string wire;  // the name
    uint16_t type = 0;
    uint8_t rcode = 0;
  };

  bool Add(std::string_view name, uint16_t type, uint8_t rcode);
  std::string ReadFile(uint16_t type);
  std::string FillPattern(uint16_t type);
  void Append(Questions& all, const Question& question, bool edns) const;

  const QuestionOptions& options_;
  uint64_t random_;
  std::vector<Question> questions_;
  size_t hits_ = 0;  // of them, the first ones
};

bool Pool::Add(std::string_view name, uint16_t type, uint8_t rcode) {
  std::string wire = NameToWire(name);
  if (wire.empty()) return false;
  if (options_.random_case) {
    // Label lengths are below 'A', so this leaves them alone.
    for (char& octet : wire) {
      const bool is_letter = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
      if (is_letter && (Next(random_) & 1) != 0) octet = static_cast<char>(octet ^ 0x20);
    }
  }
  questions_.push_back({.wire = std::move(wire), .type = type, .rcode = rcode});
  return true;
}

std::string Pool::ReadFile(uint16_t type) {
  std::ifstream file(options_.names_file);
  if (!file) return options_.names_file + ": cannot be read";
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string name, type_word, rcode_word;
    if (!(words >> name) || name.starts_with('#')) continue;
    words >> type_word >> rcode_word;
    const auto type_of_line = type_word.empty() ? type : TypeOf(type_word);
    const auto rcode = rcode_word.empty() ? uint8_t{0} : RcodeOf(rcode_word);
    if (!type_of_line || !rcode || !Add(name, *type_of_line, *rcode)) {
      return options_.names_file + ":" + std::to_string(number) + ": '" + line +
             "' is not NAME [TYPE [RCODE]]";
    }
  }
  return questions_.empty() ? options_.names_file + ": has no name" : "";
}

std::string Pool::FillPattern(uint16_t type) {
  const size_t mark = options_.pattern.find('#');
  const bool counts = mark != std::string::npos;
  for (uint64_t i = 0; i < (counts ? options_.count : 1); ++i) {
    std::string name = options_.pattern;
    if (counts) name.replace(mark, 1, std::to_string(i));
    if (!Add(name, type, 0)) return "--pattern: '" + name + "' is not a name";
  }
  return "";
}

// Empty when all is well.
std::string Pool::Fill() {
  const std::optional<uint16_t> type = TypeOf(options_.type);
  if (!type) return "--type: '" + options_.type + "' is not a type (A, AAAA, ..., TYPE65)";
  std::string error = options_.names_file.empty() ? FillPattern(*type) : ReadFile(*type);
  hits_ = questions_.size();
  return error;
}

// Names beside those asked for, which are in no zone file.
void Pool::AddMisses() {
  for (size_t i = 0; i < kMisses; ++i) {
    const Question beside = questions_[Next(random_) % hits_];
    const std::string label = "miss" + std::to_string(Next(random_) & 0xffffffff);
    // In place of the first label, so that the name is a sibling of one that exists.
    const auto first = static_cast<size_t>(static_cast<uint8_t>(beside.wire[0]));
    const std::string rest = first == 0 ? beside.wire : beside.wire.substr(first + 1);
    std::string wire = static_cast<char>(label.size()) + label + rest;
    if (wire.size() > wire::kMaxNameLength) continue;
    questions_.push_back({.wire = std::move(wire),
                          .type = beside.type,
                          .rcode = static_cast<uint8_t>(wire::Rcode::kNxDomain)});
  }
}

void Pool::Append(Questions& all, const Question& question, bool edns) const {
  const size_t end = wire::kQuestionOffset + question.wire.size() + 4;
  const size_t length = end + (edns ? wire::kOptLength : 0);
  const size_t at = all.bytes_.size();
  all.bytes_.resize(at + length);
  uint8_t* message = &all.bytes_[at];
  auto* header = reinterpret_cast<wire::MessageHeader*>(message);
  header->questions = wire::Big16(1);
  header->additionals = wire::Big16(edns ? 1 : 0);
  std::memcpy(message + wire::kQuestionOffset, question.wire.data(), question.wire.size());
  wire::Put16(message + end - 4, question.type);
  wire::Put16(message + end - 2, wire::kClassIn);
  if (edns) {
    wire::Put16(message + end + 1, wire::kTypeOpt);  // behind the root's name
    wire::Put16(message + end + 3, kOfferedPayload);
  }
  all.queries_.push_back({.offset = static_cast<uint32_t>(at),
                          .length = static_cast<uint16_t>(length),
                          .question_end = static_cast<uint16_t>(end),
                          .rcode = question.rcode});
}

Questions Pool::DrawAll() {
  const Popularity popularity(hits_, options_.zipf);
  const size_t misses = questions_.size() - hits_;
  Questions all;
  for (size_t i = 0; i < kDraws; ++i) {
    const bool miss = misses != 0 && Fraction(random_) < options_.miss_share;
    const size_t place = miss ? hits_ + Next(random_) % misses : popularity.Draw(hits_, random_);
    Append(all, questions_[place], Fraction(random_) < options_.edns_share);
  }
  return all;
}

std::optional<Questions> Questions::Build(const QuestionOptions& options, std::string* error) {
  Pool pool(options);
  *error = pool.Fill();
  if (!error->empty()) return std::nullopt;
  if (options.miss_share > 0) pool.AddMisses();
  return pool.DrawAll();
}

Verdict Questions::Check(uint32_t handle, std::span<const uint8_t> answer) const {
  const Query& query = queries_[handle];
  if (answer.size() < sizeof(wire::MessageHeader) || (answer[2] & wire::kQr) == 0) {
    return Verdict::kNotAResponse;
  }
  const uint8_t* asked = &bytes_[query.offset];
  if (answer.size() < query.question_end ||
      std::memcmp(answer.data() + wire::kQuestionOffset, asked + wire::kQuestionOffset,
                  query.question_end - wire::kQuestionOffset) != 0) {
    return Verdict::kWrongQuestion;
  }
  if ((answer[3] & 0x0f) != query.rcode) return Verdict::kWrongRcode;
  const auto* header = reinterpret_cast<const wire::MessageHeader*>(answer.data());
  const bool truncated = (answer[2] & wire::kTc) != 0;
  if (query.rcode == 0 && header->answers.host() == 0 && !truncated) return Verdict::kNoAnswer;
  return Verdict::kRight;
}

}  // namespace understudy::load
