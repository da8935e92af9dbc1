#include "dataplane/worker/table_opener.h"

#include <utility>

namespace understudy::worker {

OpenedTable OpenTable(uint64_t generation, const std::string& path) {
  OpenedTable opened;
  opened.generation = generation;
  opened.table = contract::Table::Open(path, &opened.refusal, &opened.error);
  if (opened.table && opened.table->generation() != generation) {
    opened.error = path + " holds generation " + std::to_string(opened.table->generation());
    opened.refusal = contract::Refusal::kStructure;
    opened.table.reset();
  }
  return opened;
}

TableOpener::TableOpener(std::function<void()> on_thread)
    : thread_([this, on_thread = std::move(on_thread)] {
        if (on_thread) on_thread();
        Run();
      }) {}

TableOpener::~TableOpener() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

void TableOpener::Request(uint64_t generation, std::string path) {
  {
    const std::lock_guard lock(mutex_);
    generation_ = generation;
    path_ = std::move(path);
  }
  wanted_.notify_one();
}

std::optional<OpenedTable> TableOpener::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(opened_, std::nullopt);
}

void TableOpener::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [this] { return stop_ || !path_.empty(); });
    if (stop_) return;
    const uint64_t generation = generation_;
    const std::string path = std::exchange(path_, "");
    lock.unlock();
    OpenedTable opened = OpenTable(generation, path);
    lock.lock();
    opened_ = std::move(opened);
  }
}

}  // namespace understudy::worker
