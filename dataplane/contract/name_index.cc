#include "dataplane/contract/name_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace understudy::contract {
namespace {

constexpr size_t kChunkOctets = 1 << 16;
constexpr size_t kFewestSlots = 64;

// Not HashName, which wants zeros behind the name.
uint32_t HashOf(std::string_view name) {
  return static_cast<uint32_t>(std::hash<std::string_view>()(name));
}

}  // namespace

void NameIndex::Reserve(size_t names) {
  names_.reserve(names);
  const size_t slots = std::bit_ceil(std::max(2 * names, kFewestSlots));
  if (slots > slots_.size()) Spread(slots);
}

std::pair<uint32_t, bool> NameIndex::Insert(std::string_view name) {
  if (2 * (names_.size() + 1) > slots_.size()) Spread(std::max(2 * slots_.size(), kFewestSlots));
  const uint32_t hash = HashOf(name);
  Slot& slot = slots_[SlotOf(name, hash)];
  if (slot.number != kNone) return {slot.number, false};
  slot = {hash, static_cast<uint32_t>(names_.size())};
  names_.push_back(Keep(name));
  return {slot.number, true};
}

uint32_t NameIndex::Find(std::string_view name) const {
  return slots_.empty() ? kNone : slots_[SlotOf(name, HashOf(name))].number;
}

size_t NameIndex::SlotOf(std::string_view name, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.number == kNone) return at;
    if (slot.hash == hash && names_[slot.number] == name) return at;
  }
}

void NameIndex::Spread(size_t slots) {
  std::vector<Slot> spread(slots);
  for (const Slot& slot : slots_) {
    if (slot.number == kNone) continue;
    size_t at = slot.hash & (slots - 1);
    while (spread[at].number != kNone) at = (at + 1) & (slots - 1);
    spread[at] = slot;
  }
  slots_ = std::move(spread);
}

std::string_view NameIndex::Keep(std::string_view name) {
  if (name.size() > left_) {
    left_ = std::max(kChunkOctets, name.size());
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
    next_ = chunks_.back().get();
  }
  char* at = next_;
  std::memcpy(at, name.data(), name.size());
  next_ += name.size();
  left_ -= name.size();
  return {at, name.size()};
}

}  // namespace understudy::contract
