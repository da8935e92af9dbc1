#include "dataplane/responder/cookie_secrets.h"

#include <bit>

namespace understudy::responder {

void CookieSecrets::Publish(const CookieKeys& keys) noexcept {
  const uint64_t next = published_.load(std::memory_order_relaxed) + 1;
  const auto words = std::bit_cast<std::array<uint64_t, kWords>>(keys);
  // release, each: a reader that sees one of these words also sees how far published_ was before,
  // and so that its own slot was taken from under it.
  for (size_t i = 0; i < kWords; ++i) {
    slots_[next % kSlots].words[i].store(words[i], std::memory_order_release);
  }
  // release: a reader of this slot finds its words.
  published_.store(next, std::memory_order_release);
}

CookieKeys CookieSecrets::Read() const noexcept {
  std::array<uint64_t, kWords> words;
  uint64_t before = 0;
  do {
    // acquire: pairs with the release above.
    before = published_.load(std::memory_order_acquire);
    const Slot& slot = slots_[before % kSlots];
    // acquire, each: the look at published_ below comes after them.
    for (size_t i = 0; i < kWords; ++i) words[i] = slot.words[i].load(std::memory_order_acquire);
  } while (published_.load(std::memory_order_acquire) - before >= kSlots - 1);
  return std::bit_cast<CookieKeys>(words);
}

}  // namespace understudy::responder
