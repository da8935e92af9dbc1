#include "control/api/connections.h"

#include <utility>

namespace understudy::control {
namespace {

void Leave(std::unordered_map<std::string, size_t>& by_source, const std::string& source) {
  const auto found = by_source.find(source);
  if (--found->second == 0) by_source.erase(found);
}

}  // namespace

// A displaced one no longer counts, though it lives until its coroutine has noticed.
bool Connections::MakeRoom(Register& places, const std::string* source) {
  for (Entry& entry : places.entries) {
    if (entry.admitted || entry.displaced || (source != nullptr && entry.source != *source)) {
      continue;
    }
    entry.displaced = true;
    --places.open;
    ++places.displaced;
    Leave(places.by_source, entry.source);
    entry.close();
    return true;
  }
  return false;
}

std::shared_ptr<Connections::Place> Connections::Take(const std::string& source,
                                                      std::function<void()> close) {
  Register& places = *register_;
  const auto of_source = places.by_source.find(source);
  if (of_source != places.by_source.end() && of_source->second >= places.limits.per_source) {
    if (!MakeRoom(places, &source)) return nullptr;
  } else if (places.open >= places.limits.total && !MakeRoom(places, nullptr)) {
    return nullptr;
  }
  places.entries.push_back({.source = source, .close = std::move(close)});
  ++places.by_source[source];
  ++places.open;
  return std::make_shared<Place>(register_, std::prev(places.entries.end()));
}

Connections::Place::~Place() {
  if (!entry_->displaced) {
    --register_->open;
    Leave(register_->by_source, entry_->source);
  }
  register_->entries.erase(entry_);
}

size_t Connections::open() const { return register_->open; }
uint64_t Connections::displaced() const { return register_->displaced; }

}  // namespace understudy::control
