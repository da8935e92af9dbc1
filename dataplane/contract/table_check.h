// The attach ritual of a table: is every byte of it what a writer of our layout left there?
//
// Used by: Table::Open; NameLength and ChecksumOf by the writer too. The order is the order of
// trust: size, version, magic, section bounds, checksum, then every bucket, node, record set and
// answer. Only what passed is followed further.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_CHECK_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/contract/table.h"

namespace understudy::contract {

// kNone when `size` bytes at `base` (64-byte aligned) are a complete table; else why not, with a
// sentence in `error`.
Refusal CheckTable(const uint8_t* base, size_t size, std::string* error);

// Octets of the uncompressed name at `name`, its root label included (RFC 1035 3.1); 0 when there
// is none of at most 255 octets within `available`.
size_t NameLength(const uint8_t* name, size_t available);

// The checksum as header.checksum must have it.
uint64_t ChecksumOf(const uint8_t* base);

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_CHECK_H_
