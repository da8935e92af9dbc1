// A DNS resolver on 127.0.0.1, over UDP and TCP on one port, whose answers a test writes down.
//
// Used by: named_checks.h and the tests that include it.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_SCRIPTED_RESOLVER_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_SCRIPTED_RESOLVER_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace understudy::control {

struct DnsQuestion {
  std::string message;  // as it came
  std::string name;     // "app.example.com", in lower case
  uint16_t type = 0;
  bool over_tcp = false;
};

struct DnsRecord {
  uint16_t type = 1;
  std::string rdata;
};
DnsRecord ARecord(const std::string& address);
DnsRecord AaaaRecord(const std::string& address);

// The answer to `question`: every record is at the name that was asked for.
struct DnsAnswer {
  std::vector<DnsRecord> records;
  int rcode = 0;
  bool truncated = false;
};
std::string MessageOf(const DnsQuestion& question, const DnsAnswer& answer);

class ScriptedResolver {
 public:
  // Messages to send back, in this order; none: silence.
  using Script = std::function<std::vector<std::string>(const DnsQuestion&)>;

  ScriptedResolver(boost::asio::io_context& io, Script script);

  // For Resolver: "127.0.0.1:12345".
  std::string server() const;
  const std::vector<DnsQuestion>& questions() const { return questions_; }

 private:
  boost::asio::awaitable<void> ServeUdp();
  boost::asio::awaitable<void> ServeTcp();
  boost::asio::awaitable<void> ServeStream(boost::asio::ip::tcp::socket socket);
  std::vector<std::string> AnswersTo(const std::string& message, bool over_tcp);

  boost::asio::ip::udp::socket udp_;
  boost::asio::ip::tcp::acceptor tcp_;
  Script script_;
  std::vector<DnsQuestion> questions_;
};

// A resolver that answers every question with `answer`.
ScriptedResolver::Script Answering(DnsAnswer answer);

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_SCRIPTED_RESOLVER_H_
