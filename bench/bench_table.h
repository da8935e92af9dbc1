// The table that benchmarks ask: so many names below example.com, each with an A record of its own
// that fails over or does not, by turns.
//
// Used by: responder_bench, phase_bench.
#ifndef UNDERSTUDY_BENCH_BENCH_TABLE_H_
#define UNDERSTUDY_BENCH_BENCH_TABLE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "tests/dataplane/table_builder.h"

namespace understudy {

inline std::string NameOf(size_t i) { return "host" + std::to_string(i) + ".example.com"; }

// Made when it is first asked for; by one thread, the others wait.
inline const contract::Table& TableOf(size_t names) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  static std::map<size_t, std::unique_ptr<const contract::Table>> tables;
  std::unique_ptr<const contract::Table>& table = tables[names];
  if (!table) {
    test::Scratch scratch;
    test::TableBuilder b;
    b.Zone("example.com");
    const uint32_t group = b.Group("app");
    b.Record("example.com", "*.wild.example.com", "A", 60, {"192.0.2.1"});
    for (size_t i = 0; i < names; ++i) {
      const std::string name = NameOf(i);
      if (i % 2 == 0) {
        b.Record("example.com", name, "A", 60, {"192.0.2.1"});
      } else {
        b.Failover("example.com", name, "A", 60, group, {"192.0.2.1"}, {"198.51.100.1"});
      }
    }
    b.Write(scratch / "t");
    table = test::OpenTable(scratch / "t");
  }
  return *table;
}

}  // namespace understudy

#endif  // UNDERSTUDY_BENCH_BENCH_TABLE_H_
