// One reader's way to the table: quiescent report, current table, live selection; once per burst.
//
// Used by: packet_worker, listener. One per thread; owns that thread's slot of the report.
//
// Invariants
//  1. Between Enter and the next Enter or Leave the cut stays readable and unchanged.
//  2. A thread that is going to block calls Leave first: then it delays neither an unmap nor a
//  flip.
//  3. Enter and Leave are the thread's signs of life: both make `rounds` of its slot grow.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_TABLE_READER_H_
#define UNDERSTUDY_DATAPLANE_WORKER_TABLE_READER_H_

#include <cstdint>

#include "dataplane/contract/report.h"
#include "dataplane/contract/selection.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_swap.h"

namespace understudy::worker {

class TableReader {
 public:
  TableReader(const TableSwap& swap, Quiescence& quiescence, contract::WorkerSlot& slot)
      : swap_(swap),
        quiescence_(quiescence),
        slot_(slot),
        selection_(slot),
        id_(quiescence.Register()) {}
  ~TableReader() {
    Leave();
    quiescence_.Unregister(id_);
  }
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  // The cut to answer a burst from. Without a table yet: a cut without one.
  contract::Cut Enter() noexcept;
  void Leave() noexcept;
  // Adds what became of a burst to the report.
  void Account(const contract::Tally& tally) noexcept;

 private:
  void ShowLife() noexcept;

  const TableSwap& swap_;
  Quiescence& quiescence_;
  contract::WorkerSlot& slot_;
  contract::SelectionReader selection_;
  const uint32_t id_;
  uint64_t sequence_ = 0;           // of the table that selection_ is in
  contract::GroupCounter counter_;  // of the same
  uint64_t rounds_ = 0;
  bool online_ = false;
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_TABLE_READER_H_
