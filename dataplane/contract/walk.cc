#include "dataplane/contract/walk.h"

#include <cstring>

#include "dataplane/contract/digest.h"
#include "dataplane/contract/lower_case.h"

namespace understudy::contract {
namespace {

constexpr size_t kRecordHead =
    12;  // pointer, type, class, TTL, length: before the data of a record

}  // namespace

void Name::Assign(const uint8_t* wire, size_t octets) noexcept {
  length = static_cast<uint16_t>(octets);
  // What the name does not fill of its last pair of words, and the pair behind it, is zero.
  std::memset(bytes + (octets & ~size_t{15}), 0, 16 + kZerosBehindName);
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
