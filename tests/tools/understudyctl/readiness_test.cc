#include "tools/understudyctl/readiness.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/contract/report.h"
#include "tests/control/scratch_directory.h"

namespace understudy::ctl {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kHour = uint64_t{3600} * 1000 * kMs;

// Everything well, and then one thing that is not.
struct Node {
  explicit Node(const contract::InstancePaths& instance) : paths(instance) {
    contract::MakeDirectory(paths);
    report = contract::ReportWriter::Create(paths, &error);
    root = contract::RootWriter::Open(paths, &error);
    lock = contract::OwnerLock::Acquire(paths.dataplane_lock(), &error);
    report->AddWorker("af_xdp:eth1 q0");
    report->AddWorker("af_xdp:eth1 q1");
    (*report)->table_generation = 7;
    (*root)->table_generation = 7;
    (*report)->workers_moved_ns = now_ns;
    (*report)->heartbeat_ns = now_ns;
    (*root)->heartbeat_ns = now_ns;
  }

  const contract::InstancePaths paths;
  std::string error;
  uint64_t now_ns = contract::MonotonicNs() + 10 * kHour;  // an hour ago is after the boot
  ReadinessLimits limits;
  std::optional<contract::ReportWriter> report;
  std::optional<contract::RootWriter> root;
  contract::OwnerLock lock;
};

struct Case {
  const char* description;
  std::function<void(Node&)> change;
  const char* reason;  // empty: ready
  const char* remark;
};

void SilenceControl(Node& node) { (*node.root)->heartbeat_ns = node.now_ns - kHour; }

const std::vector<Case> kCases = {
    {"all is well", [](Node&) {}, "", ""},
    {"the dataplane is dead", [](Node& node) { node.lock = {}; }, "no dataplane is running", ""},
    {"it starts or ends", [](Node& node) { (*node.report)->workers_moved_ns = 0; },
     "starting or ending", ""},
    {"its report is of another version", [](Node& node) { (*node.report)->version = 99; }, "",
     "of another version"},
    {"its report is nonsense", [](Node& node) { (*node.report)->magic = 99; },
     "report cannot be read", ""},
    {"there is no report", [](Node& node) { std::filesystem::remove(node.paths.report()); },
     "report cannot be read", ""},
    {"its heartbeat is late",
     [](Node& node) { (*node.report)->heartbeat_ns = node.now_ns - 2001 * kMs; },
     "no heartbeat of the dataplane for 2s", ""},
    {"its heartbeat is as late as allowed",
     [](Node& node) { (*node.report)->heartbeat_ns = node.now_ns - 2000 * kMs; }, "", ""},
    {"a longer silence is allowed",
     [](Node& node) {
       (*node.report)->heartbeat_ns = node.now_ns - 4000 * kMs;
       (*node.report)->workers_moved_ns = node.now_ns - 4000 * kMs;
       node.limits.max_age = absl::Seconds(5);
     },
     "", ""},
    {"a worker stands still",
     [](Node& node) {
       (*node.report)->workers_moved_ns = node.now_ns - 3000 * kMs;
       (*node.report)->slowest_worker = 1;
     },
     "worker 1 (af_xdp:eth1 q1) stands still for 3s", ""},
    {"the worker that stands still is nonsense",
     [](Node& node) {
       (*node.report)->workers_moved_ns = 1;
       (*node.report)->slowest_worker = ~uint64_t{0};
     },
     "stands still", ""},
    {"no table", [](Node& node) { (*node.report)->table_generation = 0; }, "no table yet", ""},
    {"the current table was refused",
     [](Node& node) {
       (*node.root)->table_generation = 8;
       (*node.report)->refused_count = 1;
       (*node.report)->refused_generation = 8;
     },
     "", "table 8 was refused, table 7 goes on"},
    {"control is dead", SilenceControl, "", "control is silent for 1h"},
    {"control is dead for longer than allowed",
     [](Node& node) {
       SilenceControl(node);
       node.limits.max_stale = absl::Minutes(59);
     },
     "allowed are 59m (--max-stale)", "control is silent"},
    {"control is dead for less than allowed",
     [](Node& node) {
       SilenceControl(node);
       node.limits.max_stale = absl::Minutes(61);
     },
     "", "control is silent"},
    {"control is dead and the policy is primary",
     [](Node& node) {
       SilenceControl(node);
       (*node.root)->stale_policy = static_cast<uint64_t>(contract::StalePolicy::kPrimary);
     },
     "", "control is silent"},
    {"control is dead and the policy is servfail",
     [](Node& node) {
       SilenceControl(node);
       (*node.root)->stale_policy = static_cast<uint64_t>(contract::StalePolicy::kServfail);
     },
     "answered SERVFAIL", "control is silent"},
    {"nothing is known of control", [](Node& node) { std::filesystem::remove(node.paths.root()); },
     "", "no sign of life"},
    {"nothing is known of control, and staleness is bounded",
     [](Node& node) {
       std::filesystem::remove(node.paths.root());
       node.limits.max_stale = absl::Hours(1);
     },
     "the age of the answers is unknown", "no sign of life"},
    {"times lie ahead of us",
     [](Node& node) {
       (*node.report)->heartbeat_ns = node.now_ns + 5 * kMs;
       (*node.report)->workers_moved_ns = node.now_ns + 5 * kMs;
     },
     "", ""},
};

TEST(ReadinessTest, SaysWhetherToAnnounceAndWhyNot) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.description);
    ScratchDirectory scratch;
    Node node(*contract::PathsOf(scratch.path(), "edge1"));
    ASSERT_EQ(node.error, "");
    one.change(node);
    const Readiness readiness = AssessReadiness(node.paths, node.limits, node.now_ns);
    EXPECT_EQ(readiness.ready, *one.reason == 0) << readiness.reason;
    EXPECT_NE(readiness.reason.find(one.reason), std::string::npos) << readiness.reason;
    EXPECT_NE(readiness.remark.find(one.remark), std::string::npos) << readiness.remark;
    EXPECT_EQ(readiness.remark.empty(), *one.remark == 0) << readiness.remark;
  }
}

TEST(ReadinessTest, AnInstanceThatNeverWasIsNotReady) {
  ScratchDirectory scratch;
  const auto paths = *contract::PathsOf(scratch.path(), "edge1");
  EXPECT_EQ(AssessReadiness(paths, {}, 1).reason, "no dataplane is running");
}

}  // namespace
}  // namespace understudy::ctl
