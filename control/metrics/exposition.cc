#include "control/metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <utility>

namespace understudy::control {
namespace {

namespace asio = boost::asio;

constexpr size_t kRoom = size_t{64} * 1024;
constexpr size_t kRoomOfEach = 1024;

// Counts an exposition for as long as its coroutine lives.
class UnderWay {
 public:
  explicit UnderWay(std::shared_ptr<size_t> count) : count_(std::move(count)) { ++*count_; }
  ~UnderWay() { --*count_; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  const std::shared_ptr<size_t> count_;
};

// A family that is told in pieces has its two comment lines (HELP and TYPE) once.
std::string WithoutComments(const std::string& text) {
  const size_t end_of_help = text.find('\n');
  return text.substr(text.find('\n', end_of_help + 1) + 1);
}

// `all` may change between two pieces: the next one goes on behind the last name.
template <typename Standing>
asio::awaitable<void> Append(const std::map<std::string, Standing>& all,
                             const EachFamily<Standing>& each, const Engine& engine,
                             std::string& text) {
  const prometheus::TextSerializer serializer;
  std::string last;
  bool begun = false;
  for (;;) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    Families piece(1);
    piece[0] = {each.name, each.help, each.type, {}};
    const Told told{engine.now(), engine.publisher()};
    auto it = last.empty() ? all.begin() : all.upper_bound(last);
    for (size_t i = 0; i < kPiece && it != all.end(); ++i, ++it) {
      each.add(it->second, told, piece[0].metric);
      last = it->first;
    }
    if (!piece[0].metric.empty()) {
      const std::string lines = serializer.Serialize(piece);
      text += begun ? WithoutComments(lines) : lines;
      begun = true;
    }
    if (it == all.end()) co_return;
  }
}

}  // namespace

asio::awaitable<std::optional<std::string>> Exposition::Text(Asked asked) const {
  if (*under_way_ >= kMaxExpositions) co_return std::nullopt;
  const UnderWay counted(under_way_);
  const prometheus::TextSerializer serializer;
  const Standing& standing = engine_.standing();
  std::string text;
  // Growing it by copying would hold the loop; pages that are not needed are never touched.
  text.reserve(kRoom + kRoomOfEach * (standing.groups().size() + standing.checks().size()));
  text += serializer.Serialize(ControlFamilies(engine_, tallies_));
  text += serializer.Serialize(ApiFamilies(tallies_, asked.doors));
  text += serializer.Serialize(DataplaneFamilies(engine_));
  for (const EachFamily<GroupStanding>& each : FamiliesOfGroups()) {
    co_await Append(standing.groups(), each, engine_, text);
  }
  if (asked.checks) {
    for (const EachFamily<CheckStanding>& each : FamiliesOfChecks()) {
      co_await Append(standing.checks(), each, engine_, text);
    }
  }
  co_return std::optional<std::string>(std::move(text));
}

}  // namespace understudy::control
