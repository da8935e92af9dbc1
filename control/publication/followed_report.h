// The report of the dataplane that runs now, over its restarts: what publication has to know of it.
//
// Used by: publisher.
// Invariants
//  1. The other side's memory is not to be trusted: whatever stands there, no read leaves it.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_FOLLOWED_REPORT_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_FOLLOWED_REPORT_H_

#include <cstdint>
#include <optional>

#include "control/publication/publisher.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"

namespace understudy::control {

class FollowedReport {
 public:
  // Opens the report again if there is another one by now. A dataplane makes its report before its
  // first worker, so a writer that looks for a new one before every refill never overlooks a worker
  // of a dataplane that restarted.
  void Follow(const contract::InstancePaths& paths);

  // Null: there is none, or one of a foreign layout.
  const contract::ReportReader* reader() const { return reader_ ? &*reader_ : nullptr; }
  const contract::ReportSegment* segment() const {
    return reader_ ? reader_->operator->() : nullptr;
  }

  uint64_t AdoptedTable() const;
  // Whether the dataplane is through with that table, and those before.
  bool HasRetired(uint64_t table_generation) const;
  // It may know generations of files that are gone, or that cannot be read any more.
  uint64_t HighestTable() const;
  uint64_t HighestSelection() const;
  // Adds how far the workers are.
  void Observe(uint64_t selection_generation, Observation& observation) const;

 private:
  std::optional<contract::ReportReader> reader_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_FOLLOWED_REPORT_H_
