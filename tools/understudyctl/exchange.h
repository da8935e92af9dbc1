// One HTTP exchange over a connection of its own: connect, write, read.
//
// Used by: client.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EXCHANGE_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EXCHANGE_H_

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <string>

#include "tools/understudyctl/endpoint.h"

namespace understudy::ctl {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

struct HttpReply {
  std::string failure;  // not empty: there is none, and why
  unsigned status = 0;
  std::string type;  // Content-Type
  std::string body;
};

// Within `timeout`, for a name that must be resolved a little longer.
HttpReply Exchange(const Endpoint& endpoint, HttpRequest request,
                   std::chrono::milliseconds timeout);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EXCHANGE_H_
