// What time it is, read when somebody asks, once a burst at most.
//
// Used by: cookies (wall clock), the rate limiter (monotonic). Tests bring a clock of their own.
//
// Invariant: reading costs no system call. Both are the coarse clocks of the vDSO, which advance
// every few milliseconds whatever the machine's clock source is.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_CLOCK_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace understudy::responder {

struct Clock {
  uint64_t (*unix_s)() noexcept;
  uint64_t (*monotonic_ns)() noexcept;
};

inline constexpr Clock kSystemClock = {.unix_s =
                                           []() noexcept {
                                             timespec now = {};
                                             clock_gettime(CLOCK_REALTIME_COARSE, &now);
                                             return static_cast<uint64_t>(now.tv_sec);
                                           },
                                       .monotonic_ns =
                                           []() noexcept {
                                             timespec now = {};
                                             clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
                                             return static_cast<uint64_t>(now.tv_sec) *
                                                        1'000'000'000 +
                                                    static_cast<uint64_t>(now.tv_nsec);
                                           }};

// The time of one burst.
class BurstTime {
 public:
  explicit BurstTime(const Clock& clock) : clock_(clock) {}
  uint32_t unix_s() noexcept {
    if (unix_s_ == 0) unix_s_ = clock_.unix_s();
    return static_cast<uint32_t>(unix_s_);
  }
  uint64_t monotonic_ns() noexcept {
    if (monotonic_ns_ == 0) monotonic_ns_ = clock_.monotonic_ns();
    return monotonic_ns_;
  }

 private:
  const Clock& clock_;
  uint64_t unix_s_ = 0;  // 0: not read yet
  uint64_t monotonic_ns_ = 0;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_CLOCK_H_
