#include "control/supervisor.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kLookEvery = milliseconds(100);
constexpr nanoseconds kLookAtLeastEvery = milliseconds(10);
constexpr milliseconds kLastWait(500);
constexpr int64_t kMoreTimeUs = 30'000'000;

std::string DataplaneText(const Publisher& publisher, uint64_t generation) {
  if (!publisher.dataplane_alive() || publisher.report() == nullptr) return "no dataplane runs";
  // relaxed: a number for people.
  const uint64_t adopted = (*publisher.report())->table_generation.load(std::memory_order_relaxed);
  if (adopted == generation) return "the dataplane answers from it";
  return adopted == 0 ? "the dataplane has no table yet"
                      : absl::StrCat("the dataplane answers from table ", adopted);
}

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& io, const Engine& engine) : engine_(engine) {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr || *socket == '\0') return;
  uint64_t watchdog_us = 0;
  if (sd_watchdog_enabled(0, &watchdog_us) > 0) watchdog_ns_ = watchdog_us * 1000;
  sender_ = std::make_unique<boost::asio::thread_pool>(1);
  nanoseconds every = kLookEvery;
  if (watchdog_ns_ != 0) every = std::min(every, nanoseconds(watchdog_ns_ / 4));
  look_.emplace(io, std::max(every, kLookAtLeastEvery), [this] { Look(); });
  look_->Start();
}

Supervisor::~Supervisor() {
  if (!sender_) return;
  auto sent = std::make_shared<std::promise<void>>();
  boost::asio::post(*sender_, [sent] { sent->set_value(); });
  if (sent->get_future().wait_for(kLastWait) == std::future_status::ready) return;
  [[maybe_unused]] const auto* left = sender_.release();  // its destructor waits for the manager
}

void Supervisor::Tell(std::string message) {
  if (!sender_ || waiting_->load() >= kMostWaiting) return;
  ++*waiting_;
  boost::asio::post(*sender_, [waiting = waiting_, message = std::move(message)] {
    // A manager that is gone is no trouble of ours, and there is nobody else to tell.
    static_cast<void>(sd_notify(0, message.c_str()));
    --*waiting;
  });
}

// Only what costs nothing to look up, however large the configuration.
std::string Supervisor::Status() const {
  const Served& served = engine_.served();
  const Publisher& publisher = engine_.publisher();
  std::string text;
  if (served.table_generation == 0) {
    text = "Not ready: no table is published yet";
  } else {
    text = absl::StrCat("Serves table ", served.table_generation, ": ", served.zones, " zones, ",
                        engine_.standing().groups().size(), " failover groups, ",
                        engine_.standing().checks().size(), " health checks; ",
                        DataplaneText(publisher, served.table_generation));
  }
  if (!engine_.table_health().ok()) {
    absl::StrAppend(&text, "; not published: ", engine_.table_health().message());
  }
  if (engine_.standing().freeze()) absl::StrAppend(&text, "; health is frozen");
  if (const absl::Status health = engine_.state_health(); !health.ok()) {
    absl::StrAppend(&text, "; state not durable: ", health.message());
  }
  // A message has a line for each thing that is told.
  std::ranges::replace(text, '\n', ' ');
  return text;
}

void Supervisor::Look() {
  const std::string status = Status();
  if (!is_ready_ && engine_.served().table_generation != 0) {
    is_ready_ = true;
    Tell(absl::StrCat("READY=1\nSTATUS=", shown_ = status));
  } else if (status != std::exchange(shown_, status)) {
    Tell(absl::StrCat("STATUS=", status));
  }
  const uint64_t now_ns = contract::MonotonicNs();
  if (now_ns < feed_ns_) return;
  feed_ns_ = now_ns + (watchdog_ns_ != 0 ? watchdog_ns_ / 4 : uint64_t{1'000'000'000});
  if (!is_ready_) Tell(absl::StrCat("EXTEND_TIMEOUT_USEC=", kMoreTimeUs));
  const bool beats = now_ns - std::min(engine_.publisher().beat_ns(), now_ns) <=
                     contract::StaleAfterNs(contract::kHeartbeatIntervalNs);
  if (watchdog_ns_ != 0 && beats) Tell("WATCHDOG=1");
}

void Supervisor::Reloading() {
  Tell(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", contract::MonotonicNs() / 1000));
}

// Whether it succeeded is an event and a line of the log: what is served goes on in any case.
void Supervisor::Reloaded() {
  if (is_ready_) Tell(absl::StrCat("READY=1\nSTATUS=", shown_ = Status()));
}

void Supervisor::Stopping() {
  look_.reset();
  Tell("STOPPING=1\nSTATUS=Ends; answers go on from what is published");
}

}  // namespace understudy::control
