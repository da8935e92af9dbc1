#include "tools/understudyctl/failover_time_text.h"

#include <boost/json/array.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

// Exact where Age would round: these are added up by hand.
std::string SecondsIn(const json::object& view, std::string_view key) {
  return absl::FormatDuration(absl::Seconds(RealIn(view, key)));
}

// "A, AAAA" by the TTL they have in common, the longest first.
std::map<int64_t, std::string, std::greater<>> TypesByTtl(const json::array& ttls) {
  std::map<int64_t, std::string, std::greater<>> types;
  for (const json::value& value : ttls) {
    if (!value.is_object()) continue;
    std::string& names = types[IntegerIn(value.get_object(), "ttl_s")];
    absl::StrAppend(&names, names.empty() ? "" : ", ", TextIn(value.get_object(), "type"));
  }
  return types;
}

void AppendTurn(const json::object& turn, const std::string& title, std::string& text) {
  absl::StrAppend(&text, "\n", title, "\n");
  if (!IsNullIn(turn, "never"))
    absl::StrAppend(&text, "  never by itself: ", TextIn(turn, "never"), "\n");
  Columns columns({"  TAKES UP TO", "TERM", "SOURCE"});
  for (const json::value& value : ArrayIn(turn, "terms")) {
    if (!value.is_object()) continue;
    const json::object& term = value.get_object();
    columns.Add({"  " + SecondsIn(term, "takes_s"), TextIn(term, "what"), TextIn(term, "source")});
  }
  const bool ends = IsNullIn(turn, "never");
  if (ends) columns.Add({"  " + SecondsIn(turn, "at_the_source_s"), "= changed at the source", ""});
  for (const auto& [ttl_s, types] : TypesByTtl(ArrayIn(turn, "ttls"))) {
    columns.Add({absl::StrCat("  ", ttl_s, "s"), "kept by resolvers: " + types,
                 "TTL of the records answered before"});
    if (!ends) continue;
    const absl::Duration total =
        absl::Seconds(RealIn(turn, "at_the_source_s")) + absl::Seconds(ttl_s);
    columns.Add({"  " + absl::FormatDuration(total), "= changed everywhere: " + types, ""});
  }
  absl::StrAppend(&text, columns.Text());
}

}  // namespace

std::string FailoverTimeText(const json::object& body) {
  std::string text = absl::StrCat("group ", TextIn(body, "group"), ": the longest it may take\n");
  for (const json::value& value : ArrayIn(body, "loss")) {
    const json::object& turn = value.as_object();
    if (TextIn(turn, "check").empty()) continue;
    AppendTurn(turn, absl::StrCat("when ", TextIn(turn, "side"), " dies, until it is not answered"),
               text);
  }
  for (const json::value& value : ArrayIn(body, "regain")) {
    const json::object& turn = value.as_object();
    if (TextIn(turn, "check").empty()) continue;
    AppendTurn(turn,
               absl::StrCat("when ", TextIn(turn, "side"), " is back, until it is answered again"),
               text);
  }
  text += "\n";
  for (const json::value& note : ArrayIn(body, "notes")) {
    if (note.is_string()) absl::StrAppend(&text, "note: ", note.get_string().c_str(), "\n");
  }
  return text;
}

}  // namespace understudy::ctl
