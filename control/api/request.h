// One API request and its reply, apart from HTTP: what the routes work on.
//
// Used by: server (makes the one, sends the other), routes, tests.
#ifndef UNDERSTUDY_CONTROL_API_REQUEST_H_
#define UNDERSTUDY_CONTROL_API_REQUEST_H_

#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "control/api/peer.h"

namespace understudy::control {

inline constexpr uint64_t kMaxListed = 1000;  // by names and trouble

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
  // Set: sent as it is, instead of `body`.
  struct Text {
    std::string type;  // Content-Type
    std::string bytes;
  };
  std::optional<Text> text = std::nullopt;
  // Let go of when it was sent, or will not be: counts large ones. On any thread.
  std::shared_ptr<const void> held = nullptr;
};

// The value of `key` in the query, or empty.
std::string QueryValue(const Request& request, const std::string& key);

// How many are asked for at most: the query's `limit`, 100 without one. Nothing: it is not a number
// from 1 to `most`, of which LimitReply tells.
std::optional<uint64_t> LimitIn(const Request& request, uint64_t most);
Reply LimitReply(uint64_t most);

// {"error": {"code": ..., "message": ...}}
Reply ErrorReply(unsigned status, std::string_view code, std::string_view message);
Reply ErrorReply(const absl::Status& status);

// Splits a request target into path and query, percent-decoding both. Nothing: not well-formed.
bool ParseTarget(std::string_view target, Request* request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_REQUEST_H_
