// The fields of an order's body. Unknown ones are errors: a misspelt "for" must not become forever.
//
// Used by: orders.
#ifndef UNDERSTUDY_CONTROL_API_ORDER_FIELDS_H_
#define UNDERSTUDY_CONTROL_API_ORDER_FIELDS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "control/api/request.h"

namespace understudy::control {

class OrderFields {
 public:
  static absl::StatusOr<OrderFields> Of(const Request& request,
                                        const std::vector<std::string_view>& texts,
                                        const std::vector<std::string_view>& flags);

  // Empty, or false, when it was not given.
  std::string Text(const std::string& name) const;
  bool Flag(const std::string& name) const;

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, bool> flags_;
};

bool IsPrintable(std::string_view text);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_ORDER_FIELDS_H_
