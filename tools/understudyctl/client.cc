#include "tools/understudyctl/client.h"

#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/exchange.h"

namespace understudy::ctl {

namespace http = boost::beast::http;

Answer Client::Get(const std::string& target, Timeout timeout) const {
  return Send("GET", target, "", timeout);
}

Answer Client::Post(const std::string& target, const boost::json::object& body,
                    Timeout timeout) const {
  return Send("POST", target, boost::json::serialize(body), timeout);
}

Answer Client::Send(const std::string& method, const std::string& target, const std::string& body,
                    Timeout timeout) const {
  HttpRequest request{http::string_to_verb(method), target, 11};
  request.set(http::field::host, endpoint_.is_remote() ? endpoint_.host : "understudy");
  if (!endpoint_.token.empty()) {
    request.set(http::field::authorization, absl::StrCat("Bearer ", endpoint_.token));
  }
  request.keep_alive(false);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  const HttpReply reply = Exchange(endpoint_, std::move(request), timeout);
  Answer answer;
  answer.unreachable = reply.failure;
  if (!answer.unreachable.empty()) return answer;
  answer.status = reply.status;
  if (reply.type.starts_with("text/plain")) {
    answer.text = reply.body;
    return answer;
  }
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;  // texts of a configuration are octets
  boost::json::error_code malformed;
  answer.body = boost::json::parse(reply.body, malformed, {}, options);
  if (malformed) answer.unreachable = "the answer is not JSON: is this control's API?";
  return answer;
}

std::string Encode(std::string_view value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[octet >> 4];
      encoded += kDigits[octet & 15];
    }
  }
  return encoded;
}

}  // namespace understudy::ctl
