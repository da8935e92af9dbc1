#include "control/publication/table_in_use.h"

namespace understudy::control {

TableInUse::TableInUse(contract::SelectionWriter writer, Sides sides)
    : writer_(std::move(writer)), sides_(std::move(sides)), choices_(writer_.Choices()) {
  const uint32_t count = table().header().group_count;
  choices_.resize(count, Choice::kPrimary);
  group_index_.reserve(count);
  for (uint32_t i = 1; i < count; ++i) group_index_.emplace(table().GroupName(i), i);
}

std::optional<TableInUse> TableInUse::Open(const std::string& path, Sides sides,
                                           std::string* error) {
  auto writer = contract::SelectionWriter::Open(path, error);
  if (!writer) return std::nullopt;
  return TableInUse(*std::move(writer), std::move(sides));
}

std::optional<Choice> TableInUse::ByOwnOrder(const GroupChoice& change, const Sides& given) const {
  if (given == sides_ || !given || !sides_) return change.choice;
  const SideOrders::Order* from = given->Of(change.group);
  const SideOrders::Order* to = sides_->Of(change.group);
  if (from == nullptr || to == nullptr) return change.choice;
  return Translated(change.choice, *from, *to);
}

bool TableInUse::Publish(uint64_t generation, const GroupChoices& changes, const Sides& given,
                         const contract::ReportSegment* report) {
  std::vector<Choice> next = choices_;
  for (const GroupChoice& change : changes) {
    const auto found = group_index_.find(change.group);
    if (found == group_index_.end()) continue;
    if (const std::optional<Choice> own = ByOwnOrder(change, given)) next[found->second] = *own;
  }
  if (!writer_.Publish(generation, next, report)) return false;
  choices_ = std::move(next);
  return true;
}

}  // namespace understudy::control
