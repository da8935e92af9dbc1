// When nobody reads the old table any more: grace periods over DPDK's QSBR (rte_rcu_qsbr).
//
// Used by: table_swap (begins and ends grace periods), table_reader (reports).
//
// Invariants
//  1. A reader is offline, or it reports before every look at the current table. So a grace period
//     lasts one burst of the slowest reader, and a reader that sleeps offline delays nobody.
//  2. Readers never wait; only the one who wants to free something looks whether it may.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_QUIESCENCE_H_
#define UNDERSTUDY_DATAPLANE_WORKER_QUIESCENCE_H_

#include <cstdint>
#include <memory>
#include <vector>

struct rte_rcu_qsbr;

namespace understudy::worker {

// What table_swap needs of it, so that a test can put a broken one in its place.
class GracePeriod {
 public:
  virtual ~GracePeriod() = default;
  // Begins one: to be called after what is retired can no longer be found.
  virtual uint64_t Begin() noexcept = 0;
  // Whether every reader passed between two looks since then.
  virtual bool IsOver(uint64_t token) noexcept = 0;
};

class Quiescence final : public GracePeriod {
 public:
  explicit Quiescence(uint32_t max_readers);
  ~Quiescence() override;

  uint64_t Begin() noexcept override;
  bool IsOver(uint64_t token) noexcept override;

  // A new reader, offline. At most max_readers at a time; main thread only, as is Unregister.
  uint32_t Register();
  void Unregister(uint32_t reader);
  void GoOnline(uint32_t reader) noexcept;
  void GoOffline(uint32_t reader) noexcept;
  // The reader holds nothing of what it looked at before.
  void Report(uint32_t reader) noexcept;

 private:
  struct Free {
    void operator()(rte_rcu_qsbr* state) const;
  };
  std::unique_ptr<rte_rcu_qsbr, Free> state_;
  uint32_t readers_ = 0;
  std::vector<uint32_t> free_;  // numbers of readers that are no more
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_QUIESCENCE_H_
