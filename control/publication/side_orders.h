// In which order the sides of each group stand: what the places of a table, or of choices, mean.
//
// Used by: publisher and table_in_use, which write a choice into tables of different orders.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_SIDE_ORDERS_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_SIDE_ORDERS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "control/config/desired_state.h"
#include "control/failover/decision.h"

namespace understudy::control {

class SideOrders {
 public:
  using Order = std::vector<std::string>;  // names of sides, the primary's first

  SideOrders() = default;
  explicit SideOrders(const DesiredState& desired);
  // Not twice for one group.
  void Add(std::string_view group, Order order);

  // Null: not known.
  const Order* Of(std::string_view group) const;

 private:
  // Most groups have the same few names.
  std::map<Order, std::shared_ptr<const Order>> distinct_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Order>> of_group_;
};

// What `choice` by the order `from` is by the order `to`: the side of the same name, wherever it
// stands. Nothing: there is none.
std::optional<Choice> Translated(Choice choice, const SideOrders::Order& from,
                                 const SideOrders::Order& to);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_SIDE_ORDERS_H_
