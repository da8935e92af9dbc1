// Publication: the one part of control that touches shared memory.
//
//   WriteTable     writes table.<N> aside and renames it (slow, any thread)
//   PublishTable   brings its selection up to date, swings root.table_generation to it
//   PublishChoices fills a free bank and swings the live word, in every table still in use
//   Observe        how far the dataplane is: which generation every worker answers from
//
// Several tables may be in use: the current one, and those the dataplane has not left yet (or will
// not leave, because it refused the new one). A health change goes to all of them, or a refused
// table would freeze failover.
//
// Invariants
//  1. Generations of tables and selections only grow, over restarts of control too.
//  2. Nothing here waits for the dataplane; it may be absent, stuck or of another version.
//  3. A failure (disk full, ...) leaves everything published as it was.
//  4. The current table is never unlinked, nor one that the dataplane may still answer from.
//  5. A choice means the side of its name: each table is written by the order of its own sides.
// Used by: engine, on the loop's thread, but for WriteTable, which any one thread may run.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_PUBLISHER_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_PUBLISHER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/config/desired_state.h"
#include "control/failover/decision.h"
#include "control/publication/answer_counts.h"
#include "control/publication/side_orders.h"
#include "dataplane/contract/mapping.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/selection.h"
#include "dataplane/contract/table_writer.h"

namespace understudy::control {

// How far workers are with a selection generation.
struct Observation {
  bool dataplane_alive = false;
  uint32_t workers = 0;
  uint32_t observed = 0;          // workers that answer from it, or hold nothing and will
  uint64_t last_observed_ns = 0;  // MonotonicNs when the last of them began to; 0: none held a cut
};

class Publisher {
 public:
  // Takes control.lock: one control per instance. FailedPrecondition when another one holds it.
  static absl::StatusOr<contract::OwnerLock> TakeLock(const contract::InstancePaths& paths);
  static absl::StatusOr<std::unique_ptr<Publisher>> Open(const contract::InstancePaths& paths,
                                                         contract::StalePolicy stale_policy,
                                                         contract::OwnerLock lock);
  // Both.
  static absl::StatusOr<std::unique_ptr<Publisher>> Open(const contract::InstancePaths& paths,
                                                         contract::StalePolicy stale_policy);
  ~Publisher();

  // Writes the table of `state` under the next generation, not yet current. Slow (seconds for a
  // million names): off the loop's thread. Every group starts as kPrimary.
  absl::StatusOr<uint64_t> WriteTable(const DesiredState& state, contract::TableWriter::Size* size);

  // The selection generation, and when it was begun to be published (MonotonicNs).
  struct Published {
    uint64_t generation = 0;
    uint64_t at_ns = 0;
  };
  // Makes a written table current, with `choices` as they are now, by its own sides. Those of the
  // tables before it stay as they are.
  absl::StatusOr<Published> PublishTable(uint64_t generation, const GroupChoices& choices);
  // Removes a written table that will not be published.
  void DiscardTable(uint64_t generation);
  // Changes the groups named, all in one cut; the others keep their choice. By the order of sides
  // of the table published last.
  absl::StatusOr<Published> PublishChoices(const GroupChoices& changes);

  // Choices found in shared memory at Open: what a predecessor had published. Empty if none.
  const std::map<std::string, Choice>& inherited_choices() const;

  // The table that is current. Null before the first PublishTable of an instance.
  const contract::Table* table() const;
  std::vector<Choice> CurrentChoices() const;
  // Until a table is published, choices are given by the order of sides `now`, and the tables that
  // a predecessor left have that of `inherited`; null: not known, places are taken as they come.
  void NameSides(std::shared_ptr<const SideOrders> inherited,
                 std::shared_ptr<const SideOrders> now);

  // What the dataplane answers from: the table it adopted, which is an older one while it loads the
  // current one or when it refused it; without a dataplane the current one. For explain.
  struct Answering {
    const contract::Table* table = nullptr;  // null: nothing is published
    const std::vector<Choice>* choices = nullptr;
  };
  Answering answering() const;
  uint64_t selection_generation() const;  // live now; 0 when there is no table
  size_t tables_in_use() const;

  void SetStalePolicy(contract::StalePolicy policy);
  void Beat();
  // When control last did, as everybody else reads it in shared memory (MonotonicNs).
  uint64_t beat_ns() const;
  // A planned end: says so in the root. The last beat stays, so that a restart within the stale
  // limit is not even flagged.
  void ShutDown();
  // Lets go of tables nobody uses any more, follows a restarted dataplane. Call it now and then.
  void Tend(uint64_t now_ns = contract::MonotonicNs());
  // Whether a dataplane holds its lock, as of the last Tend.
  bool dataplane_alive() const;
  Observation Observe(uint64_t selection_generation) const;
  // How often the sides of a group were answered, as of the last Tend and in its table of now.
  GroupAnswers AnswersOf(std::string_view group) const;
  // Null while there is no dataplane, or one of a foreign layout.
  const contract::ReportReader* report() const;

 private:
  Publisher() = default;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_PUBLISHER_H_
