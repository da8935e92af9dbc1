// What a reader of tables needs around it in a test: report, quiescence, swap, and a table of
// cases.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_SERVING_FIXTURE_H_
#define UNDERSTUDY_TESTS_DATAPLANE_SERVING_FIXTURE_H_

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_swap.h"
#include "tests/dataplane/zone_of_cases.h"

namespace understudy::test {

struct Serving {
  Serving() : report(NewReport(paths)) {}

  void AdoptZoneOfCases() {
    WriteZoneOfCases(scratch / "table");
    swap.Adopt(OpenTable(scratch / "table"));
  }

  static contract::ReportWriter NewReport(const contract::InstancePaths& paths) {
    std::string error;
    auto writer = contract::ReportWriter::Create(paths, &error);
    if (!writer) throw std::runtime_error(error);
    return *std::move(writer);
  }

  Scratch scratch;
  contract::InstancePaths paths{scratch.path()};
  contract::ReportWriter report;
  worker::Quiescence quiescence{contract::kMaxWorkers};
  worker::TableSwap swap{quiescence};
};

// Waits for what another thread is about to do; false when it does not.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_SERVING_FIXTURE_H_
