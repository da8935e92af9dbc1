#include "dataplane/wire/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace understudy::wire {
namespace {

// The definition, two octets at a time (RFC 1071 1).
uint16_t Reference(const std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += uint32_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(sum);
}

TEST(ChecksumTest, EqualsItsDefinitionForEveryLengthAndAlignment) {
  std::mt19937 random(1);
  std::vector<uint8_t> pool(400);
  for (uint8_t& octet : pool) octet = static_cast<uint8_t>(random());
  for (size_t start = 0; start < 8; ++start) {
    for (size_t length = 0; length < 300; ++length) {
      const std::vector<uint8_t> piece(pool.begin() + static_cast<long>(start),
                                       pool.begin() + static_cast<long>(start + length));
      ASSERT_EQ(Fold(SumOf(pool.data() + start, length)), Reference(piece)) << length;
    }
  }
}

TEST(ChecksumTest, PiecesJoinAtEvenAndOddOffsets) {
  std::mt19937 random(2);
  std::vector<uint8_t> whole(101);
  for (uint8_t& octet : whole) octet = static_cast<uint8_t>(random());
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    const uint32_t first = SumOf(whole.data(), cut);
    const uint32_t second = SumOf(whole.data() + cut, whole.size() - cut);
    const uint64_t joined = uint64_t{first} + (cut % 2 == 0 ? second : Odd(second));
    ASSERT_EQ(Fold(joined), Reference(whole)) << cut;
  }
}

TEST(ChecksumTest, ExampleOfRfc1071) {
  const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(Fold(SumOf(example, sizeof(example))), 0xddf2);
}

}  // namespace
}  // namespace understudy::wire
