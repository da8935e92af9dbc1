// From a question to all steps of its answer: Lookup, and again for every CNAME and DNAME on the
// way.
//
// Used by: the responder (appends what each step says) and control's explain (prints it). One walk,
// so what explain says is what the wire carries.
//
//   for (Walk walk(cut, name, hash, type);; ) { use walk.step(); if (!walk.Follow()) break; }
//
// A chain ends, with all its steps said, where the target is outside our zones, where it comes back
// to a node it passed, or after kMaxChain steps. RFC 1034 3.6.2 and 4.3.2, RFC 6672 3.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_WALK_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_WALK_H_

#include <cstdint>

#include "dataplane/contract/lookup.h"

namespace understudy::contract {

// A name in canonical wire form, zero for 16 octets behind its end, as Table::Find wants it.
struct Name {
  uint16_t length = 0;
  alignas(8) uint8_t bytes[kPaddedName + kZerosBehindName];

  // Lower-cases `wire`, a valid uncompressed name of `octets` (1..255).
  void Assign(const uint8_t* wire, size_t octets) noexcept;
};

class Walk {
 public:
  // `hash` is the table's hash of `name`. `name` outlives the walk.
  Walk(const Cut& cut, const Name& name, uint64_t hash, uint16_t type) noexcept
      : cut_(cut),
        type_(type),
        name_(&name),
        step_(Lookup(cut, hash, name.bytes, name.length, type)) {
    Aim();
  }
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  const Table& table() const noexcept { return *cut_.table; }
  const Resolution& step() const noexcept { return step_; }
  const Name& name() const noexcept { return *name_; }  // what step() is about
  // Where step() leads, when it is a CNAME or DNAME.
  const Name& target() const noexcept { return target_; }

  // Goes on to the target. False when step() was the last one.
  bool Follow() noexcept;
  // step() is a DNAME whose target would exceed 255 octets: YXDOMAIN (RFC 6672 2.2).
  bool too_long() const noexcept { return too_long_; }

 private:
  void Aim() noexcept;

  const Cut& cut_;
  uint16_t type_;
  int steps_ = 0;
  bool too_long_ = false;
  const Name* name_;
  Name current_;
  Name target_;
  const NodeRecord* passed_[kMaxChain];
  Resolution step_;
};

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_WALK_H_
