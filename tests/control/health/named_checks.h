// The fixture of tests that probe a name: an endpoint on 127.0.0.1 that accepts, and probes through
// a resolver of the test.
//
// Used by: name_probe_test, hostile_resolver_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_NAMED_CHECKS_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_NAMED_CHECKS_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control/health/probe.h"
#include "tests/control/health/scripted_resolver.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {

class NamedChecks : public testing::Test {
 protected:
  NamedChecks() : server_(io_, Accepting()) {}

  static ScriptedServer::Script Accepting() {
    return [](tcp::socket& s) -> boost::asio::awaitable<void> { co_await ReadToEnd(s); };
  }
  HealthCheck Named(HealthCheck check) const {
    check.address.clear();
    check.host = "app.example.com";
    return check;
  }
  // A tcp check of app.example.com at the port where 127.0.0.1 listens.
  HealthCheck Check() const { return Named(PatientCheck(CheckType::kTcp, server_.port())); }
  ProbeResult ProbeWith(const std::string& servers, const HealthCheck& check) {
    ProbeContext context{Resolver(servers)};
    return Probe(io_, check, context);
  }
  ProbeResult ProbeAnswering(const DnsAnswer& answer, const HealthCheck& check) {
    const ScriptedResolver resolver(io_, Answering(answer));
    const ProbeResult result = ProbeWith(resolver.server(), check);
    questions_ = resolver.questions();
    return result;
  }

  boost::asio::io_context io_;
  ScriptedServer server_;
  std::vector<DnsQuestion> questions_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_NAMED_CHECKS_H_
