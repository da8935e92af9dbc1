// The API client: one HTTP request over control's Unix socket, one JSON value back.
//
// Used by: understudyctl. Knows HTTP, not what the values mean.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CLIENT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CLIENT_H_

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <string_view>

namespace understudy::ctl {

struct Answer {
  // Not empty: no answer came at all, and why.
  std::string unreachable;
  unsigned status = 0;
  boost::json::value body;
};

class Client {
 public:
  explicit Client(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  Answer Get(const std::string& target) const;
  Answer Post(const std::string& target, const boost::json::object& body,
              std::chrono::seconds timeout = kTimeout) const;
  // Where it asks, for messages.
  const std::string& place() const { return socket_path_; }

 private:
  static constexpr std::chrono::seconds kTimeout{15};
  Answer Send(const std::string& method, const std::string& target, const std::string& body,
              std::chrono::seconds timeout) const;

  std::string socket_path_;
};

// Percent-encodes a value for a path or a query (RFC 3986 2.1).
std::string Encode(std::string_view value);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CLIENT_H_
