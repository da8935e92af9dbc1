#include "control/publication/side_orders.h"

#include <algorithm>
#include <utility>

namespace understudy::control {

SideOrders::SideOrders(const DesiredState& desired) {
  of_group_.reserve(desired.groups.size());
  for (const FailoverGroup& group : desired.groups) {
    Order order;
    order.reserve(group.tiers.size());
    for (const Tier& tier : group.tiers) order.push_back(tier.name);
    Add(group.name, std::move(order));
  }
}

void SideOrders::Add(std::string_view group, Order order) {
  std::shared_ptr<const Order>& shared = distinct_[order];
  if (!shared) shared = std::make_shared<const Order>(std::move(order));
  of_group_.emplace(std::string(group), shared);
}

const SideOrders::Order* SideOrders::Of(std::string_view group) const {
  const auto found = of_group_.find(absl::string_view(group.data(), group.size()));
  return found == of_group_.end() ? nullptr : found->second.get();
}

std::optional<Choice> Translated(Choice choice, const SideOrders::Order& from,
                                 const SideOrders::Order& to) {
  if (contract::IsPolicy(choice)) return choice;
  if (choice == AllOf(from.size())) return AllOf(to.size());
  const auto place = static_cast<size_t>(choice);
  if (place >= from.size()) return std::nullopt;
  const auto found = std::ranges::find(to, from[place]);
  if (found == to.end()) return std::nullopt;
  return ChoiceOf(static_cast<size_t>(found - to.begin()));
}

}  // namespace understudy::control
