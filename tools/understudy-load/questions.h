// What is asked, and what must come back: DNS queries laid out once, drawn from while loading.
//
// Used by: generator (draws, checks), main (builds). Knows no frames, no DPDK, no clock.
//
// Invariants
//  1. Everything random comes from the seed: the same options give the same queries in the same
//     order.
//  2. Draw and Check neither allocate nor fail.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_QUESTIONS_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_QUESTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::load {

struct QuestionOptions {
  std::string names_file;  // lines of NAME [TYPE [RCODE]]; or:
  std::string pattern;     // a name with one '#', which counts from 0 to count - 1
  uint64_t count = 1;
  std::string type = "A";  // where the file says none
  double zipf = 0;         // exponent of the popularity of names in their order; 0: all alike
  double miss_share = 0;   // of the queries ask for a name that is in no zone file
  double edns_share = 0;   // of the queries carry an OPT record (1232 octets)
  bool random_case = false;
  uint64_t seed = 1;
};

// What became of one answer.
enum class Verdict : uint8_t {
  kRight,
  kNotAResponse,   // QR is not set
  kWrongQuestion,  // another question, or its case changed
  kWrongRcode,
  kNoAnswer,  // NOERROR without a record
};
inline constexpr size_t kVerdictCount = 5;
std::string_view WordOf(Verdict verdict);

class Questions {
 public:
  // Reads and lays out everything; nothing and a sentence when it cannot.
  static std::optional<Questions> Build(const QuestionOptions& options, std::string* error);

  // The query of turn `turn`: a handle to keep until its answer comes.
  uint32_t Draw(uint64_t turn) const { return static_cast<uint32_t>(turn & (queries_.size() - 1)); }
  // The message behind a handle, with id 0.
  std::span<const uint8_t> Message(uint32_t handle) const {
    return {&bytes_[queries_[handle].offset], queries_[handle].length};
  }
  // Looks at everything but the id.
  Verdict Check(uint32_t handle, std::span<const uint8_t> answer) const;

 private:
  struct Query {
    uint32_t offset = 0;
    uint16_t length = 0;
    uint16_t question_end = 0;
    uint8_t rcode = 0;
  };
  friend class Pool;

  // In the order in which they are asked, so that the generator reads them as a stream: it shall
  // not wait for memory where the server does.
  std::vector<Query> queries_;  // a power of two of them
  std::vector<uint8_t> bytes_;
};

// "www.Example.com" (escapes \. and \DDD) in wire form; empty when it is no name (RFC 1035 2.3.4).
std::string NameToWire(std::string_view text);
// "A", "HTTPS", "TYPE65"; nothing when it is no type.
std::optional<uint16_t> TypeOf(std::string_view text);

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_QUESTIONS_H_
