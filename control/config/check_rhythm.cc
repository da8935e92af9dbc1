// Of a health check: how often it is probed, how long an attempt may take, and how many results
// change its verdict.
#include <cstdint>
#include <optional>

#include "control/config/check_section.h"

namespace understudy::control {
namespace {

constexpr int64_t kMaxThreshold = 100;
constexpr uint32_t kDefaultThreshold = 3;
constexpr absl::Duration kMinInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxInterval = absl::Hours(1);
constexpr absl::Duration kMinTimeout = absl::Milliseconds(10);
constexpr absl::Duration kMaxTimeout = absl::Seconds(60);
// What Route 53's checkers wait for (its developer guide, "How Route 53 determines whether a health
// check is healthy").
constexpr absl::Duration kTcpConnect = absl::Seconds(10);
constexpr absl::Duration kHttpConnect = absl::Seconds(4);
constexpr absl::Duration kResponse = absl::Seconds(2);
constexpr absl::Duration kRun = absl::Seconds(5);  // ours: of a program

void ReadTimes(CheckSection* section, HealthCheck* check) {
  const auto time = [section](std::string_view key, const CheckKinds& kinds,
                              std::string_view why = {}) -> std::optional<absl::Duration> {
    if (!section->Reads(key, kinds, why)) return std::nullopt;
    return section->Duration(key, kMinTimeout, kMaxTimeout);
  };
  if (section->Reads("interval", kProbedKinds)) {
    check->interval =
        section->Duration("interval", kMinInterval, kMaxInterval).value_or(check->interval);
  }
  const std::optional<absl::Duration> both = time("timeout", kProbedKinds);
  const std::optional<absl::Duration> connect = time("connect_timeout", kEndpointKinds);
  const std::optional<absl::Duration> response = time(
      "response_timeout", kAnsweredKinds,
      check->type == CheckType::kTcp ? "has no meaning for a tcp check: it awaits no answer" : "");
  if (!section->Is(kProbedKinds)) return;
  if (section->Is(kEndpointKinds)) {
    const auto otherwise = check->type == CheckType::kTcp ? kTcpConnect : kHttpConnect;
    check->connect_timeout = connect.value_or(both.value_or(otherwise));
  }
  check->response_timeout =
      response.value_or(both.value_or(section->Is(kExecKind) ? kRun : kResponse));
}

void ReadThresholds(CheckSection* section, HealthCheck* check) {
  const auto threshold = [section](std::string_view key, uint32_t otherwise) {
    if (!section->Reads(key, kProbedKinds)) return otherwise;
    const std::optional<int64_t> number = section->Number(key, 1, kMaxThreshold);
    return number ? static_cast<uint32_t>(*number) : otherwise;
  };
  // What is told or derived counts at once.
  const bool at_once = section->type().has_value() && !section->Is(kProbedKinds);
  check->failure_threshold = threshold("failure_threshold", at_once ? 1 : kDefaultThreshold);
  check->success_threshold = threshold("success_threshold", check->failure_threshold);
  check->clear_threshold = threshold("clear_threshold", check->success_threshold);
}

void ReadCounting(CheckSection* section, HealthCheck* check) {
  if (section->Reads("counting", kProbedKinds)) {
    // In the order of Counting.
    const std::optional<size_t> choice = section->Choice("counting", {"consecutive", "cumulative"});
    if (choice) check->counting = static_cast<Counting>(*choice);
  }
  if (section->Is(kProbedKinds) && section->Has("clear_threshold") &&
      check->counting == Counting::kConsecutive) {
    section->Error("clear_threshold",
                   "is only for counting: cumulative; with consecutive one "
                   "success clears the failures before it");
  }
}

void ReadSwitches(CheckSection* section, HealthCheck* check) {
  if (section->Reads("initial", kJudgedKinds)) {
    // In the order of InitialHealth.
    const std::optional<size_t> choice = section->Choice("initial", {"up", "down", "probe"});
    if (choice) check->initial = static_cast<InitialHealth>(*choice);
  }
  check->disabled = section->YesNo("disabled").value_or(false);
  check->inverted = section->YesNo("inverted").value_or(false);
}

}  // namespace

void ReadCheckRhythm(CheckSection* section, HealthCheck* check) {
  ReadTimes(section, check);
  ReadThresholds(section, check);
  ReadCounting(section, check);
  ReadSwitches(section, check);
}

}  // namespace understudy::control
