// Collects the records of one zone into record sets, and judges the zone as a whole.
//
// Used by: zone_file.cc.
//
// Invariants
//  1. A record set stands once, where its first record stood; its data in the order of the file.
//  2. A record that is there twice is kept once (RFC 2181 5), and a set has one TTL, the lowest
//     that was given (RFC 2181 5.2); both are worth a warning.
//  3. Work per record does not grow with the zone, nor with its record set.
#ifndef UNDERSTUDY_CONTROL_ZONE_RECORD_SETS_H_
#define UNDERSTUDY_CONTROL_ZONE_RECORD_SETS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "control/zone/zone_file.h"

namespace understudy::control {

// Errors or warnings of one file, by line: a thousand in full, the others as a number.
class FindingList {
 public:
  explicit FindingList(std::vector<ZoneFileError>* list) : list_(list) {}
  void Add(int line, std::string message);
  // Says how many were left out, with `what` as "errors". After it nothing is added.
  void Close(const std::string& what);

 private:
  std::vector<ZoneFileError>* list_;
  size_t left_out_ = 0;
};

class RecordSets {
 public:
  // `expected`: about how many sets; a guess saves time.
  RecordSets(Zone* zone, size_t expected, FindingList* errors, FindingList* warnings)
      : zone_(zone),
        errors_(errors),
        warnings_(warnings),
        index_(expected, SetHash{zone}, SetEqual{zone}) {}

  void Add(std::string_view owner, uint16_t type, uint32_t ttl_s, std::string_view rdata, int line);

  bool Has(std::string_view owner, uint16_t type) const;
  // What no single record shows: CNAME beside other data (RFC 1034 3.6.2), more than one CNAME,
  // DNAME or SOA, data below a DNAME (RFC 6672 2.4).
  void CheckWhole();

 private:
  struct Key {
    std::string_view owner;
    uint16_t type;
  };
  // The index holds positions; both find the key of one in the zone.
  struct SetHash {
    using is_transparent = void;
    const Zone* zone;
    size_t operator()(const Key& key) const;
    size_t operator()(uint32_t position) const;
  };
  struct SetEqual {
    using is_transparent = void;
    const Zone* zone;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, const Key& b) const;
    bool operator()(const Key& a, uint32_t b) const { return (*this)(b, a); }
  };
  struct SetNote {
    uint32_t octets = 0;  // of the set in an answer
    bool ttl_warned = false;
  };

  // Whether the set still fits a message with `octets` more of data; tells once that it does not.
  bool Grow(uint32_t position, size_t octets, int line);
  void AddTo(uint32_t position, uint32_t ttl_s, std::string_view rdata, int line);
  bool IsDuplicate(uint32_t position, std::string_view rdata);
  void CheckSingle(uint32_t position);
  void CheckCnames();
  void CheckDnames();
  void CheckTypeCounts();
  std::string NameOf(uint32_t position) const;

  Zone* zone_;
  FindingList* errors_;
  FindingList* warnings_;
  std::vector<SetNote> notes_;  // as zone_->records
  absl::flat_hash_set<uint32_t, SetHash, SetEqual> index_;
  // Data of sets that are too large to look through, by position.
  absl::flat_hash_map<uint32_t, absl::flat_hash_set<std::string>> large_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_RECORD_SETS_H_
