#include "control/config/record_ttls.h"

#include <algorithm>
#include <map>
#include <utility>

namespace understudy::control {

std::vector<RecordTtl> TtlsOf(const std::vector<GroupRecord>& records) {
  std::map<std::pair<uint16_t, uint8_t>, uint32_t> longest;
  for (const GroupRecord& record : records) {
    for (size_t tier = 0; tier < record.sides.size(); ++tier) {
      const contract::Side& side = record.sides[tier];
      if (side.rdata.empty()) continue;
      uint32_t& ttl_s = longest[{record.type, static_cast<uint8_t>(tier)}];
      ttl_s = std::max(ttl_s, side.ttl_s);
    }
  }
  std::vector<RecordTtl> ttls;
  ttls.reserve(longest.size());
  for (const auto& [key, ttl_s] : longest) {
    ttls.push_back({.type = key.first, .tier = key.second, .longest_s = ttl_s});
  }
  return ttls;
}

}  // namespace understudy::control
