#include "tools/understudy-load/options.h"

#include <CLI/CLI.hpp>

namespace understudy::load {
namespace {

constexpr char kAbout[] =
    "Loads a DNS server over a DPDK port, checks its answers, and says what was lost and how long\n"
    "answers took. Ends by itself. Exit code: 0 all queries answered and right, 1 some lost or\n"
    "wrong, 2 wrong command line, 3 the port cannot be opened.";

struct Texts {
  std::string port, server, source, mac, check = "all";
};

void Describe(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--port", texts.port, "af_xdp:IFACE, nic:PCI, eal:DEVARGS, or memif:SOCKET")
      ->required();
  app.add_option("--server", texts.server, "Address that is asked, IPv4 or IPv6")->required();
  app.add_option("--server-port", options.destination_port)->check(CLI::Range(1, 65535));
  app.add_option("--source", texts.source,
                 "Address the queries come from (else the interface's first; without one "
                 "198.18.0.1 or 2001:2::1)");
  app.add_option("--destination-mac", texts.mac,
                 "MAC the frames go to (else what the kernel knows of the server; memif: any)");
  app.add_option("--queues", options.queues, "Queues, each with a worker on a core of its own")
      ->check(CLI::Range(1, 16));
  auto* names = app.add_option("--names", options.questions.names_file,
                               "File with lines of NAME [TYPE [RCODE]]");
  app.add_option("--pattern", options.questions.pattern,
                 "A name in which # counts from 0, e.g. n#.example.com")
      ->excludes(names);
  app.add_option("--count", options.questions.count, "How far # counts")
      ->check(CLI::Range(1, 20'000'000));
  app.add_option("--type", options.questions.type, "Type asked for where the file says none");
  app.add_option("--zipf", options.questions.zipf,
                 "Names in their order are asked for as often as 1/rank^S; 0: all alike")
      ->check(CLI::Range(0.0, 4.0));
  app.add_option("--miss", options.questions.miss_share, "Share of names that do not exist")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--edns", options.questions.edns_share, "Share of queries with EDNS")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--random-case", options.questions.random_case, "Mix upper and lower case");
  app.add_option("--seed", options.questions.seed, "Of everything random");
  auto* window = app.add_option("--window", options.plan.window,
                                "Without a rate: queries under way at once, of each worker")
                     ->check(CLI::Range(1, 65536));
  app.add_option("--rate", options.plan.rate, "Queries a second, sent when due, come what may")
      ->check(CLI::Range(1.0, 1e9))
      ->excludes(window);
  app.add_option("--trickle", options.plan.trickle,
                 "Queries a second beside the load, whose latency is told apart")
      ->check(CLI::Range(1.0, 1e6));
  app.add_option("--idle-us", options.plan.idle_us,
                 "Microseconds slept whenever there is nothing to send or receive; 0: spins")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--seconds", options.plan.seconds, "How long to send")
      ->check(CLI::Range(0.01, 86400.0));
  app.add_option("--queries", options.plan.queries, "How many to send at most");
  app.add_option("--check", texts.check,
                 "Answers that are compared: all, none (then queries sent back count too), or 1/N");
  app.add_option("--xdp-program", options.xdp_program, "answer_filter.bpf.o, where it is");
  app.add_flag("--no-huge", options.no_huge, "Without hugepages, also when there are some");
  app.add_flag("--json", options.json, "One JSON object at the end, nothing else");
  app.add_flag("--quiet", options.quiet, "No line a second");
}

// What CLI11 cannot know. Empty when all is well.
std::string Complete(Options& options, const Texts& texts) {
  std::string error;
  std::string port_text = texts.port;
  if (port_text.starts_with("memif:") && port_text.find(",role=") == std::string::npos) {
    port_text += ",role=client";
  }
  const auto port = port::ParsePortSpec(port_text, &error);
  if (!port) return "--port: " + error;
  options.port = *port;
  const auto server = AddressOf(texts.server);
  if (!server) return "--server: '" + texts.server + "' is not an IPv4 or IPv6 address";
  options.server = *server;
  if (!texts.source.empty()) {
    options.source = AddressOf(texts.source);
    if (!options.source) return "--source: '" + texts.source + "' is not an address";
    if (options.source->length != server->length) {
      return "--source and --server are of different families";
    }
  }
  if (!texts.mac.empty()) {
    options.destination_mac = MacOf(texts.mac);
    if (!options.destination_mac) return "--destination-mac: '" + texts.mac + "' is not a MAC";
  }
  if (options.questions.names_file.empty() && options.questions.pattern.empty()) {
    return "what shall be asked: --names FILE or --pattern NAME";
  }
  if (texts.check == "all") {
    options.plan.check_each = 1;
  } else if (texts.check == "none") {
    options.plan.check_each = 0;
  } else {
    const bool is_share = texts.check.starts_with("1/");
    const unsigned long each = is_share ? std::strtoul(texts.check.c_str() + 2, nullptr, 10) : 0;
    if (each < 1 || each > 1'000'000) {
      return "--check: '" + texts.check + "' is not all, none or 1/N (N to 1000000)";
    }
    options.plan.check_each = static_cast<uint32_t>(each);
  }
  return "";
}

}  // namespace

ParsedOptions ParseOptions(int argc, const char* const* argv) {
  Options options;
  Texts texts;
  CLI::App app(kAbout, "understudy-load");
  app.set_version_flag("--version", UNDERSTUDY_VERSION);
  Describe(app, options, texts);
  ParsedOptions result;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;
    result.text = asked ? (error.get_name() == "CallForVersion" ? std::string(error.what()) + "\n"
                                                                : app.help())
                        : "understudy-load: " + std::string(error.what()) + "\n";
    result.exit_code = asked ? 0 : 2;
    return result;
  }
  const std::string problem = Complete(options, texts);
  if (!problem.empty()) {
    result.text = "understudy-load: " + problem + "\n";
    result.exit_code = 2;
    return result;
  }
  result.options = std::move(options);
  return result;
}

}  // namespace understudy::load
