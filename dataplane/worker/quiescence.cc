#include "dataplane/worker/quiescence.h"

#include <rte_rcu_qsbr.h>

#include <cstdlib>
#include <new>

namespace understudy::worker {

void Quiescence::Free::operator()(rte_rcu_qsbr* state) const { std::free(state); }

Quiescence::Quiescence(uint32_t max_readers) {
  const size_t size = rte_rcu_qsbr_get_memsize(max_readers);
  // A whole number of cache lines, as aligned_alloc wants it: get_memsize rounds up to them.
  state_.reset(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(RTE_CACHE_LINE_SIZE, size)));
  if (!state_ || rte_rcu_qsbr_init(state_.get(), max_readers) != 0) throw std::bad_alloc();
}

Quiescence::~Quiescence() = default;

uint64_t Quiescence::Begin() noexcept { return rte_rcu_qsbr_start(state_.get()); }

bool Quiescence::IsOver(uint64_t token) noexcept {
  return rte_rcu_qsbr_check(state_.get(), token, false) == 1;
}

uint32_t Quiescence::Register() {
  const uint32_t reader = free_.empty() ? readers_++ : free_.back();
  if (!free_.empty()) free_.pop_back();
  if (rte_rcu_qsbr_thread_register(state_.get(), reader) != 0) throw std::bad_alloc();
  return reader;
}

void Quiescence::Unregister(uint32_t reader) {
  rte_rcu_qsbr_thread_unregister(state_.get(), reader);
  free_.push_back(reader);
}

void Quiescence::GoOnline(uint32_t reader) noexcept {
  rte_rcu_qsbr_thread_online(state_.get(), reader);
}

void Quiescence::GoOffline(uint32_t reader) noexcept {
  rte_rcu_qsbr_thread_offline(state_.get(), reader);
}

void Quiescence::Report(uint32_t reader) noexcept { rte_rcu_qsbr_quiescent(state_.get(), reader); }

}  // namespace understudy::worker
