// A dataplane as far as control can see it: lock, report, one worker on a table.
//
// Used by: publisher_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_PUBLICATION_DATAPLANE_H_
#define UNDERSTUDY_TESTS_CONTROL_PUBLICATION_DATAPLANE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "dataplane/contract/mapping.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/selection.h"
#include "dataplane/contract/table.h"

namespace understudy::control {

class Dataplane {
 public:
  explicit Dataplane(const contract::InstancePaths& paths) : paths_(paths) {
    std::string error;
    lock_ = contract::OwnerLock::Acquire(paths.dataplane_lock(), &error);
    EXPECT_TRUE(lock_) << error;
    report_ = contract::ReportWriter::Create(paths, &error);
    EXPECT_TRUE(report_) << error;
    slot_ = report_->AddWorker("test");
    reader_ = std::make_unique<contract::SelectionReader>(*slot_);
  }

  // Opens the current table as the main thread does, and moves the worker to it.
  void Adopt(uint64_t generation) {
    contract::Refusal refusal = contract::Refusal::kNone;
    std::string error;
    auto next = contract::Table::Open(paths_.table(generation), &refusal, &error);
    ASSERT_TRUE(next) << error;
    const uint64_t before = table_ ? table_->generation() : 0;
    reader_->Enter(*next);
    table_ = std::move(next);
    (*report_)->table_generation = generation;
    (*report_)->retired_generation = before;
  }
  void Refuse(uint64_t generation) {
    (*report_)->refused_count = (*report_)->refused_count + 1;
    (*report_)->refused_generation = generation;
  }
  // What the worker answers for a group now.
  contract::Choice Answers(const std::string& group) {
    const contract::Cut cut = reader_->Enter(*table_);
    for (uint32_t i = 1; i < table_->header().group_count; ++i) {
      if (table_->GroupName(i) == group) return static_cast<contract::Choice>(cut.choices[i]);
    }
    ADD_FAILURE() << "no group " << group;
    return contract::Choice::kRefused;
  }
  uint64_t Observed() const { return slot_->observed.load(); }
  const contract::ReportWriter& report() const { return *report_; }
  void NeverRetire() { (*report_)->retired_generation = 0; }
  void Leave() { reader_->Leave(); }

 private:
  contract::InstancePaths paths_;
  contract::OwnerLock lock_;
  std::optional<contract::ReportWriter> report_;
  contract::WorkerSlot* slot_ = nullptr;
  std::unique_ptr<const contract::Table> table_;
  std::unique_ptr<contract::SelectionReader> reader_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_PUBLICATION_DATAPLANE_H_
