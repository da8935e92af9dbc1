#include "control/api/events.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/api/views.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr size_t kEventPiece = 256;

struct Asked {
  EventLog::Filter filter;
  absl::Duration wait;
};

bool ParseNumber(const std::string& text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

absl::StatusOr<absl::Time> SinceFrom(const std::string& text, absl::Time now) {
  absl::Duration ago;
  if (text.empty()) return absl::InfinitePast();
  if (absl::ParseDuration(text, &ago) && ago >= absl::ZeroDuration()) return now - ago;
  absl::Time since;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &since, &error)) return since;
  return absl::InvalidArgumentError(absl::StrCat(
      "since: '", text, "' is neither a duration like 10m nor a time like 2026-01-31T12:00:00Z"));
}

absl::StatusOr<absl::Duration> WaitFrom(const std::string& text, bool follows) {
  absl::Duration wait;
  if (text.empty()) return absl::ZeroDuration();
  if (!follows)
    return absl::InvalidArgumentError("wait: give after as well, or it waits for what?");
  if (!absl::ParseDuration(text, &wait) || wait < absl::ZeroDuration() || wait > kMaxWait) {
    return absl::InvalidArgumentError(
        absl::StrCat("wait: '", text, "' is no duration; give one from 0s to 60s, like 30s"));
  }
  return wait;
}

absl::StatusOr<Asked> AskedIn(const Request& request, absl::Time now) {
  Asked asked;
  const absl::StatusOr<absl::Time> since = SinceFrom(QueryValue(request, "since"), now);
  if (!since.ok()) return since.status();
  asked.filter.since = *since;
  const std::optional<uint64_t> limit = LimitIn(request, kKeptEvents);
  if (!limit) return absl::InvalidArgumentError(absl::StrCat("limit: give 1 to ", kKeptEvents));
  asked.filter.limit = *limit;
  for (absl::string_view name :
       absl::StrSplit(QueryValue(request, "subject"), ',', absl::SkipEmpty())) {
    asked.filter.subjects.emplace_back(name);
  }
  const std::string after = QueryValue(request, "after");
  uint64_t after_id = 0;
  if (!after.empty() && !ParseNumber(after, &after_id)) {
    return absl::InvalidArgumentError("after: give the id of an event");
  }
  if (!after.empty()) asked.filter.after_id = after_id;
  const absl::StatusOr<absl::Duration> wait = WaitFrom(QueryValue(request, "wait"), !after.empty());
  if (!wait.ok()) return wait.status();
  asked.wait = *wait;
  return asked;
}

// Nothing to send yet. An id we have not given yet is of another state file: the reply says where
// we are.
bool IsToWait(const EventLog& log, const EventLog::Filter& filter) {
  if (!filter.after_id || *filter.after_id > log.last_id()) return false;
  EventLog::Filter next = filter;
  next.limit = 1;
  return log.Find(next).empty();
}

// Of one moment, but put into words in pieces: ten thousand would hold the loop for tens of
// milliseconds.
asio::awaitable<Reply> Found(const EventLog& log, EventLog::Filter filter) {
  const std::vector<Event> found = log.Find(filter);
  const uint64_t last = found.empty() ? log.last_id() : found.back().id;
  // What a client that was away too long will never see.
  const uint64_t gone = log.first_id() - 1;
  const uint64_t after = filter.after_id.value_or(gone);
  std::string text = "{\"events\":[";
  for (size_t i = 0; i < found.size(); ++i) {
    absl::StrAppend(&text, i > 0 ? "," : "", json::serialize(EventView(found[i])));
    if (i % kEventPiece != kEventPiece - 1) continue;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
  absl::StrAppend(&text, "],\"last\":", last, ",\"missed\":", gone > after ? gone - after : 0,
                  "}\n");
  Reply reply;
  reply.text = Reply::Text{.type = "application/json", .bytes = std::move(text)};
  co_return reply;
}

}  // namespace

asio::awaitable<Reply> Events(const Engine& engine, EventFeed& feed, Request request) {
  const absl::StatusOr<Asked> asked = AskedIn(request, engine.now().wall);
  if (!asked.ok()) {
    co_return ErrorReply(400, "invalid_argument", std::string(asked.status().message()));
  }
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(asked->wait);
  while (IsToWait(engine.events(), asked->filter)) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    if (!co_await feed.Wait(left, request.peer.remote)) {
      co_return ErrorReply(503, "busy", "too many clients wait for events, try again in a moment");
    }
  }
  co_return co_await Found(engine.events(), asked->filter);
}

}  // namespace understudy::control
