// Lists: GET /v1/checks and GET /v1/groups, all of them, however many there are.
//
// Used by: api.
// Invariants
//  1. The loop is never held for more than kListPiece of them: between two pieces everything that
//     is ready goes first. A list is not one cut: each piece is as of its own turn of the loop.
//  2. At most kMaxLists are put together at a time: each may be tens of megabytes.
#ifndef UNDERSTUDY_CONTROL_API_LISTS_H_
#define UNDERSTUDY_CONTROL_API_LISTS_H_

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

inline constexpr size_t kListPiece = 128;
inline constexpr size_t kMaxLists = 4;

bool IsForList(const Request& request);

class Lists {
 public:
  explicit Lists(const Engine& engine) : engine_(engine) {}
  boost::asio::awaitable<Reply> Of(Request request) const;

 private:
  const Engine& engine_;
  const std::shared_ptr<const char> under_way_ = std::make_shared<const char>();
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_LISTS_H_
