#include "control/publication/publisher.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/publication/answer_counts.h"
#include "control/publication/followed_report.h"
#include "control/publication/table_contents.h"
#include "control/publication/table_files.h"
#include "control/publication/table_in_use.h"

namespace understudy::control {
namespace {

using contract::InstancePaths;

// A table the dataplane left long ago may be let go of even if it never said "retired" (a worker of
// it is stuck for good, or it skipped the table); what is still mapped lives on without its name.
constexpr uint64_t kLeaveAfterNs = 10'000'000'000;
// More than this many are in use only while a dataplane hangs and reloads go on.
constexpr size_t kMaxInUse = 4;

}  // namespace

struct Publisher::State : AnswerCounts::Tables {
  InstancePaths paths;
  contract::OwnerLock lock;
  std::optional<contract::RootWriter> root;
  FollowedReport report;
  bool dataplane_alive = false;
  std::vector<TableInUse> tables;  // ascending; the current one, if any, is the last
  bool has_current = false;
  std::map<std::string, Choice> inherited;
  std::shared_ptr<const SideOrders> sides;  // by which choices are given; null: not known
  AnswerCounts answers;

  std::atomic<uint64_t> last_table{0};
  std::atomic<uint64_t> last_selection{0};
  std::mutex written_mutex;  // WriteTable runs beside the loop
  std::map<uint64_t, TableInUse> written;

  std::optional<AnswerCounts::Known> Find(uint64_t generation) const override;
  void Inherit();
  void Drop(size_t position);
  bool MayDrop(const TableInUse& table, uint64_t now_ns) const;
};

std::optional<AnswerCounts::Known> Publisher::State::Find(uint64_t generation) const {
  for (const TableInUse& table : tables) {
    if (table.generation() == generation) {
      return AnswerCounts::Known{&table.table(), &table.group_index()};
    }
  }
  return std::nullopt;
}

// Takes up what a predecessor left: its generations, so that they go on growing, and the tables
// that are answered from. Tables that cannot be read are not inherited; their generations still
// count.
void Publisher::State::Inherit() {
  RemoveUnfinishedTables(paths);
  const uint64_t current = (*root)->table_generation.load(std::memory_order_acquire);
  last_table = std::max(current, report.HighestTable());
  last_selection = std::max(last_selection.load(), report.HighestSelection());
  const uint64_t adopted = report.AdoptedTable();
  for (const uint64_t generation : FindTables(paths)) {
    last_table = std::max(last_table.load(), generation);
    const bool answered_from = dataplane_alive && generation == adopted;
    if (generation == current || answered_from) {
      std::string error;  // foreign, damaged: nothing is to be told but that it is not inherited
      auto table = TableInUse::Open(paths.table(generation), nullptr, &error);
      if (table) tables.push_back(*std::move(table));
    } else if (!dataplane_alive || generation < adopted || generation > current) {
      unlink(paths.table(generation).c_str());
    }
  }
  has_current = !tables.empty() && tables.back().generation() == current;
  for (const TableInUse& table : tables) {
    const uint64_t live = table.selection_generation();
    last_selection = std::max(last_selection.load(), live);
    for (const auto& [name, index] : table.group_index())
      inherited[std::string(name)] = table.choices()[index];
  }
}

bool Publisher::State::MayDrop(const TableInUse& table, uint64_t now_ns) const {
  if (!dataplane_alive) return true;
  if (report.AdoptedTable() <= table.generation()) return false;
  return report.HasRetired(table.generation()) || now_ns - table.superseded_ns() > kLeaveAfterNs;
}

void Publisher::State::Drop(size_t position) {
  answers.Leave(tables[position].generation(), *this);  // by their names, which are in the table
  unlink(paths.table(tables[position].generation()).c_str());
  tables.erase(tables.begin() + static_cast<std::ptrdiff_t>(position));
}

absl::StatusOr<contract::OwnerLock> Publisher::TakeLock(const InstancePaths& paths) {
  std::string error = contract::MakeDirectory(paths);
  if (!error.empty()) return absl::UnavailableError(error);
  contract::OwnerLock lock = contract::OwnerLock::Acquire(paths.control_lock(), &error);
  if (!lock) return absl::FailedPreconditionError(error);
  return lock;
}

absl::StatusOr<std::unique_ptr<Publisher>> Publisher::Open(const InstancePaths& paths,
                                                           contract::StalePolicy stale_policy) {
  absl::StatusOr<contract::OwnerLock> lock = TakeLock(paths);
  if (!lock.ok()) return lock.status();
  return Open(paths, stale_policy, *std::move(lock));
}

absl::StatusOr<std::unique_ptr<Publisher>> Publisher::Open(const InstancePaths& paths,
                                                           contract::StalePolicy stale_policy,
                                                           contract::OwnerLock lock) {
  std::string error;
  std::unique_ptr<Publisher> publisher(new Publisher);
  publisher->state_ = std::make_unique<State>();
  State& state = *publisher->state_;
  state.paths = paths;
  state.lock = std::move(lock);
  state.root = contract::RootWriter::Open(paths, &error);
  if (!state.root) return absl::UnavailableError(error);
  state.report.Follow(paths);
  state.dataplane_alive = contract::OwnerLock::IsHeld(paths.dataplane_lock());
  contract::RootSegment& root = *state.root->operator->();
  root.heartbeat_interval_ns = contract::kHeartbeatIntervalNs;
  root.pid.store(getpid(), std::memory_order_relaxed);
  root.started_ns.store(contract::MonotonicNs(), std::memory_order_relaxed);
  publisher->SetStalePolicy(stale_policy);
  state.Inherit();
  state.root->Beat();
  return publisher;
}

Publisher::~Publisher() {
  if (!state_) return;
  for (const auto& [generation, table] : state_->written) {
    unlink(state_->paths.table(generation).c_str());
  }
}

absl::StatusOr<uint64_t> Publisher::WriteTable(const DesiredState& desired,
                                               contract::TableWriter::Size* size) {
  contract::TableWriter writer;
  if (absl::Status status = AddContents(desired, writer); !status.ok()) return status;
  const std::vector<Choice> initial(desired.groups.size() + 1, Choice::kPrimary);
  const uint64_t generation = ++state_->last_table;
  const std::string path = state_->paths.table(generation);
  std::string error = writer.Write(path, generation, ++state_->last_selection, initial, size);
  if (!error.empty()) return absl::UnavailableError(error);
  // Opened here because it reads every page, which the loop shall not wait for.
  auto table = TableInUse::Open(path, std::make_shared<const SideOrders>(desired), &error);
  if (!table) {
    unlink(path.c_str());
    return absl::InternalError(absl::StrCat("the table just written does not check out: ", error));
  }
  const std::lock_guard guard(state_->written_mutex);
  state_->written.emplace(generation, std::move(*table));
  return generation;
}

absl::StatusOr<Publisher::Published> Publisher::PublishTable(uint64_t generation,
                                                             const GroupChoices& choices) {
  std::unique_lock guard(state_->written_mutex);
  auto written = state_->written.extract(generation);
  guard.unlock();
  if (written.empty()) {
    return absl::NotFoundError(absl::StrCat("table ", generation, " was not written"));
  }
  state_->report.Follow(state_->paths);
  const Published published{.generation = ++state_->last_selection,
                            .at_ns = contract::MonotonicNs()};
  const contract::ReportSegment* report = state_->report.segment();
  const std::shared_ptr<const SideOrders> sides = written.mapped().sides();
  if (!written.mapped().Publish(published.generation, choices, sides, report)) {
    unlink(state_->paths.table(generation).c_str());
    return absl::ResourceExhaustedError(
        absl::StrCat("table ", generation, ": no bank is free for its selection"));
  }
  for (TableInUse& table : state_->tables) {
    // With the choices it has: what changes is told by PublishChoices. A failure leaves the old cut
    // in a table that is about to be left.
    table.Publish(published.generation, {}, sides, report);
    table.Supersede(published.at_ns);
  }
  state_->tables.push_back(std::move(written.mapped()));
  state_->has_current = true;
  state_->sides = sides;
  // release: whoever sees the generation finds the file, complete.
  (*state_->root)->table_generation.store(generation, std::memory_order_release);
  return published;
}

void Publisher::DiscardTable(uint64_t generation) {
  const std::lock_guard guard(state_->written_mutex);
  if (state_->written.erase(generation) > 0) unlink(state_->paths.table(generation).c_str());
}

absl::StatusOr<Publisher::Published> Publisher::PublishChoices(const GroupChoices& changes) {
  if (state_->tables.empty()) return absl::FailedPreconditionError("no table is published yet");
  state_->report.Follow(state_->paths);
  const Published published{.generation = ++state_->last_selection,
                            .at_ns = contract::MonotonicNs()};
  bool everywhere = true;
  for (TableInUse& table : state_->tables) {
    everywhere =
        table.Publish(published.generation, changes, state_->sides, state_->report.segment()) &&
        everywhere;
  }
  if (!everywhere) {
    return absl::ResourceExhaustedError("every selection bank is pinned by the dataplane's report");
  }
  return published;
}

const std::map<std::string, Choice>& Publisher::inherited_choices() const {
  return state_->inherited;
}

void Publisher::NameSides(std::shared_ptr<const SideOrders> inherited,
                          std::shared_ptr<const SideOrders> now) {
  const std::shared_ptr<const SideOrders> theirs = std::move(inherited);
  for (TableInUse& table : state_->tables) table.NameSides(theirs);
  state_->sides = std::move(now);
}

const contract::Table* Publisher::table() const {
  return state_->has_current ? &state_->tables.back().table() : nullptr;
}

std::vector<Choice> Publisher::CurrentChoices() const {
  return state_->has_current ? state_->tables.back().choices() : std::vector<Choice>{};
}

Publisher::Answering Publisher::answering() const {
  const uint64_t adopted = state_->dataplane_alive ? state_->report.AdoptedTable() : 0;
  const TableInUse* answering = state_->has_current ? &state_->tables.back() : nullptr;
  for (const TableInUse& table : state_->tables) {
    if (table.generation() == adopted) answering = &table;
  }
  if (answering == nullptr) return {};
  return {.table = &answering->table(), .choices = &answering->choices()};
}

uint64_t Publisher::selection_generation() const {
  return state_->has_current ? state_->tables.back().selection_generation() : 0;
}

size_t Publisher::tables_in_use() const { return state_->tables.size(); }

void Publisher::SetStalePolicy(contract::StalePolicy policy) {
  (*state_->root)->stale_policy.store(static_cast<uint64_t>(policy), std::memory_order_relaxed);
}

void Publisher::Beat() { state_->root->Beat(); }

uint64_t Publisher::beat_ns() const { return (*state_->root)->heartbeat_ns.load(); }

void Publisher::ShutDown() { (*state_->root)->pid.store(0, std::memory_order_relaxed); }

void Publisher::Tend(uint64_t now_ns) {
  state_->dataplane_alive = contract::OwnerLock::IsHeld(state_->paths.dataplane_lock());
  state_->report.Follow(state_->paths);
  if (const contract::ReportReader* report = state_->report.reader()) {
    state_->answers.Look(state_->paths, *report, *state_);
  }
  const size_t current = state_->has_current ? 1 : 0;
  for (size_t i = 0; i + current < state_->tables.size();) {
    if (state_->MayDrop(state_->tables[i], now_ns)) {
      state_->Drop(i);
    } else {
      ++i;
    }
  }
  // The first is the one a hanging dataplane answers from; the one after it was never adopted.
  while (state_->tables.size() > kMaxInUse) state_->Drop(1);
}

GroupAnswers Publisher::AnswersOf(std::string_view group) const {
  return state_->answers.Of(group, *state_);
}

bool Publisher::dataplane_alive() const { return state_->dataplane_alive; }

Observation Publisher::Observe(uint64_t selection_generation) const {
  Observation result{.dataplane_alive = state_->dataplane_alive};
  if (result.dataplane_alive) state_->report.Observe(selection_generation, result);
  return result;
}

const contract::ReportReader* Publisher::report() const { return state_->report.reader(); }

}  // namespace understudy::control
