// The command line of understudy-load, parsed and checked.
//
// Used by: main, once, before anything is opened.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_OPTIONS_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/port/port_spec.h"
#include "tools/understudy-load/generator.h"
#include "tools/understudy-load/query_frame.h"
#include "tools/understudy-load/questions.h"

namespace understudy::load {

struct Options {
  port::PortSpec port;
  uint32_t queues = 1;  // each with a worker on a core of its own
  Address server;
  std::optional<Address> source;  // unset: the interface's, or one of the range for benchmarks
  std::optional<Mac> destination_mac;
  uint16_t destination_port = 53;
  QuestionOptions questions;
  LoadPlan plan;  // of all workers together
  bool json = false;
  bool quiet = false;
  bool no_huge = false;
  std::string xdp_program;  // empty: beside the executable
};

struct ParsedOptions {
  std::optional<Options> options;
  std::string text;  // without options: what to print
  int exit_code = 0;
};
ParsedOptions ParseOptions(int argc, const char* const* argv);

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_OPTIONS_H_
