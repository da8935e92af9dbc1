// What programs that print one measurement have in common: a stopwatch, and how the measurement is
// told: one JSON object on standard output, as tools/measure reads it.
//
// Used by: control_probes, control_scale, table_size.
#ifndef UNDERSTUDY_BENCH_MEASURED_H_
#define UNDERSTUDY_BENCH_MEASURED_H_

#include <boost/json.hpp>
#include <cstdint>
#include <exception>
#include <iostream>

#include "dataplane/contract/mapping.h"

namespace understudy {

class Stopwatch {
 public:
  double Ms() const { return static_cast<double>(contract::MonotonicNs() - started_ns_) / 1e6; }

 private:
  uint64_t started_ns_ = contract::MonotonicNs();
};

// The exit status of the program. What `measure` throws is told on standard error.
template <typename Measure>
int TellMeasured(Measure measure) {
  try {
    const boost::json::object measured = measure();
    std::cout << measured << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace understudy

#endif  // UNDERSTUDY_BENCH_MEASURED_H_
