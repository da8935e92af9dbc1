#include "tools/understudyctl/configuration_text.h"

#include <boost/json/array.hpp>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

struct Noun {
  const char* field;
  const char* people;
};
constexpr Noun kNouns[] = {{"zones", "zones"},
                           {"health_checks", "health checks"},
                           {"groups", "failover groups"},
                           {"record_sets", "record sets"}};

std::string_view SignOf(const std::string& kind) {
  return kind == "added" ? "+" : kind == "removed" ? "-" : "~";
}

std::string OrNothing(const std::string& text) { return text.empty() ? "(nothing)" : text; }

void AppendFields(const json::array& fields, const std::string& kind, std::string& text) {
  for (const json::value& value : fields) {
    const json::object& field = value.as_object();
    absl::StrAppend(&text, "      ", TextIn(field, "field"), ": ");
    if (kind == "added") {
      absl::StrAppend(&text, TextIn(field, "to"), "\n");
    } else if (kind == "removed") {
      absl::StrAppend(&text, TextIn(field, "from"), "\n");
    } else {
      absl::StrAppend(&text, OrNothing(TextIn(field, "from")), " -> ",
                      OrNothing(TextIn(field, "to")), "\n");
    }
  }
}

void AppendNoun(const json::object& changes, const char* people, std::string& text) {
  const int64_t all =
      IntegerIn(changes, "added") + IntegerIn(changes, "changed") + IntegerIn(changes, "removed");
  if (all == 0) return;
  absl::StrAppend(&text, people, ": ", IntegerIn(changes, "added"), " added, ",
                  IntegerIn(changes, "changed"), " changed, ", IntegerIn(changes, "removed"),
                  " removed, of ", IntegerIn(changes, "before"), "\n");
  const json::array& shown = ArrayIn(changes, "shown");
  for (const json::value& value : shown) {
    const json::object& change = value.as_object();
    const std::string kind = TextIn(change, "kind");
    absl::StrAppend(&text, "  ", std::string(SignOf(kind)), " ", TextIn(change, "name"), "\n");
    AppendFields(ArrayIn(change, "fields"), kind, text);
  }
  const int64_t left_out = all - static_cast<int64_t>(shown.size());
  if (left_out > 0) absl::StrAppend(&text, "  ... and ", left_out, " more\n");
}

void AppendWarnings(const json::object& body, std::string& text) {
  for (const json::value& warning : ArrayIn(body, "warnings")) {
    absl::StrAppend(&text, "warning: ", warning.as_string().c_str(), "\n");
  }
}

}  // namespace

std::string DifferenceText(const json::object& plan) {
  const json::object& difference = ObjectIn(plan, "difference");
  std::string text;
  const json::array& settings = ArrayIn(difference, "settings");
  if (!settings.empty()) text = "settings\n";
  AppendFields(settings, "changed", text);
  for (const Noun& noun : kNouns) AppendNoun(ObjectIn(difference, noun.field), noun.people, text);
  if (text.empty()) text = "no difference in what is served\n";
  AppendWarnings(plan, text);
  return text;
}

std::string AppliedText(const json::object& body) {
  const json::object& configuration = ObjectIn(body, "configuration");
  std::string text =
      absl::StrCat("serving ", TextIn(configuration, "file"), ": table ", IntegerIn(body, "table"),
                   " published after ", Age(absl::Seconds(RealIn(body, "took_s"))), "\n");
  if (TextIn(configuration, "origin") == "applied") {
    absl::StrAppend(&text, "it is on disk and is served after a restart too\n");
  }
  return text;
}

}  // namespace understudy::ctl
