#include "dataplane/contract/walk.h"

#include <cstring>

#include "dataplane/contract/digest.h"

namespace understudy::contract {
namespace {

constexpr size_t kRecordHead =
    12;  // pointer, type, class, TTL, length: before the data of a record

// ASCII upper case to lower case in eight octets at once (RFC 4343). Length octets are at most 63,
// so they are below 'A' and stay as they are.
uint64_t LowerCase8(uint64_t word) noexcept {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t low = word & (0x7f * kOnes);
  const uint64_t from_a = low + (0x80 - 'A') * kOnes;    // bit 7 set: at least 'A'
  const uint64_t beyond_z = low + (0x7f - 'Z') * kOnes;  // bit 7 set: beyond 'Z'
  const uint64_t upper = ~word & (from_a ^ beyond_z) & (0x80 * kOnes);
  return word | upper >> 2;  // 0x80 >> 2 == 0x20, the distance between the cases
}

}  // namespace

void Name::Assign(const uint8_t* wire, size_t octets) noexcept {
  length = static_cast<uint16_t>(octets);
  // The last whole word of the name and the eight octets behind it are zero first.
  std::memset(bytes + (octets & ~size_t{7}), 0, 16);
  std::memcpy(bytes, wire, octets);
  for (size_t i = 0; i < octets; i += 8) {
    const uint64_t lower = LowerCase8(Load8(bytes + i));
    std::memcpy(bytes + i, &lower, sizeof(lower));
  }
}

// Where the step leads: the CNAME's target, or the name with the DNAME's owner replaced by its
// target.
void Walk::Aim() noexcept {
  if (step_.match != Match::kCname && step_.match != Match::kDname) return;
  const uint8_t* data = WireOf(*step_.answer) + kRecordHead;
  const size_t data_length = size_t{data[-2]} << 8 | data[-1];
  if (step_.match == Match::kCname) {
    target_.Assign(data, data_length);
    return;
  }
  const size_t prefix = name_->length - step_.node->name_length;
  if (prefix + data_length > kMaxName) {
    too_long_ = true;
    return;
  }
  uint8_t joined[kMaxName];
  std::memcpy(joined, name_->bytes, prefix);
  std::memcpy(joined + prefix, data, data_length);
  target_.Assign(joined, prefix + data_length);
}

bool Walk::Follow() noexcept {
  if (step_.match != Match::kCname && step_.match != Match::kDname) return false;
  // The CNAME made from a DNAME is what was asked for (RFC 6672 3.2).
  if (type_ == kTypeCname) return false;
  if (too_long_ || steps_ + 1 >= kMaxChain) return false;
  passed_[steps_++] = step_.node;
  current_ = target_;
  const uint64_t hash = cut_.table->Hash(current_.bytes, current_.length);
  const Resolution next = Lookup(cut_, hash, current_.bytes, current_.length, type_);
  if (next.zone == nullptr) return false;  // outside our zones
  if (next.match == Match::kCname) {
    for (int i = 0; i < steps_; ++i) {
      if (passed_[i] == next.node && !next.wildcard) return false;
    }
  }
  name_ = &current_;
  step_ = next;
  Aim();
  return true;
}

}  // namespace understudy::contract
