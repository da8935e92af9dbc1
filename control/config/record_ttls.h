// Record TTLs: how long resolvers may keep what a group answered, which no failover is faster than.
//
// Used by: standing (keeps them, where the records themselves are not kept), time_to_failover.
#ifndef UNDERSTUDY_CONTROL_CONFIG_RECORD_TTLS_H_
#define UNDERSTUDY_CONTROL_CONFIG_RECORD_TTLS_H_

#include <cstdint>
#include <vector>

#include "control/config/desired_state.h"

namespace understudy::control {

// Of all records of a type that are answered while a tier is.
struct RecordTtl {
  uint16_t type = 0;
  uint8_t tier = 0;
  uint32_t longest_s = 0;
};

// By type and tier; without those that have no data (NODATA is answered then).
std::vector<RecordTtl> TtlsOf(const std::vector<GroupRecord>& records);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_RECORD_TTLS_H_
