#include "control/api/lists.h"

#include <boost/json/serialize.hpp>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/views.h"
#include "control/engine/piecewise.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;

boost::json::object ViewOf(const Engine&, const CheckStanding& check) { return CheckView(check); }
boost::json::object ViewOf(const Engine& engine, const GroupStanding& group) {
  return GroupView(engine, group);
}

template <typename Standing>
asio::awaitable<std::string> TextOf(const Engine& engine, const std::string& word,
                                    const std::map<std::string, Standing>& all) {
  std::string text = absl::StrCat("{\"", word, "\":[");
  // Growing it by copying would hold the loop; pages that are not needed are never touched.
  text.reserve(kRoomOfEach * (all.size() + 1));
  bool begun = false;
  const auto add = [&](const Standing& one) {
    absl::StrAppend(&text, begun ? "," : "", boost::json::serialize(ViewOf(engine, one)));
    begun = true;
  };
  co_await ForEachPiecewise(all, kListPiece, add);
  text += "]}\n";
  co_return text;
}

}  // namespace

bool IsForList(const Request& request) {
  return request.method == "GET" && request.path.size() == 2 && request.path[0] == "v1" &&
         (request.path[1] == "checks" || request.path[1] == "groups");
}

asio::awaitable<Reply> List(const Engine& engine, Request request) {
  Reply reply;
  reply.text = Reply::Text{.type = "application/json", .bytes = ""};
  if (request.path[1] == "checks") {
    reply.text->bytes = co_await TextOf(engine, "checks", engine.standing().checks());
  } else {
    reply.text->bytes = co_await TextOf(engine, "groups", engine.standing().groups());
  }
  co_return reply;
}

}  // namespace understudy::control
