#include "tools/understudyctl/group_traffic.h"

#include <algorithm>
#include <utility>

namespace understudy::ctl {

GroupNames NamesOf(const contract::Table& table) {
  std::vector<std::string> names;
  const uint32_t count = table.header().group_count;
  names.reserve(count);
  for (uint32_t i = 1; i < count; ++i) names.emplace_back(table.GroupName(i));
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

GroupTraffic ReadGroupTraffic(const contract::GroupCountsReader& reader, uint64_t generation,
                              GroupNames names) {
  if (reader.group_count() != names->size() + 1) return {};
  GroupTraffic traffic{
      .generation = generation, .columns = reader.columns(), .names = nullptr, .counts = {}};
  traffic.counts.reserve(names->size() * traffic.columns);
  for (uint32_t group = 1; group < reader.group_count(); ++group) {
    for (uint32_t column = 0; column < traffic.columns; ++column) {
      traffic.counts.push_back(reader.Sum(group, column));
    }
  }
  traffic.names = std::move(names);
  return traffic;
}

std::vector<GroupRate> BusiestBetween(const GroupTraffic& before, const GroupTraffic& after,
                                      double seconds, size_t limit) {
  if (seconds <= 0 || after.generation == 0 || before.generation != after.generation ||
      before.counts.size() != after.counts.size()) {
    return {};
  }
  const size_t columns = after.columns;
  std::vector<std::pair<uint64_t, size_t>> busy;  // how much more, and which group
  for (size_t group = 0; group < after.names->size(); ++group) {
    uint64_t grown = 0;
    for (size_t i = group * columns; i < (group + 1) * columns; ++i) {
      grown += after.counts[i] - std::min(before.counts[i], after.counts[i]);
    }
    if (grown > 0) busy.emplace_back(grown, group);
  }
  const auto busier = [](const auto& a, const auto& b) {
    return a.first == b.first ? a.second < b.second : a.first > b.first;
  };
  const size_t shown = std::min(limit, busy.size());
  std::partial_sort(busy.begin(), busy.begin() + static_cast<std::ptrdiff_t>(shown), busy.end(),
                    busier);
  busy.resize(shown);
  std::vector<GroupRate> rates;
  for (const auto& [grown, group] : busy) {
    GroupRate rate{.name = (*after.names)[group],
                   .answers = static_cast<double>(grown) / seconds,
                   .sides = {}};
    for (size_t i = group * columns; i < (group + 1) * columns; ++i) {
      const uint64_t more = after.counts[i] - std::min(before.counts[i], after.counts[i]);
      rate.sides.push_back(static_cast<double>(more) / seconds);
    }
    rates.push_back(std::move(rate));
  }
  return rates;
}

std::string WordOfSide(size_t side, size_t sides) {
  if (side + 1 == sides) return "none";
  return std::string(contract::WordOf(static_cast<contract::Choice>(side)));
}

}  // namespace understudy::ctl
