// Builds a table file from record sets. Owns what is derived from them: empty non-terminals,
// wildcards, zone cuts and what they occlude, referrals with glue, negative answers, the hash
// index.
//
// Used by: control (every configuration change), tests, fuzzers and bench.
// Knows names and rdata only as canonical wire bytes; their text form is control's business.
//
// Invariants
//  1. A file appears under its name only when it is complete (written aside, then renamed), so a
//     writer killed at any instant leaves either no file of that name or a good one.
//  2. Space is reserved before the first byte is written: a full file system is an error here,
//     never a SIGBUS in whoever maps the file.
//  3. The same calls in the same order give the same bytes, but for created_unix_ns.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_WRITER_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/contract/table_format.h"

namespace understudy::contract {

// The value of a record set on one side. Empty rdata: this side has no such set (answered NODATA).
struct Side {
  uint32_t ttl_s = 0;
  std::vector<std::string> rdata;  // uncompressed wire form, in the order answered
};

struct RecordSet {
  std::string owner;  // canonical wire form
  uint16_t type = 0;
  uint32_t group = 0;       // 0 = static: exactly one side; else an AddGroup result
  std::vector<Side> sides;  // as many as the group has
};

class TableWriter {
 public:
  TableWriter();
  ~TableWriter();
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  // Makes room for so many names at once; a guess will do. Saves time, changes nothing else.
  void Reserve(size_t names);

  // Every zone is added before the first record set. `apex` in canonical wire form, each only once.
  // Returns false when it stands already.
  bool AddZone(std::string_view apex);

  // Returns the group's index (> 0). `sides` in 1..kMaxSides.
  uint32_t AddGroup(std::string_view name, uint8_t sides);

  // Adds `set` to the zone of that apex. What zones of this table below it answer themselves is
  // passed over silently: all names at or below their apex but the DS set there, which is the
  // parent's (RFC 4035 3.1.4.1). Returns an error text, empty when taken: owner not in the zone, a
  // set of that name and type already there, CNAME beside other data (RFC 1034 3.6.2), a set over
  // 65,535 octets, NS at a wildcard (undefined, RFC 4592 4.2), sides that do not fit the group.
  std::string Add(std::string_view zone_apex, RecordSet set);

  struct Size {
    uint64_t file = 0;
    uint64_t data = 0;  // names and answers alone, for "bytes per name on top of its data"
    uint32_t nodes = 0;
    uint32_t record_sets = 0;
  };
  // Writes `path`. The selection starts as `choices` (one per group, index 0 ignored; missing ones
  // are kPrimary) with `selection_generation` (> 0). Returns an error text, empty when written.
  // Errors: a zone without SOA or NS, no space, an I/O error with its path and errno.
  std::string Write(const std::string& path, uint64_t generation, uint64_t selection_generation,
                    const std::vector<Choice>& choices, Size* size = nullptr);

 private:
  std::unique_ptr<class TableDraft> draft_;
};

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_WRITER_H_
