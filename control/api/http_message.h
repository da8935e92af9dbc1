// HTTP message: between a Reply and what goes over the wire.
//
// Used by: session, the servers.
#ifndef UNDERSTUDY_CONTROL_API_HTTP_MESSAGE_H_
#define UNDERSTUDY_CONTROL_API_HTTP_MESSAGE_H_

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <optional>

#include "control/api/request.h"

namespace understudy::control {

inline constexpr size_t kMaxHeader = size_t{16} * 1024;

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

HttpResponse ResponseOf(Reply reply, unsigned version, bool keep_alive);

// What is wrong with a request that could not be read; nothing when the client is gone or too slow.
std::optional<Reply> ReplyToUnreadable(const boost::system::error_code& error);

Reply ReplyToTooLarge(size_t limit);
Reply ReplyToTooMany();

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_HTTP_MESSAGE_H_
