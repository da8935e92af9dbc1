// Room on the stack for one thing per query of a burst, made one by one: a short burst does not pay
// for the longest.
//
// Used by: responder.cc, frame_responder.cc.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_BURST_ROOM_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_BURST_ROOM_H_

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>

namespace understudy::responder {

template <typename T, size_t kMost>
class BurstRoom {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  // Members without initializers stay as they are.
  T& Make(size_t i) noexcept { return *new (room_ + i * sizeof(T)) T; }
  // The first `count`, which were made.
  std::span<T> first(size_t count) noexcept { return {reinterpret_cast<T*>(room_), count}; }

 private:
  alignas(T) std::byte room_[kMost * sizeof(T)];
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_BURST_ROOM_H_
