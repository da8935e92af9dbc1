#include "control/state/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "control/event/event_log.h"

namespace understudy::control {
namespace {

template <typename Key, typename Value>
void Merge(std::map<Key, std::optional<Value>>& into,
           const std::map<Key, std::optional<Value>>& newer) {
  for (const auto& [name, value] : newer) into.insert_or_assign(name, value);
}

void Merge(StateChanges& into, const StateChanges& newer) {
  Merge(into.checks, newer.checks);
  Merge(into.groups, newer.groups);
  Merge(into.overrides, newer.overrides);
  into.events.insert(into.events.end(), newer.events.begin(), newer.events.end());
  if (into.events.size() > kKeptEvents) {
    const auto excess = static_cast<std::ptrdiff_t>(into.events.size() - kKeptEvents);
    into.events.erase(into.events.begin(), into.events.begin() + excess);
  }
}

template <typename Key, typename Value>
void EraseRemoved(std::map<Key, std::optional<Value>>& rows) {
  std::erase_if(rows, [](const auto& row) { return !row.second.has_value(); });
}

// Moves the database and its write-ahead log aside. An empty text when the path is free now.
std::string MoveAside(const std::string& path, std::string* moved_to) {
  *moved_to = absl::StrCat(path, ".corrupt-",
                           absl::FormatTime("%Y%m%dT%H%M%E3SZ", absl::Now(), absl::UTCTimeZone()));
  if (rename(path.c_str(), moved_to->c_str()) != 0) {
    return absl::StrCat("cannot move ", path, " aside: ", std::strerror(errno));
  }
  for (const char* companion : {"-wal", "-shm"}) {
    // Absent after a clean close. Left in place it would be replayed into the new file.
    const std::string name = path + companion;
    if (rename(name.c_str(), (*moved_to + companion).c_str()) != 0) unlink(name.c_str());
  }
  return "";
}

absl::Status MakeDirectoryOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(directory, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot make ", directory.string(), ": ", error.message()));
}

}  // namespace

std::unique_ptr<Store> Store::Open(Options options, Remembered* remembered) {
  std::unique_ptr<Store> store(new Store(std::move(options)));
  store->health_ = store->OpenDatabase(remembered);
  store->rewrite_all_ = !store->health_.ok();
  for (const auto& [name, check] : remembered->checks) store->mirror_.checks[name] = check;
  for (const auto& [name, group] : remembered->groups) store->mirror_.groups[name] = group;
  for (const auto& [name, forced] : remembered->overrides) store->mirror_.overrides[name] = forced;
  store->configuration_ = remembered->configuration;
  store->thread_ = std::thread([raw = store.get()] { raw->Run(); });
  return store;
}

Store::~Store() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

absl::Status Store::OpenOnce(Remembered* remembered) {
  auto opened = Database::Open(options_.path);
  if (!opened.ok()) return opened.status();
  absl::StatusOr<Remembered> loaded = (*opened)->Load();
  if (!loaded.ok()) return loaded.status();
  database_ = std::move(*opened);
  if (remembered != nullptr) *remembered = std::move(*loaded);
  return absl::OkStatus();
}

// Opens the file and loads it into `remembered` (if wanted). Leaves database_ empty on trouble.
absl::Status Store::OpenDatabase(Remembered* remembered) {
  if (absl::Status status = MakeDirectoryOf(options_.path); !status.ok()) return status;
  absl::Status status = OpenOnce(remembered);
  if (!absl::IsDataLoss(status)) return status;
  std::string moved_to;
  if (std::string error = MoveAside(options_.path, &moved_to); !error.empty()) {
    return absl::UnavailableError(absl::StrCat(status.message(), "; ", error));
  }
  {
    const std::lock_guard guard(mutex_);
    notices_.push_back(absl::StrCat("state database is damaged (", status.message(), "): moved to ",
                                    moved_to, ", a new one is started"));
  }
  return OpenOnce(remembered);
}

void Store::Write(StateChanges changes, Done done) {
  {
    const std::lock_guard guard(mutex_);
    queued_.changes.push_back(std::move(changes));
    if (done) queued_.done.push_back(std::move(done));
  }
  wake_.notify_one();
}

void Store::WriteConfiguration(std::shared_ptr<const Configuration> configuration, Done done) {
  Queue({std::move(configuration), std::move(done), false});
}

void Store::TakeBackTo(std::shared_ptr<const Configuration> configuration, Done done) {
  Queue({std::move(configuration), std::move(done), true});
}

void Store::Queue(ConfigurationWrite write) {
  {
    const std::lock_guard guard(mutex_);
    queued_.configurations.push_back(std::move(write));
  }
  wake_.notify_one();
}

absl::Status Store::health() const {
  const std::lock_guard guard(mutex_);
  return health_;
}

void Store::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto due = [this] { return ending_ || !queued_.empty(); };
    if (rewrite_all_) {
      wake_.wait_for(lock, absl::ToChronoNanoseconds(options_.retry), due);
    } else {
      wake_.wait(lock, due);
    }
    const bool last = ending_;
    Batch batch = std::exchange(queued_, {});
    lock.unlock();
    WriteBatch(std::move(batch));
    lock.lock();
    if (last && queued_.empty()) return;
  }
}

void Store::WriteBatch(Batch batch) {
  StateChanges changes;
  for (StateChanges& one : batch.changes) {
    if (changes.empty()) {
      changes = std::move(one);
    } else {
      Merge(changes, one);
    }
  }
  Remember(changes);
  const absl::Status status = TryToWrite(changes);
  rewrite_all_ = !status.ok();
  if (status.ok()) mirror_.events.clear();
  SetHealth(status);
  for (const Done& done : batch.done) done(status);
  for (const ConfigurationWrite& write : batch.configurations) {
    if (write.is_way_back) configuration_ = write.configuration;  // also for every later attempt
    write.done(rewrite_all_ ? health() : KeepConfiguration(write.configuration));
  }
}

// The rest of the state is in the file.
absl::Status Store::KeepConfiguration(const std::shared_ptr<const Configuration>& configuration) {
  const absl::Status status = database_->Write({}, false, configuration.get());
  if (status.ok()) {
    configuration_ = configuration;
    return status;
  }
  // What was refused must not be found after a crash either (of a failed sync nobody knows what
  // reached the disk): the next write says once more what is right.
  rewrite_all_ = true;
  if (absl::IsDataLoss(status)) database_.reset();
  return status;
}

absl::Status Store::TryToWrite(const StateChanges& changes) {
  if (database_ && !database_->IsInPlace()) database_.reset();
  if (!database_) {
    if (absl::Status status = OpenDatabase(nullptr); !status.ok()) return status;
    rewrite_all_ = true;
  }
  absl::Status status = rewrite_all_ ? database_->Write(mirror_, true, configuration_.get())
                                     : database_->Write(changes, false);
  // Damage found while writing: the next attempt opens, moves the file aside and writes all.
  if (absl::IsDataLoss(status)) database_.reset();
  return status;
}

void Store::Remember(const StateChanges& changes) {
  Merge(mirror_, changes);
  EraseRemoved(mirror_.checks);
  EraseRemoved(mirror_.groups);
  EraseRemoved(mirror_.overrides);
}

void Store::SetHealth(const absl::Status& status) {
  const std::lock_guard guard(mutex_);
  health_ = status;
}

std::vector<std::string> Store::TakeNotices() {
  const std::lock_guard guard(mutex_);
  return std::exchange(notices_, {});
}

}  // namespace understudy::control
