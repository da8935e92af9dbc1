#include "tools/understudyctl/answers_text.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

std::string Count(const json::object& view, std::string_view key) {
  return Number(static_cast<uint64_t>(IntegerIn(view, key)));
}

std::string SelectionText(const json::object& selection) {
  if (IntegerIn(selection, "workers") == 0) {
    return absl::StrCat(IntegerIn(selection, "generation"),
                        "; no dataplane is running that would answer by it");
  }
  return absl::StrCat(IntegerIn(selection, "generation"), ", seen by ",
                      IntegerIn(selection, "observed"), "/", IntegerIn(selection, "workers"),
                      " workers");
}

std::string DataplaneText(const json::object& dataplane) {
  if (!BoolIn(dataplane, "alive")) return "not running";
  std::string text =
      absl::StrCat("alive", BoolIn(dataplane, "stale") ? " but STALE" : "", ", pid ",
                   IntegerIn(dataplane, "pid"), ", ", IntegerIn(dataplane, "workers"),
                   " workers, table ", IntegerIn(dataplane, "table_adopted"), " adopted");
  if (IntegerIn(dataplane, "tables_refused") > 0) {
    absl::StrAppend(&text, ", ", IntegerIn(dataplane, "tables_refused"),
                    " refused (last: ", IntegerIn(dataplane, "refused_table"), ", ",
                    TextIn(dataplane, "refused_reason"), ")");
  }
  return text;
}

// "2 not on their primary, 1 forced": the counts that are not zero.
std::string Remarks(const json::object& counts,
                    const std::vector<std::pair<std::string_view, std::string_view>>& words) {
  std::vector<std::string> remarks;
  for (const auto& [key, word] : words) {
    if (IntegerIn(counts, key) == 0) continue;
    remarks.push_back(absl::StrCat(IntegerIn(counts, key), " ", std::string(word)));
  }
  return remarks.empty() ? "" : absl::StrCat(": ", absl::StrJoin(remarks, ", "));
}

// "primary eu up, secondary us DOWN drained".
std::string SidesText(const json::object& group) {
  std::vector<std::string> texts;
  for (const json::value& value : ArrayIn(group, "sides")) {
    if (!value.is_object()) continue;
    const json::object& side = value.get_object();
    const std::string health =
        IsNullIn(side, "check")
            ? "no check"
            : absl::StrCat(TextIn(side, "check"), BoolIn(side, "healthy") ? " up" : " DOWN");
    texts.push_back(absl::StrCat(TextIn(side, "side"), " ", health,
                                 IsNullIn(side, "drained") ? "" : " drained"));
  }
  return absl::StrJoin(texts, ", ");
}

// "by ann (uid 1000 ann, pid 4711), 29m 3s left: ticket 4711".
std::string WordOfOperator(const json::object& override) {
  const std::string left = IsNullIn(override, "remaining_s")
                               ? "until released"
                               : Age(absl::Seconds(RealIn(override, "remaining_s"))) + " left";
  return absl::StrCat("by ", TextIn(override, "author"), ", ", left, ": ",
                      TextIn(override, "reason"));
}

std::string DrainsOf(const json::object& group) {
  std::vector<std::string> texts;
  for (const json::value& value : ArrayIn(group, "sides")) {
    if (!value.is_object() || IsNullIn(value.get_object(), "drained")) continue;
    const json::object& side = value.get_object();
    texts.push_back(
        absl::StrCat(TextIn(side, "side"), " drained ", WordOfOperator(ObjectIn(side, "drained"))));
  }
  return absl::StrJoin(texts, "; ");
}

std::string NoteOf(const json::object& group) {
  const std::string drains = DrainsOf(group);
  if (!IsNullIn(group, "override")) {
    return absl::StrCat("forced ", WordOfOperator(ObjectIn(group, "override")),
                        drains.empty() ? "" : "; ", drains);
  }
  if (!drains.empty()) return drains;
  if (!IsNullIn(group, "hold_down_remaining_s")) {
    return absl::StrCat("back in ", Age(absl::Seconds(RealIn(group, "hold_down_remaining_s"))));
  }
  if (BoolIn(group, "waiting")) return "waits for its check to settle";
  return "";
}

void AppendSection(std::string_view title, const json::array& records, std::string& text) {
  if (records.empty()) return;
  absl::StrAppend(&text, std::string(title), ":\n");
  for (const json::value& record : records) {
    if (record.is_string()) absl::StrAppend(&text, "  ", record.get_string().c_str(), "\n");
  }
}

// "  app answers primary (primary_healthy)", a line for each of the first.
std::string AnswersOf(const json::array& groups) {
  constexpr size_t kTold = 20;
  std::string text;
  for (size_t i = 0; i < std::min(kTold, groups.size()); ++i) {
    if (!groups[i].is_object()) continue;
    const json::object& group = groups[i].get_object();
    absl::StrAppend(&text, "  ", TextIn(group, "name"), " answers ", TextIn(group, "answer"), " (",
                    TextIn(group, "cause"), ")\n");
  }
  if (groups.size() > kTold) {
    absl::StrAppend(&text, "  ... and ", groups.size() - kTold, " more\n");
  }
  return text;
}

// "healthy", "UNHEALTHY (inverted)", and "healthy (frozen)" where its results say otherwise by now.
std::string VerdictText(const json::object& check) {
  const bool healthy = BoolIn(check, "healthy");
  const bool is_frozen = check.contains("by_results") && BoolIn(check, "by_results") != healthy;
  return absl::StrCat(healthy ? "healthy" : "UNHEALTHY", is_frozen ? " (frozen)" : "",
                      BoolIn(check, "disabled") ? " (disabled)" : "",
                      BoolIn(check, "inverted") ? " (inverted)" : "");
}

// "HTTP 200; WARNING: certificate ends 2026-12-01T10:00:00Z (in 36h)".
std::string LastResultText(const json::object& last) {
  const std::string warning = TextIn(last, "warning");
  return absl::StrCat(TextIn(last, "reason"), warning.empty() ? "" : "; WARNING: ", warning);
}

}  // namespace

std::string StatusText(const json::object& body, absl::Time now) {
  const json::object& table = ObjectIn(body, "table");
  const json::object& state = ObjectIn(body, "state");
  std::string text =
      absl::StrCat("instance   ", TextIn(body, "instance"), ": ", TextIn(body, "health"), "\n");
  absl::StrAppend(&text, "control    pid ", IntegerIn(body, "pid"), ", up ",
                  AgeOf(TextIn(body, "started_at"), now), "; ", TextIn(body, "config_file"),
                  " loaded ", AgeOf(TextIn(body, "loaded_at"), now), " ago",
                  BoolIn(body, "reloading") ? ", reload under way" : "", "\n");
  const json::object& configuration = ObjectIn(body, "configuration");
  if (TextIn(configuration, "origin") == "applied") {
    absl::StrAppend(&text, "applied    ", TextIn(configuration, "at"), " by ",
                    TextIn(configuration, "author"), " from ", TextIn(configuration, "file"),
                    "; --config is not read\n");
  }
  absl::StrAppend(&text, "dataplane  ", DataplaneText(ObjectIn(body, "dataplane")), "\n");
  absl::StrAppend(&text, "table      ", IntegerIn(table, "generation"), ": ", Count(table, "zones"),
                  " zones, ", Count(table, "names"), " names, ", Count(table, "record_sets"),
                  " record sets, ", Count(table, "bytes"), " bytes\n");
  absl::StrAppend(&text, "selection  ", SelectionText(ObjectIn(body, "selection")), "\n");
  const json::object& groups = ObjectIn(body, "groups");
  absl::StrAppend(&text, "groups     ", Count(groups, "total"),
                  Remarks(groups, {{"on_secondary", "not on their primary"},
                                   {"forced", "forced"},
                                   {"drained", "drained"},
                                   {"waiting_for_failback", "waiting for failback"},
                                   {"all_down", "all down"},
                                   {"holding_down", "holding down"}}),
                  "\n");
  const json::object& checks = ObjectIn(body, "checks");
  absl::StrAppend(&text, "checks     ", Count(checks, "total"),
                  Remarks(checks, {{"unhealthy", "unhealthy"}}), "\n");
  absl::StrAppend(
      &text, "state      ",
      BoolIn(state, "durable") ? "durable" : absl::StrCat("NOT DURABLE: ", TextIn(state, "error")),
      "\n");
  return text + ProblemsText(ArrayIn(body, "problems"));
}

std::string GroupsText(const json::object& body, absl::Time now) {
  Columns columns({"GROUP", "ANSWER", "CAUSE", "SINCE", "SIDES", "NOTE"});
  for (const json::value& value : ArrayIn(body, "groups")) {
    if (!value.is_object()) continue;
    const json::object& group = value.get_object();
    columns.Add({TextIn(group, "name"), TextIn(group, "answer"), TextIn(group, "cause"),
                 AgeOf(TextIn(group, "changed_at"), now), SidesText(group), NoteOf(group)});
  }
  return columns.Text();
}

std::string ChecksText(const json::object& body, absl::Time now) {
  Columns columns(
      {"CHECK", "VERDICT", "SINCE", "CONTRARY", "OK", "FAILED", "PROBED", "TARGET", "LAST RESULT"});
  for (const json::value& value : ArrayIn(body, "checks")) {
    if (!value.is_object()) continue;
    const json::object& check = value.get_object();
    const json::object& last = ObjectIn(check, "last");
    columns.Add({TextIn(check, "name"), VerdictText(check), AgeOf(TextIn(check, "changed_at"), now),
                 absl::StrCat(IntegerIn(check, "contrary"), "/", IntegerIn(check, "threshold")),
                 Count(check, "successes"), Count(check, "failures"),
                 last.empty() ? "never" : AgeOf(TextIn(last, "started"), now) + " ago",
                 TextIn(check, "target"), LastResultText(last)});
  }
  return columns.Text();
}

std::string ShowText(const json::object& body) {
  std::string text = absl::StrCat(TextIn(body, "name"), " in zone ", TextIn(body, "zone"),
                                  BoolIn(body, "delegation") ? ", delegated" : "",
                                  BoolIn(body, "occluded") ? ", occluded by a zone cut" : "", "\n");
  for (const json::value& value : ArrayIn(body, "record_sets")) {
    const json::object& set = value.as_object();
    absl::StrAppend(&text, TextIn(set, "type"),
                    IsNullIn(set, "group") ? "" : absl::StrCat(", group ", TextIn(set, "group")),
                    "\n");
    for (const json::value& side_value : ArrayIn(set, "sides")) {
      const json::object& side = side_value.as_object();
      const json::array& records = ArrayIn(side, "records");
      const std::string label = IsNullIn(side, "side") ? "" : TextIn(side, "side") + " ";
      const std::string mark = BoolIn(side, "answered") ? "  * " : "    ";
      if (records.empty()) absl::StrAppend(&text, mark, label, "(none)\n");
      for (const json::value& record : records) {
        absl::StrAppend(&text, mark, label, record.as_string().c_str(), "\n");
      }
    }
  }
  return absl::StrCat(text, "* answered now, from table ", IntegerIn(body, "table"), "\n");
}

std::string ExplainText(const json::object& body) {
  std::string text = absl::StrCat(
      TextIn(body, "name"), " ", TextIn(body, "type"), " is answered ", TextIn(body, "rcode"),
      BoolIn(body, "authoritative") ? ", authoritative\n" : ", not authoritative\n");
  AppendSection("answer", ArrayIn(body, "answer"), text);
  AppendSection("authority", ArrayIn(body, "authority"), text);
  AppendSection("additional", ArrayIn(body, "additional"), text);
  AppendSection("because", ArrayIn(body, "because"), text);
  absl::StrAppend(&text, "from table ", IntegerIn(body, "table"), ", selection ",
                  SelectionText(ObjectIn(body, "selection")), "\n");
  return text;
}

std::string EventsText(const json::object& body) {
  std::string text;
  for (const json::value& value : ArrayIn(body, "events")) {
    if (!value.is_object()) continue;
    absl::StrAppend(&text, TextIn(value.get_object(), "time"), "  ",
                    TextIn(value.get_object(), "text"), "\n");
  }
  return text;
}

std::string OverrideText(const json::object& body) {
  std::string text;
  for (const json::value& value : ArrayIn(body, "effects")) {
    if (!value.is_object()) continue;
    const json::object& effect = value.get_object();
    const std::string from = TextIn(effect, "from"), to = TextIn(effect, "to");
    absl::StrAppend(&text, "group ", TextIn(effect, "group"), ": ",
                    from == to ? absl::StrCat(from, " stays") : absl::StrCat(from, " -> ", to));
    const std::string unusable = TextIn(effect, "unusable");
    absl::StrAppend(&text, unusable.empty() ? "" : absl::StrCat("  NOT USABLE: ", unusable), "\n");
  }
  if (BoolIn(body, "dry_run")) return text + "dry run: nothing was changed\n";
  const json::array& groups = ArrayIn(body, "groups");
  if (groups.size() == 1 && groups[0].is_object()) {
    const json::object& group = groups[0].get_object();
    text = absl::StrCat("group ", TextIn(group, "name"), " answers ", TextIn(group, "answer"), " (",
                        TextIn(group, "cause"), "): ", TextIn(group, "because"), "\n");
  } else if (!groups.empty()) {
    absl::StrAppend(&text, groups.size(), " groups:\n", AnswersOf(groups));
  }
  absl::StrAppend(&text, "selection ", SelectionText(ObjectIn(body, "selection")), "\n");
  if (!BoolIn(body, "durable")) absl::StrAppend(&text, "WARNING: ", TextIn(body, "warning"), "\n");
  return text;
}

std::string ReloadText(const json::object& body) {
  std::string text = absl::StrCat("reloaded in ", Age(absl::Seconds(RealIn(body, "took_s"))),
                                  ": table ", IntegerIn(body, "table"), " published\n");
  for (const json::value& warning : ArrayIn(body, "warnings")) {
    absl::StrAppend(&text, "warning: ", warning.as_string().c_str(), "\n");
  }
  return text;
}

}  // namespace understudy::ctl
