#include "control/health/http_answer.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "control/health/body_search.h"

namespace understudy::control {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr size_t kShownStatuses = 8;

// ", expected 200-299 or 404"; nothing for Route 53's, which everybody knows.
std::string Unexpected(const std::vector<StatusRange>& expected) {
  if (expected == std::vector<StatusRange>{StatusRange{}}) return "";
  std::string text;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (i == kShownStatuses) return text + " or others";
    const StatusRange& range = expected[i];
    absl::StrAppend(&text, i == 0 ? ", expected " : " or ", range.first);
    if (range.last != range.first) absl::StrAppend(&text, "-", range.last);
  }
  return text;
}

bool IsInterim(int status) { return status >= 100 && status < 200 && status != 101; }

}  // namespace

// Beast's parser, keeping only what a probe asks for instead of all fields and the body.
class HttpAnswer::Parser final : public http::basic_parser<false> {
 public:
  explicit Parser(std::string needle) : search_(std::move(needle)) {
    header_limit(HttpAnswer::kHeaderLimit);
    eager(false);             // stop behind the header, where the status may settle it
    body_limit(boost::none);  // a body may promise any length: we read only its beginning
  }

  int status() const { return status_; }
  BodySearch& search() { return search_; }

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override { status_ = code; }
  void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
    if (name == http::field::content_encoding) {
      search_.SetContentEncoding({value.data(), value.size()});
    }
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(string_view body, error_code&) override { return Search(body); }
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, string_view body, error_code&) override {
    return Search(body);
  }
  void on_finish_impl(error_code&) override {}

  size_t Search(string_view body) {
    search_.Add({body.data(), body.size()});
    return body.size();
  }

  BodySearch search_;
  int status_ = 0;  // 0 until the status line is complete
};

HttpAnswer::HttpAnswer(const HealthCheck& check)
    : searches_(check.type == CheckType::kHttpStrMatch || check.type == CheckType::kHttpsStrMatch),
      needle_(check.search_string),
      statuses_(check.http.statuses),
      parser_(std::make_unique<Parser>(needle_)) {}

HttpAnswer::~HttpAnswer() = default;

bool HttpAnswer::has_status_line() const {
  return parser_->status() != 0 && !IsInterim(parser_->status());
}

std::string HttpAnswer::StatusText() const { return absl::StrCat("HTTP ", parser_->status()); }

void HttpAnswer::Settle(bool success, std::string reason) {
  settled_ = true;
  success_ = success;
  reason_ = std::move(reason);
  pending_ = std::string();
}

void HttpAnswer::SettleInvalid(std::string_view problem) {
  constexpr size_t kShown = 32;
  if (parser_->status() == 0) {
    Settle(false, absl::StrCat("not an HTTP/1 answer: it starts with \"",
                               absl::CHexEscape(first_bytes_.substr(0, kShown)), "\""));
  } else {
    Settle(false, absl::StrCat(StatusText(), ", but not valid HTTP: ",
                               absl::string_view(problem.data(), problem.size())));
  }
}

void HttpAnswer::Feed(std::string_view bytes) {
  if (settled_ || bytes.empty()) return;
  taken_ += bytes.size();
  if (first_bytes_.size() < 32) first_bytes_.append(bytes.substr(0, 32 - first_bytes_.size()));
  pending_.append(bytes);
  if (!parser_->is_header_done()) ParseHeader();
  if (!settled_ && parser_->is_header_done()) ParseBody();
  if (!settled_ && taken_ > kAnswerLimit) {
    Settle(false, absl::StrCat(StatusText(), ", but ", parser_->search().Why(), " after reading ",
                               taken_, " bytes"));
  }
}

void HttpAnswer::ParseHeader() {
  while (!settled_ && !pending_.empty() && !parser_->is_header_done()) {
    if (parser_->status() == 0 && !StatusLineIsThere()) return;
    error_code ec;
    const size_t used = parser_->put(boost::asio::buffer(pending_), ec);
    pending_.erase(0, used);
    header_bytes_ += used;
    const size_t waiting = parser_->is_header_done() ? 0 : pending_.size();
    if (ec == http::error::header_limit || header_bytes_ + waiting > kHeaderLimit) {
      SettleTooLong();
    } else if (ec && ec != http::error::need_more) {
      SettleInvalid(ec.message());
    } else if (parser_->is_header_done()) {
      FinishHeader();
    } else if (used == 0) {
      return;
    }
  }
}

// Fed half a status line, Beast would wait for the whole header before it says anything.
bool HttpAnswer::StatusLineIsThere() {
  constexpr std::string_view kStart = "HTTP/1.";  // RFC 9112 4
  if (pending_.compare(0, kStart.size(), kStart.substr(0, pending_.size())) != 0) {
    SettleInvalid("");
    return false;
  }
  if (pending_.find('\n') != std::string::npos) return true;
  if (header_bytes_ + pending_.size() > kHeaderLimit) SettleTooLong();
  return false;
}

void HttpAnswer::SettleTooLong() {
  const std::string status = parser_->status() == 0 ? "the answer" : StatusText() + ", but it";
  Settle(false, absl::StrCat(status, " has a header of more than ", kHeaderLimit, " bytes"));
}

bool HttpAnswer::StatusIsExpected() const {
  const int status = parser_->status();
  return std::any_of(statuses_.begin(), statuses_.end(), [status](const StatusRange& range) {
    return status >= range.first && status <= range.last;
  });
}

void HttpAnswer::FinishHeader() {
  const int status = parser_->status();
  if (IsInterim(status)) {
    parser_ = std::make_unique<Parser>(needle_);
  } else if (!StatusIsExpected()) {
    Settle(false, absl::StrCat(StatusText(), Unexpected(statuses_)));
  } else if (!searches_) {
    Settle(true, StatusText());
  }
}

void HttpAnswer::ParseBody() {
  error_code ec;
  while (!pending_.empty() && !parser_->is_done() && !parser_->search().settled() && !ec) {
    const size_t used = parser_->put(boost::asio::buffer(pending_), ec);
    pending_.erase(0, used);
    if (used == 0) break;
  }
  if (parser_->search().found()) {
    Settle(true, absl::StrCat(StatusText(), ", string found"));
  } else if (parser_->search().settled() || parser_->is_done()) {
    Settle(false, absl::StrCat(StatusText(), ", but ", parser_->search().Why()));
  } else if (ec && ec != http::error::need_more) {
    SettleInvalid(ec.message());
  } else if (pending_.size() > kHeaderLimit) {
    SettleInvalid("chunk header or trailer too long");
  }
}

void HttpAnswer::End(std::string_view how) {
  if (settled_) return;
  const absl::string_view end(how.data(), how.size());
  if (!has_status_line()) {
    Settle(false, first_bytes_.empty() ? absl::StrCat(end, " before a status line")
                                       : absl::StrCat(end, " within the status line"));
  } else if (!parser_->is_header_done()) {
    Settle(false, absl::StrCat(StatusText(), ", but ", end, " before the end of the header"));
  } else {
    Settle(false, absl::StrCat(StatusText(), ", but ", parser_->search().Why(), ", then ", end));
  }
}

void HttpAnswer::TimeOut(absl::Duration response_timeout) {
  if (settled_) return;
  const std::string within = absl::StrCat(" within ", absl::FormatDuration(response_timeout));
  if (!has_status_line()) {
    Settle(false, absl::StrCat("no status line", within, " after connecting"));
  } else if (!parser_->is_header_done()) {
    Settle(false, absl::StrCat(StatusText(), ", but the header did not end", within,
                               " after the status line"));
  } else {
    Settle(false, absl::StrCat(StatusText(), ", but ", parser_->search().Why(), within,
                               " after the status line"));
  }
}

}  // namespace understudy::control
