// Exposition: all families as one text in Prometheus' format (version 0.0.4).
//
// Used by: api (GET /metrics).
// Invariants
//  1. The loop is never held for more than one piece of kPiece checks or groups: between two of
//     them everything that is ready goes first, so that 100,000 checks delay no failover.
//  2. At most kMaxExpositions are put together at a time: each may be tens of megabytes.
#ifndef UNDERSTUDY_CONTROL_METRICS_EXPOSITION_H_
#define UNDERSTUDY_CONTROL_METRICS_EXPOSITION_H_

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "control/engine/engine.h"
#include "control/metrics/families.h"
#include "control/metrics/tallies.h"

namespace understudy::control {

inline constexpr size_t kPiece = 256;
inline constexpr size_t kMaxExpositions = 2;
inline constexpr char kExpositionType[] = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
 public:
  Exposition(const Engine& engine, const Tallies& tallies) : engine_(engine), tallies_(tallies) {}

  struct Asked {
    bool checks = true;  // with the families that have samples for each check
    DoorCounts doors;
  };
  // Nothing: too many are under way.
  boost::asio::awaitable<std::optional<std::string>> Text(Asked asked) const;

 private:
  const Engine& engine_;
  const Tallies& tallies_;
  std::shared_ptr<size_t> under_way_ = std::make_shared<size_t>(0);
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_METRICS_EXPOSITION_H_
