// Teaches the query fuzzer EDNS: beside libFuzzer's own changes, queries get an OPT record whose
// options are well-formed more often than chance would make them, so that what is behind the
// parser is reached.
#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace understudy {
namespace {

using Random = std::minstd_rand;

void Append16(std::string& bytes, unsigned value) {
  bytes += static_cast<char>(value >> 8);
  bytes += static_cast<char>(value);
}

std::string Option(Random& random) {
  static constexpr unsigned kCodes[] = {wire::kOptionNsid,
                                        wire::kOptionCookie,
                                        wire::kOptionTcpKeepalive,
                                        wire::kOptionExtendedError,
                                        8,
                                        12,
                                        100};
  static constexpr unsigned kLengths[] = {0, 2, 7, 8, 9, 15, 16, 24, 40, 41};
  std::string option;
  Append16(option, kCodes[random() % std::size(kCodes)]);
  const unsigned length = kLengths[random() % std::size(kLengths)];
  Append16(option, length);
  for (unsigned i = 0; i < length; ++i) option += static_cast<char>(i == 8 ? 1 : random());
  return option;
}

std::string Opt(Random& random) {
  static constexpr unsigned kPayloads[] = {0, 512, 1232, 4096, 65'535};
  std::string options;
  for (unsigned i = random() % 4; i > 0; --i) options += Option(random);
  std::string opt(1, random() % 16 == 0 ? 'x' : '\0');
  Append16(opt, wire::kTypeOpt);
  Append16(opt, kPayloads[random() % std::size(kPayloads)]);
  Append16(opt, random() % 4 == 0 ? random() & 0xffff : 0);  // extended rcode, version
  Append16(opt, random() % 2 == 0 ? wire::kOptDo : random() & 0xffff);
  Append16(opt, static_cast<unsigned>(options.size()));
  return opt + options;
}

// The query with its question alone, or none, and an OPT record or two.
size_t AddOpt(uint8_t* data, size_t size, size_t max_size, Random& random) {
  wire::Query query;
  if (wire::ReadQuery(data, size, &query) == wire::Reading::kShort) return 0;
  std::string message(reinterpret_cast<const char*>(data), query.question_end);
  std::fill(message.begin() + 6, message.begin() + 12, '\0');
  if (query.question_end == wire::kQuestionOffset) message[5] = 0;
  const unsigned records = 1 + (random() % 8 == 0);
  message[11] = static_cast<char>(records);
  for (unsigned i = 0; i < records; ++i) message += Opt(random);
  if (message.size() > max_size) return 0;
  std::ranges::copy(message, data);
  return message.size();
}

}  // namespace
}  // namespace understudy

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  understudy::Random random(seed);
  if (random() % 4 == 0) {
    const size_t mutated = understudy::AddOpt(data, size, max_size, random);
    if (mutated != 0) return mutated;
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
