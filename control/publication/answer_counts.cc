#include "control/publication/answer_counts.h"

#include <algorithm>
#include <string>
#include <utility>

namespace understudy::control {
namespace {

void AddCounts(const contract::GroupCountsReader& reader, const contract::Table& table,
               uint32_t group, GroupAnswers& to) {
  const uint32_t instead = reader.columns() - 1;
  const uint32_t sides = std::min<uint32_t>(table.GroupAt(group).sides, instead);
  if (to.sides.size() < sides) to.sides.resize(sides);
  for (uint32_t side = 0; side < sides; ++side) to.sides[side] += reader.Sum(group, side);
  to.instead += reader.Sum(group, instead);
}

}  // namespace

void AnswerCounts::Look(const contract::InstancePaths& paths, const contract::ReportReader& report,
                        const Tables& tables) {
  const uint64_t started_ns = report->started_ns.load(std::memory_order_relaxed);
  if (report.IsForGood()) {
    SettleWhere([&](const Source& source) { return source.started_ns != started_ns; }, tables);
  }
  // acquire: the counts of a table have their name before the dataplane says that it adopted it.
  const uint64_t adopted = report->table_generation.load(std::memory_order_acquire);
  const bool is_followed = std::ranges::any_of(sources_, [&](const Source& source) {
    return source.started_ns == started_ns && source.generation == adopted;
  });
  if (adopted == 0 || is_followed) return;
  const std::optional<Known> known = tables.Find(adopted);
  if (!known) return;
  std::string absent;  // the dataplane could not make it, and has said so
  auto reader = contract::GroupCountsReader::Open(paths, started_ns, adopted, &absent);
  if (!reader || reader->group_count() != known->table->header().group_count) return;
  sources_.push_back({started_ns, adopted, *std::move(reader)});
  ForgetRemoved(tables);
}

void AnswerCounts::Leave(uint64_t generation, const Tables& tables) {
  SettleWhere([&](const Source& source) { return source.generation == generation; }, tables);
  ForgetRemoved(tables);
}

// Groups that the table adopted last does not have.
void AnswerCounts::ForgetRemoved(const Tables& tables) {
  if (sources_.empty()) return;
  const std::optional<Known> known = tables.Find(sources_.back().generation);
  if (!known) return;
  absl::erase_if(settled_,
                 [&](const auto& entry) { return !known->groups->contains(entry.first); });
}

template <typename Predicate>
void AnswerCounts::SettleWhere(Predicate is_left, const Tables& tables) {
  for (const Source& source : sources_) {
    if (is_left(source)) Settle(source, tables);
  }
  std::erase_if(sources_, is_left);
}

void AnswerCounts::Settle(const Source& source, const Tables& tables) {
  const std::optional<Known> known = tables.Find(source.generation);
  if (!known) return;
  for (const auto& [name, index] : *known->groups) {
    AddCounts(source.reader, *known->table, index, settled_[std::string(name)]);
  }
}

GroupAnswers AnswerCounts::Of(std::string_view group, const Tables& tables) const {
  const auto settled = settled_.find(std::string(group));
  GroupAnswers answers = settled != settled_.end() ? settled->second : GroupAnswers();
  for (const Source& source : sources_) {
    const std::optional<Known> known = tables.Find(source.generation);
    if (!known) continue;
    const auto found = known->groups->find(group);
    if (found != known->groups->end()) {
      AddCounts(source.reader, *known->table, found->second, answers);
    }
  }
  return answers;
}

}  // namespace understudy::control
