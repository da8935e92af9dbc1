// Application: serving a configuration that an operator handed in, instead of the one that is live.
//
//   plan    what would change; nothing does. It names the live configuration it was made against
//   apply   read -> compare -> refuse too much -> table written -> on disk -> published -> probed
//
// Whoever applies has seen a plan: when another configuration is live by then, the apply is
// refused. An applied configuration outlives restarts and takes the place of --config, until
// FromFile.
//
// Invariants
//  1. What was acknowledged is on disk. What was refused changed nothing, neither now nor after a
//     restart, and is on disk no more when it is told; or what is told says that it still is. After
//     a crash in between the new configuration is live whole, or not at all.
//  2. Reading, comparing, packing and waiting for the disk are the reloader's thread's; the loop
//     only publishes.
//  3. What did not change is not touched: verdicts, counters, probes under way, overrides go on
//     (Standing::Apply and Checker::Apply compare).
// Used by: api.
#ifndef UNDERSTUDY_CONTROL_ENGINE_APPLICATION_H_
#define UNDERSTUDY_CONTROL_ENGINE_APPLICATION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/config/difference.h"
#include "control/engine/engine.h"

namespace understudy::control {

struct ApplyOrder {
  ConfigTexts texts;
  std::string base;  // the live configuration of the plan; a plan itself needs none
  uint32_t max_removed_percent = kDefaultMaxRemovedPercent;
  std::string author;
};
// Called on the reloader's thread: a request may be large.
using ReadOrder = std::function<absl::StatusOr<ApplyOrder>()>;

struct Plan {
  // InvalidArgument: the request. FailedPrecondition: not with what is live. Others: it could not
  // be done. With errors, or with files that are needed, there is nothing to be said below.
  absl::Status status;
  std::vector<std::string> needs;   // zone files that have to be handed in as well
  std::vector<std::string> errors;  // of the configuration
  std::vector<std::string> warnings;
  std::string base;  // id of what is live
  std::string id;    // and of what was handed in
  Difference difference;
  std::string refusal;  // it removes too much; empty: it does not

  bool IsGood() const { return status.ok() && needs.empty() && errors.empty(); }
};

struct Applied {
  Plan plan;            // why not, if so
  ReloadResult result;  // of a good plan
};

// `done` is called once, on the loop.
void MakePlan(Engine& engine, ReadOrder read, std::function<void(const Plan&)> done);
void Apply(Engine& engine, ReadOrder read, const std::function<void(const Applied&)>& done);
// Forgets the applied configuration and serves the file again.
void ServeFile(Engine& engine, const std::string& author, const Engine::Reloaded& done);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_APPLICATION_H_
