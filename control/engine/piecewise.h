// Piecewise: a walk over a map of many checks or groups that does not hold the loop: between two
// pieces everything that is ready goes first.
//
// Used by: api (lists, status).
// Invariants
//  1. The map may change between two pieces: the next one goes on behind the last name.
//  2. What is seen is therefore not one cut: each piece is as of its own turn of the loop.
#ifndef UNDERSTUDY_CONTROL_ENGINE_PIECEWISE_H_
#define UNDERSTUDY_CONTROL_ENGINE_PIECEWISE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <map>
#include <string>

namespace understudy::control {

// Calls `each` with every value, by name. On the loop; `all` and what `each` uses live longer.
template <typename Value, typename Each>
boost::asio::awaitable<void> ForEachPiecewise(const std::map<std::string, Value>& all, size_t piece,
                                              Each each) {
  namespace asio = boost::asio;
  for (auto it = all.begin(); it != all.end();) {
    const std::string* last = nullptr;
    for (size_t i = 0; i < piece && it != all.end(); ++i, ++it) {
      each(it->second);
      last = &it->first;
    }
    if (it == all.end()) co_return;
    const std::string behind = *last;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    it = all.upper_bound(behind);
  }
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_PIECEWISE_H_
