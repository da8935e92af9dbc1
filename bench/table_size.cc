// How long it takes to load zones, to publish them and to open the table, and how large it is, as
// one JSON object. The rival in loading is ldns's own reader, over the same files.
//
//   table_size --names N --zones Z
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "bench/measured.h"
#include "control/config/config.h"
#include "control/publication/publisher.h"
#include "control/zone/ldns_headers.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

// `names` names with one address each, in equal shares.
struct Site {
  test::Scratch scratch;
  std::vector<std::string> files;
  std::string config;

  Site(uint32_t names, uint32_t zones) : config(scratch / "understudy.yaml") {
    std::ofstream yaml(config);
    yaml << "instance: bench\nzones:\n";
    for (uint32_t i = 0; i < zones; ++i) {
      const std::string apex = "zone" + std::to_string(i) + ".example";
      files.push_back(scratch / (apex + ".zone"));
      yaml << "  - {name: " << apex << ", file: " << apex << ".zone}\n";
      std::ofstream zone(files.back());
      zone << "$TTL 300\n@ SOA ns.example. host.example. 1 3600 600 86400 60\n@ NS ns.example.\n";
      for (uint32_t n = 0; n < names / zones; ++n) {
        zone << "host" << n << " A 10." << (n >> 16 & 255) << "." << (n >> 8 & 255) << "."
             << (n & 255) << "\n";
      }
    }
  }
};

// RFC 1035 5 by the library's reader, into its own structures.
double LdnsMs(const Site& site) {
  const Stopwatch watch;
  double freeing_ms = 0;
  for (const std::string& file : site.files) {
    FILE* stream = std::fopen(file.c_str(), "r");
    if (stream == nullptr) throw std::runtime_error("cannot open " + file);
    const std::string apex = file.substr(file.rfind('/') + 1, file.rfind('.') - file.rfind('/'));
    const control::Rdf origin(ldns_dname_new_frm_str(apex.c_str()));
    ldns_zone* zone = nullptr;
    const ldns_status status =
        ldns_zone_new_frm_fp(&zone, stream, origin.get(), 300, LDNS_RR_CLASS_IN);
    std::fclose(stream);
    if (status != LDNS_STATUS_OK) throw std::runtime_error(ldns_get_errorstr_by_id(status));
    const Stopwatch freeing;
    ldns_zone_deep_free(zone);
    freeing_ms += freeing.Ms();
  }
  return watch.Ms() - freeing_ms;
}

template <typename T>
T Value(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(std::string(result.status().message()));
  return *std::move(result);
}

boost::json::object Measure(uint32_t names, uint32_t zones) {
  const Site site(names, zones);
  const Stopwatch loading;
  const control::ConfigResult loaded = control::LoadConfig(site.config);
  const double load_ms = loading.Ms();
  if (!loaded.state) throw std::runtime_error(loaded.errors.at(0).Text());

  const auto paths = contract::PathsOf(site.scratch.path(), "bench");
  const auto publisher = Value(control::Publisher::Open(*paths, loaded.state->stale_policy));
  contract::TableWriter::Size size;
  const Stopwatch publishing;
  const uint64_t generation = Value(publisher->WriteTable(*loaded.state, &size));
  Value(publisher->PublishTable(generation, {}));
  const double publish_ms = publishing.Ms();

  const Stopwatch opening;
  test::OpenTable(paths->table(generation));
  const double open_ms = opening.Ms();
  const double overhead = static_cast<double>(size.file - size.data) / size.nodes;
  const double ldns_ms = LdnsMs(site);  // last: the memory it frees would slow the others
  return {{"names", size.nodes},      {"zones", zones},
          {"file_bytes", size.file},  {"overhead_bytes_per_name", overhead},
          {"ldns_ms", ldns_ms},       {"load_ms", load_ms},
          {"publish_ms", publish_ms}, {"open_ms", open_ms}};
}

int Main(int argc, char** argv) {
  CLI::App app("Time and space of a table of N names with one address each, in Z zones.");
  uint32_t names = 1000000;
  uint32_t zones = 1;
  app.add_option("--names", names, "Names in all zones together")->check(CLI::Range(1, 100000000));
  app.add_option("--zones", zones, "Zones")->check(CLI::Range(1, 100000));
  CLI11_PARSE(app, argc, argv);
  return TellMeasured([&] { return Measure(names, zones); });
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
