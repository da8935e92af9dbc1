// One API request and its reply, apart from HTTP: what the routes work on.
//
// Used by: server (makes the one, sends the other), routes, tests.
#ifndef UNDERSTUDY_CONTROL_API_REQUEST_H_
#define UNDERSTUDY_CONTROL_API_REQUEST_H_

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace understudy::control {

// Who asks, by the kernel's word (SO_PEERCRED).
struct Peer {
  uint32_t uid = 0;
  int32_t pid = 0;
};

struct Request {
  std::string method;             // "GET"
  std::vector<std::string> path;  // "/v1/groups/app/force" is {"v1", "groups", "app", "force"}
  std::map<std::string, std::string> query;
  std::string body;
  Peer peer;
};

struct Reply {
  unsigned status = 200;
  boost::json::value body;
};

// The value of `key` in the query, or empty.
std::string QueryValue(const Request& request, const std::string& key);

// {"error": {"code": ..., "message": ...}}
Reply ErrorReply(unsigned status, std::string_view code, std::string_view message);
Reply ErrorReply(const absl::Status& status);

// Splits a request target into path and query, percent-decoding both. Nothing: not well-formed.
bool ParseTarget(std::string_view target, Request* request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_REQUEST_H_
