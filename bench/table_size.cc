// How long it takes to write a table and to open it, and how large it is, as one JSON object.
//
//   table_size --names N
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

#include "dataplane/contract/mapping.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

double MsSince(uint64_t started_ns) {
  return static_cast<double>(contract::MonotonicNs() - started_ns) / 1e6;
}

int Main(int argc, char** argv) {
  CLI::App app("Time and space of a table of N names with one address each.");
  uint32_t names = 1000000;
  app.add_option("--names", names, "Names in the table")->check(CLI::Range(1, 100000000));
  CLI11_PARSE(app, argc, argv);

  test::Scratch scratch;
  test::TableBuilder b;
  b.Zone("example.com");
  for (uint32_t i = 0; i < names; ++i) {
    b.Record("example.com", "host" + std::to_string(i) + ".example.com", "A", 60, {"192.0.2.1"});
  }
  contract::TableWriter::Size size;
  uint64_t started_ns = contract::MonotonicNs();
  const std::string error = b.writer().Write(scratch / "table.1", 1, 1, {}, &size);
  const double write_ms = MsSince(started_ns);
  if (!error.empty()) {
    std::cerr << error << "\n";
    return 1;
  }
  started_ns = contract::MonotonicNs();
  test::OpenTable(scratch / "table.1");
  const double open_ms = MsSince(started_ns);
  std::cout << boost::json::object{{"names", size.nodes},
                                   {"file_bytes", size.file},
                                   {"overhead_bytes_per_name",
                                    static_cast<double>(size.file - size.data) / size.nodes},
                                   {"write_ms", write_ms},
                                   {"open_ms", open_ms}}
            << "\n";
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
