// The API client: one HTTP request to control, one JSON value back. Over its Unix socket, or over
// TLS with the certificate verified and a token (RFC 6750).
//
// Used by: session, and the commands that ask more than once. Knows HTTP, not what the values mean.
// Invariant: every request ends within its timeout.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CLIENT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CLIENT_H_

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "tools/understudyctl/endpoint.h"

namespace understudy::ctl {

struct Answer {
  // Not empty: no answer came at all, and why.
  std::string unreachable;
  unsigned status = 0;
  boost::json::value body;
  std::string text;  // of an answer that is no JSON by its own word

  bool ok() const { return unreachable.empty() && status < 400 && body.is_object(); }
};

class Client {
 public:
  using Timeout = std::chrono::milliseconds;
  static constexpr Timeout kTimeout = std::chrono::seconds(15);

  explicit Client(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  Answer Get(const std::string& target, Timeout timeout = kTimeout) const;
  Answer Post(const std::string& target, const boost::json::object& body,
              Timeout timeout = kTimeout) const;
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Answer Send(const std::string& method, const std::string& target, const std::string& body,
              Timeout timeout) const;

  Endpoint endpoint_;
};

// Percent-encodes a value for a path or a query (RFC 3986 2.1).
std::string Encode(std::string_view value);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CLIENT_H_
