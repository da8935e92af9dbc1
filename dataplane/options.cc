#include "dataplane/options.h"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <map>

#include "dataplane/answer_options.h"
#include "dataplane/rate_limit_options.h"

namespace understudy {
namespace {

struct RawOptions {
  std::string shm_dir = contract::kDefaultShmDir;
  std::vector<std::string> ports;
  std::vector<std::string> addresses;
  std::vector<std::string> listen;
  uint64_t tcp_idle_timeout_ms = 10'000;
  int64_t idle_sleep_us = -1;
  uint32_t simd_bits = static_cast<uint32_t>(responder::SimdWidth::k512);
  bool no_fast_path = false;
  AnswerOptions answers;
  RateLimitOptions rate_limit;
};

void Declare(CLI::App& app, Options& options, RawOptions& raw) {
  app.add_option("--instance", options.instance,
                 "names the shared-memory directory; 1 to 64 of a-z, 0-9 and '-'")
      ->required();
  app.add_option(
      "--port", raw.ports,
      "af_xdp:IFACE, nic:PCI-ADDRESS, eal:DEVARGS or memif:SOCKET,id=N,role=server|client; "
      "repeatable");
  app.add_option("--address", raw.addresses, "a service address answered on the ports; repeatable");
  app.add_option("--listen", raw.listen,
                 "ADDRESS:PORT or [ADDRESS]:PORT served over UDP and TCP by the kernel's sockets; "
                 "repeatable");
  app.add_option("--queues", options.queues, "receive queues of each port; 0: all the device has")
      ->check(CLI::Range(0U, contract::kMaxWorkers));
  app.add_option("--workers", options.workers,
                 "threads serving the queues; 0: one per queue, at most one per CPU")
      ->check(CLI::Range(0U, contract::kMaxWorkers - 1));
  app.add_option("--shm-dir", raw.shm_dir, "where instances keep their shared memory")
      ->capture_default_str();
  app.add_flag(
      "--take-over", options.take_over,
      "take the place of the dataplane that runs this instance, if one does, without losing "
      "a query; it goes on when this one cannot start");
  app.add_flag("--no-sandbox{false}", options.sandbox,
               "keep all capabilities and system calls; for debugging");
  app.add_flag("--no-huge", options.no_huge, "use no hugepages even if there are some");
  app.add_option("--idle-sleep-us", raw.idle_sleep_us,
                 "a worker that finds nothing to do sleeps so long; 0: it spins. "
                 "Default: 50 on af_xdp and eal, 0 on nic and memif")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--max-simd-bitwidth", raw.simd_bits,
                 "widest vectors used on frames, if the processor has them; for tests")
      ->check(CLI::IsMember({64, 256, 512}));
  app.add_flag("--no-fast-path", raw.no_fast_path,
               "answer every frame at length: the same answers, slower; for tests");
  app.add_option("--tap", options.taps,
                 "name of the kernel side of a whole NIC (us-tap0, us-tap1, ...); repeatable");
  app.add_option("--xdp-program", options.xdp_program,
                 "object file of the XDP program (service_filter.bpf.o beside the executable)");
  app.add_option("--tcp-idle-timeout", raw.tcp_idle_timeout_ms,
                 "a TCP connection this long without a query is closed, e.g. 500ms, 10s; "
                 "100ms to 10min")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, uint64_t>{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"min", 60'000}},
          CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->default_str("10s");
  app.add_option("--tcp-connections", options.tcp_connections,
                 "TCP connections at a time; one more closes the one idle longest")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  raw.answers.Declare(app, options);
  raw.rate_limit.Declare(app, options.rate_limit);
  app.footer("After \"--\" come options of DPDK's EAL, e.g. -- --lcores 0@(0,1),1@1");
}

std::string TakeAddresses(const std::vector<std::string>& texts, Options& options) {
  for (const std::string& text : texts) {
    responder::Ipv4 v4;
    responder::Ipv6 v6;
    if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) {
      options.services4.push_back(v4);
    } else if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) {
      options.services6.push_back(v6);
    } else {
      return "--address '" + text + "' is neither an IPv4 nor an IPv6 address";
    }
  }
  if (options.services4.size() > responder::kMaxServices ||
      options.services6.size() > responder::kMaxServices) {
    return "at most " + std::to_string(responder::kMaxServices) +
           " --address of each family are possible";
  }
  return "";
}

std::string CheckCombination(const Options& options) {
  if (options.ports.empty() && options.listen.empty()) {
    return "nothing to serve: give at least one --port or one --listen";
  }
  if (!options.ports.empty() && options.services4.empty() && options.services6.empty()) {
    return "--port needs at least one --address: only queries to service addresses are answered";
  }
  for (const port::PortSpec& port : options.ports) {
    if (!options.take_over || port.kind != port::PortKind::kNic) continue;
    return "--take-over: " + port.text +
           " can have one owner only: stop the running dataplane first";
  }
  if (options.ports.empty() && !options.eal.empty()) {
    return "EAL options after \"--\" need a --port";
  }
  if (options.no_cookies && !options.cookie_secret_file.empty()) {
    return "--no-cookies and --cookie-secret-file exclude each other";
  }
  for (const std::string& tap : options.taps) {
    if (tap.empty() || tap.size() > 15 || tap.find_first_of("/, ") != std::string::npos) {
      return "--tap '" + tap + "' is no interface name (1 to 15 characters, no '/', ',' or blank)";
    }
  }
  return "";
}

// The sentence of the first thing that is wrong; empty when nothing is.
std::string Take(const RawOptions& raw, Options& options) {
  std::string error;
  const auto paths = contract::PathsOf(raw.shm_dir, options.instance);
  if (!paths) {
    return "--instance '" + options.instance +
           "': a name has 1 to 64 characters of a-z, 0-9 and '-'";
  }
  options.paths = *paths;
  for (const std::string& text : raw.ports) {
    auto spec = port::ParsePortSpec(text, &error);
    if (!spec) return "--" + error;
    for (const port::PortSpec& other : options.ports) {
      if (other.text == spec->text) return "--port " + text + " is given twice";
    }
    options.ports.push_back(*std::move(spec));
  }
  for (const std::string& text : raw.listen) {
    const auto address = listen::ParseSocketAddress(text, &error);
    if (!address) return "--" + error;
    options.listen.push_back(*address);
  }
  if (raw.tcp_idle_timeout_ms < 100 || raw.tcp_idle_timeout_ms > 600'000) {
    return "--tcp-idle-timeout takes 100ms to 10min";
  }
  options.tcp_idle_timeout_ms = static_cast<uint32_t>(raw.tcp_idle_timeout_ms);
  if (raw.idle_sleep_us >= 0) options.idle_sleep_us = static_cast<uint32_t>(raw.idle_sleep_us);
  options.fast_path = {.enabled = !raw.no_fast_path,
                       .widest = static_cast<responder::SimdWidth>(raw.simd_bits)};
  error = raw.answers.Take(options.responder);
  if (error.empty()) error = raw.rate_limit.Take(options.rate_limit);
  if (!error.empty()) return error;
  error = TakeAddresses(raw.addresses, options);
  return error.empty() ? CheckCombination(options) : error;
}

}  // namespace

ParsedOptions ParseOptions(int argc, const char* const* argv) {
  Options options;
  RawOptions raw;
  int own = 1;  // arguments before "--"
  while (own < argc && std::strcmp(argv[own], "--") != 0) ++own;
  for (int i = own + 1; i < argc; ++i) options.eal.emplace_back(argv[i]);

  CLI::App app("Understudy's dataplane: answers DNS queries from the table in shared memory.",
               "understudy-dataplane");
  Declare(app, options, raw);
  try {
    app.parse(own, const_cast<char**>(argv));
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, app.help(), 0};
  } catch (const CLI::ParseError& problem) {
    return {std::nullopt, std::string(problem.what()) + " (--help lists the options)\n", 2};
  }
  std::string error = Take(raw, options);
  if (!error.empty()) return {std::nullopt, error + " (--help lists the options)\n", 2};
  return {std::move(options), "", 0};
}

}  // namespace understudy
