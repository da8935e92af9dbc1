// The durable state of one instance: remembers over restarts, never in the way.
//
// Everything is written by a thread of its own. Trouble (disk full, read-only directory, a damaged
// file) shows in health(), and service goes on; the thread tries again every few
// seconds and then writes everything it was told since, so that the file is right again.
//
// Invariants
//  1. Write never blocks and never fails; it only queues.
//  2. `done` of a Write is called exactly once, on the store's thread, after the attempt to store
//     it: OK means it is on disk and outlives SIGKILL and power loss.
//  3. A damaged file is moved aside (<file>.corrupt-<time>), never overwritten, never deleted.
// Used by: engine. Thread-safe.
#ifndef UNDERSTUDY_CONTROL_STATE_STORE_H_
#define UNDERSTUDY_CONTROL_STATE_STORE_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "control/state/database.h"
#include "control/state/remembered.h"

namespace understudy::control {

class Store {
 public:
  using Done = std::function<void(const absl::Status&)>;
  struct Options {
    std::string path;
    absl::Duration retry = absl::Seconds(5);
  };

  // Always gives a store; what it could read is in `remembered`, what went wrong in health().
  static std::unique_ptr<Store> Open(Options options, Remembered* remembered);
  ~Store();  // writes what is queued, once, then ends
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void Write(StateChanges changes, Done done = nullptr);
  // The configuration that was applied, or null: none is any more. Tried once and never later: when
  // `done` is told an error, the one before is still the one that a restart finds.
  void WriteConfiguration(std::shared_ptr<const Configuration> configuration, Done done);
  // What a restart shall find after all, instead of one that was written and then not served. Tried
  // until it is on disk; `done` is told of the first attempt.
  void TakeBackTo(std::shared_ptr<const Configuration> configuration, Done done);
  // OK, or why the state is not durable now.
  absl::Status health() const;
  // Sentences an operator should read, each given once: a damaged file was moved aside.
  std::vector<std::string> TakeNotices();

 private:
  struct ConfigurationWrite {
    std::shared_ptr<const Configuration> configuration;
    Done done;
    bool is_way_back = false;
  };
  struct Batch {
    std::vector<StateChanges> changes;  // oldest first; put together by the store's thread
    std::vector<Done> done;
    std::vector<ConfigurationWrite> configurations;

    bool empty() const { return changes.empty() && done.empty() && configurations.empty(); }
  };

  explicit Store(Options options) : options_(std::move(options)) {}
  absl::Status OpenDatabase(Remembered* remembered);
  absl::Status OpenOnce(Remembered* remembered);
  void Queue(ConfigurationWrite write);
  void Run();
  void WriteBatch(Batch batch);
  absl::Status TryToWrite(const StateChanges& changes);
  absl::Status KeepConfiguration(const std::shared_ptr<const Configuration>& configuration);
  void Remember(const StateChanges& changes);
  void SetHealth(const absl::Status& status);

  const Options options_;
  // Of the store's thread alone (after Open).
  std::unique_ptr<Database> database_;
  StateChanges mirror_;  // everything that should be in the file, but for events it has
  std::shared_ptr<const Configuration> configuration_;  // part of the mirror
  bool rewrite_all_ = false;                            // the file may lack something of the mirror

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Batch queued_;
  absl::Status health_;
  std::vector<std::string> notices_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_STORE_H_
