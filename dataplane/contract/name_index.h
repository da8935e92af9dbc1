// The names of a table while it is built: each once, with a number in the order they came.
//
// Used by: table_draft.cc alone.
//
// Invariants
//  1. Views given out stay good as long as the index.
//  2. A million names cost no allocation each: their bytes are in chunks, their places in one
//  array.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_NAME_INDEX_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_NAME_INDEX_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::contract {

class NameIndex {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  void Reserve(size_t names);
  // The number of `name`, and whether it is new: then its number is the size before.
  std::pair<uint32_t, bool> Insert(std::string_view name);
  // kNone when it is not there.
  uint32_t Find(std::string_view name) const;
  std::string_view operator[](uint32_t number) const { return names_[number]; }
  size_t size() const { return names_.size(); }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t number = kNone;
  };
  // Where the name is, or the free slot where it would be.
  size_t SlotOf(std::string_view name, uint32_t hash) const;
  void Spread(size_t slots);
  std::string_view Keep(std::string_view name);

  std::vector<std::string_view> names_;
  std::vector<Slot> slots_;  // none, or a power of two of them, at most half of them taken
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;  // free octets of the last chunk
  size_t left_ = 0;       // and how many
};

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_NAME_INDEX_H_
