#include "dataplane/responder/name_pass.h"

#if defined(__x86_64__)
#pragma GCC diagnostic push
#ifndef __clang__
// gcc 12 takes its own undefined vectors for mistakes (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "dataplane/contract/digest.h"
#include "dataplane/contract/lower_case.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/message.h"

namespace understudy::responder {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;

const uint8_t* WireOf(const Asked& asked) { return asked.message + wire::kQuestionOffset; }

// The octet of `word` where its first zero is; 8: nowhere.
unsigned FirstZero(uint64_t word) {
  const uint64_t zeros = (word - kOnes) & ~word & (kOnes << 7);
  return static_cast<unsigned>(std::countr_zero(zeros)) / 8;
}

void PassWords(Asked& asked) {
  const uint8_t* wire = WireOf(asked);
  asked.name_length = 0;
  std::memset(asked.name, 0, kSpan);
  for (size_t at = 0; at < kSpan; at += 8) {
    const uint64_t word = contract::Load8(wire + at);
    const unsigned zero = FirstZero(word);
    uint64_t lower = contract::LowerCase8(word);
    if (zero < 8) lower &= (uint64_t{1} << (8 * zero)) - 1;
    std::memcpy(asked.name + at, &lower, sizeof(lower));
    if (zero == 8) continue;
    const size_t length = at + zero + 1;
    if (length > kMaxPassedName) return;
    asked.name_length = static_cast<uint16_t>(length);
    asked.sum = wire::Fold(wire::RawSumOf(wire, length + 4));
    return;
  }
}

void Pass64(std::span<Asked> burst) noexcept {
  for (Asked& asked : burst) PassWords(asked);
}

#if defined(__x86_64__)

// Sums of the octets at even and at odd places make the sum of 16-bit words.
[[gnu::target("avx2")]] inline __m256i Sums256(__m256i octets) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i even = _mm256_sad_epu8(_mm256_and_si256(octets, _mm256_set1_epi16(0xff)), zero);
  const __m256i odd = _mm256_sad_epu8(_mm256_srli_epi16(octets, 8), zero);
  return _mm256_add_epi64(even, _mm256_slli_epi64(odd, 8));
}

[[gnu::target("avx2")]] inline uint32_t Total256(__m256i sums) {
  const __m128i halves =
      _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return static_cast<uint32_t>(_mm_cvtsi128_si64(halves) + _mm_extract_epi64(halves, 1));
}

[[gnu::target("avx2")]] inline __m256i Lower256(__m256i octets) {
  // Signed: what is above 0x7f is below 'A', and no letter.
  const __m256i upper = _mm256_and_si256(_mm256_cmpgt_epi8(octets, _mm256_set1_epi8('A' - 1)),
                                         _mm256_cmpgt_epi8(_mm256_set1_epi8('Z' + 1), octets));
  return _mm256_or_si256(octets, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
}

// 64 octets that are set and 64 that are not: read from 64 - length on, `length` octets are set.
alignas(64) constexpr auto kBelow = [] {
  std::array<uint8_t, 128> octets{};
  std::fill(octets.begin(), octets.begin() + 64, uint8_t{0xff});
  return octets;
}();

[[gnu::target("avx2")]] inline __m256i Below256(size_t length, size_t half) {
  return _mm256_loadu_si256(
      reinterpret_cast<const __m256i*>(kBelow.data() + 64 - length + 32 * half));
}

[[gnu::target("avx2")]] void Pass256(std::span<Asked> burst) noexcept {
  const __m256i zero = _mm256_setzero_si256();
  for (Asked& asked : burst) {
    const uint8_t* wire = WireOf(asked);
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(wire));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(wire + 32));
    const uint64_t zeros =
        static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, zero))) |
        uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, zero)))} << 32;
    const auto length = static_cast<size_t>(std::countr_zero(zeros)) + 1;
    if (length > kMaxPassedName) [[unlikely]] {
      asked.name_length = 0;
      continue;
    }
    const size_t question = length + 4;
    const __m256i sums = _mm256_add_epi64(Sums256(_mm256_and_si256(low, Below256(question, 0))),
                                          Sums256(_mm256_and_si256(high, Below256(question, 1))));
    auto* lower = reinterpret_cast<__m256i*>(asked.name);
    _mm256_store_si256(lower, _mm256_and_si256(Lower256(low), Below256(length, 0)));
    _mm256_store_si256(lower + 1, _mm256_and_si256(Lower256(high), Below256(length, 1)));
    asked.sum = Total256(sums);
    asked.name_length = static_cast<uint16_t>(length);
  }
}

#define UNDERSTUDY_512 [[gnu::target("avx512f,avx512bw,avx512vl,bmi,bmi2")]]

UNDERSTUDY_512 void Pass512(std::span<Asked> burst) noexcept {
  const __m512i zero = _mm512_setzero_si512();
  for (Asked& asked : burst) {
    const uint8_t* wire = WireOf(asked);
    const __m512i octets = _mm512_loadu_si512(wire);
    const uint64_t zeros = _mm512_testn_epi8_mask(octets, octets);
    const auto length = static_cast<unsigned>(std::countr_zero(zeros)) + 1;
    if (length > kMaxPassedName) [[unlikely]] {
      asked.name_length = 0;
      continue;
    }
    const uint64_t inside = _bzhi_u64(~uint64_t{0}, length);
    const uint64_t question = _bzhi_u64(~uint64_t{0}, length + 4);
    const __mmask64 upper = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(octets, _mm512_set1_epi8('A')),
                                                   _mm512_set1_epi8('Z' - 'A' + 1));
    const __m512i lower = _mm512_mask_add_epi8(octets, upper, octets, _mm512_set1_epi8('a' - 'A'));
    _mm512_store_si512(asked.name, _mm512_maskz_mov_epi8(inside, lower));
    const __m512i summed = _mm512_maskz_mov_epi8(question, octets);
    const __m512i even = _mm512_sad_epu8(_mm512_and_si512(summed, _mm512_set1_epi16(0xff)), zero);
    const __m512i odd = _mm512_sad_epu8(_mm512_srli_epi16(summed, 8), zero);
    asked.sum = static_cast<uint32_t>(
        _mm512_reduce_add_epi64(_mm512_add_epi64(even, _mm512_slli_epi64(odd, 8))));
    asked.name_length = static_cast<uint16_t>(length);
  }
}

#endif

}  // namespace

#if defined(__x86_64__)

SimdWidth WidestUpTo(SimdWidth limit) {
  if (limit >= SimdWidth::k512 && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2")) {
    return SimdWidth::k512;
  }
  if (limit >= SimdWidth::k256 && __builtin_cpu_supports("avx2")) return SimdWidth::k256;
  return SimdWidth::k64;
}

NamePass NamePassOf(SimdWidth width) {
  switch (WidestUpTo(width)) {
    case SimdWidth::k512:
      return Pass512;
    case SimdWidth::k256:
      return Pass256;
    case SimdWidth::k64:
      break;
  }
  return Pass64;
}

#else

SimdWidth WidestUpTo(SimdWidth) { return SimdWidth::k64; }
NamePass NamePassOf(SimdWidth) { return Pass64; }

#endif

}  // namespace understudy::responder
