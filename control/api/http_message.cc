#include "control/api/http_message.h"

#include <boost/beast/http.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {

namespace http = boost::beast::http;

HttpResponse ResponseOf(Reply reply, unsigned version, bool keep_alive) {
  HttpResponse response{static_cast<http::status>(reply.status), version};
  if (reply.text) {
    response.set(http::field::content_type, reply.text->type);
    response.body() = std::move(reply.text->bytes);
  } else {
    response.set(http::field::content_type, "application/json");
    response.body() = boost::json::serialize(reply.body) + "\n";
  }
  // RFC 6750 3: how to become known.
  if (reply.status == 401) {
    response.set(http::field::www_authenticate, "Bearer realm=\"understudy\"");
  }
  response.keep_alive(keep_alive);
  response.prepare_payload();
  return response;
}

std::optional<Reply> ReplyToUnreadable(const boost::system::error_code& error) {
  if (error == http::error::header_limit) {
    return ErrorReply(431, "too_large", absl::StrCat("headers beyond ", kMaxHeader, " bytes"));
  }
  if (error == http::error::body_limit) {
    return ErrorReply(413, "too_large", "a body larger than this request may have");
  }
  const bool garbage =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (garbage && error != http::error::end_of_stream && error != http::error::partial_message) {
    return ErrorReply(400, "bad_request", absl::StrCat("not HTTP/1.1: ", error.message()));
  }
  return std::nullopt;
}

Reply ReplyToTooMany() {
  return ErrorReply(503, "busy", "too many configurations are handed in at a time, try again");
}

Reply ReplyToTooLarge(size_t limit) {
  return ErrorReply(413, "too_large", absl::StrCat("a body beyond ", limit, " bytes"));
}

}  // namespace understudy::control
