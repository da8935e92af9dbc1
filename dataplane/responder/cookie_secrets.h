// The secrets of server cookies, shared by all workers and the TCP side.
//
// Used by: edns_options (reads), cookie_keeper (publishes, from the main thread).
//
// Invariants
//  1. One writer. A reader never waits for it, also not for one that stopped halfway.
//  2. What Read returns was published as a whole: the writer fills a slot that no reader of the
//     last kSlots - 2 publications looks at, and a reader that was overtaken by more reads again.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_COOKIE_SECRETS_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_COOKIE_SECRETS_H_

#include <array>
#include <atomic>
#include <cstdint>

namespace understudy::responder {

using CookieSecret = std::array<uint8_t, 16>;  // RFC 9018 4.4: the key of SipHash-2-4

// `current` makes cookies; both check them, so that a change of secrets is not noticed by clients
// (RFC 9018 5).
struct CookieKeys {
  CookieSecret current{};
  CookieSecret
      other{};  // the one before, or the one to come; equal to `current` when there is none
};

class CookieSecrets {
 public:
  void Publish(const CookieKeys& keys) noexcept;
  CookieKeys Read() const noexcept;

 private:
  static constexpr size_t kSlots = 4;
  static constexpr size_t kWords = sizeof(CookieKeys) / sizeof(uint64_t);
  struct Slot {
    std::atomic<uint64_t> words[kWords] = {};
  };

  Slot slots_[kSlots];
  std::atomic<uint64_t> published_{0};  // how often; the live slot is this modulo kSlots
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_COOKIE_SECRETS_H_
