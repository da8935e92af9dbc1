#include <boost/json/array.hpp>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "dataplane/contract/outcome.h"
#include "dataplane/contract/report.h"
#include "tools/understudyctl/inspection.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

std::string AgeIn(const json::object& view, std::string_view key) {
  return Age(absl::Seconds(RealIn(view, key)));
}

std::string ControlText(const json::object& control) {
  std::string text = absl::StrCat("control    ", BoolIn(control, "alive")       ? "alive"
                                                 : BoolIn(control, "shut_down") ? "shut down"
                                                                                : "dead");
  if (control.contains("pid")) {
    absl::StrAppend(&text, ", pid ", IntegerIn(control, "pid"), ", heartbeat ",
                    AgeIn(control, "heartbeat_age_s"), " ago",
                    BoolIn(control, "stale") ? " (STALE)" : "",
                    ", when stale: ", TextIn(control, "stale_policy"));
  }
  return text + "\n";
}

std::string DataplaneText(const json::object& dataplane) {
  std::string text =
      absl::StrCat("dataplane  ", BoolIn(dataplane, "alive") ? "alive" : "not running");
  if (!dataplane.contains("pid")) return text + "\n";
  absl::StrAppend(&text, ", pid ", IntegerIn(dataplane, "pid"), ", heartbeat ",
                  AgeIn(dataplane, "heartbeat_age_s"), " ago",
                  BoolIn(dataplane, "stale") ? " (STALE)" : "", ", adopted table ",
                  IntegerIn(dataplane, "table_adopted"));
  const int64_t refused = IntegerIn(dataplane, "tables_refused");
  if (refused > 0) {
    absl::StrAppend(&text, ", refused ", refused, " (last: ", IntegerIn(dataplane, "refused_table"),
                    ", ", TextIn(dataplane, "refused_reason"), ")");
  }
  if (BoolIn(dataplane, "control_stale")) absl::StrAppend(&text, ", sees control as stale");
  return text + "\n";
}

std::string TableText(const json::object& table) {
  std::string text = absl::StrCat("table      ", IntegerIn(table, "answered_from"));
  if (IntegerIn(table, "answered_from") != IntegerIn(table, "current")) {
    absl::StrAppend(&text, " (current is ", IntegerIn(table, "current"), ")");
  }
  if (!table.contains("names")) return text + "\n";
  absl::StrAppend(&text, ": ", Number(static_cast<uint64_t>(IntegerIn(table, "names"))), " names, ",
                  Number(static_cast<uint64_t>(IntegerIn(table, "record_sets"))), " record sets, ",
                  Number(static_cast<uint64_t>(IntegerIn(table, "bytes"))), " bytes; selection ",
                  IntegerIn(table, "selection"));
  return text + "\n";
}

std::string WorkersText(const json::object& dataplane) {
  const json::array& workers = ArrayIn(dataplane, "workers");
  if (workers.empty()) return "";
  Columns columns({"WORKER", "SELECTION", "TABLE", "RECEIVED", "STALE"});
  for (const json::value& value : workers) {
    const json::object& worker = value.as_object();
    columns.Add(
        {TextIn(worker, "name"),
         absl::StrCat(IntegerIn(worker, "selection"), BoolIn(worker, "idle") ? " idle" : ""),
         absl::StrCat(IntegerIn(worker, "table")),
         Number(static_cast<uint64_t>(IntegerIn(worker, "received"))),
         Number(static_cast<uint64_t>(IntegerIn(worker, "stale_answers")))});
  }
  return "\n" + columns.Text();
}

std::string CountersText(const json::object& dataplane) {
  if (!dataplane.contains("outcomes")) return "";
  Columns columns({"OUTCOME", "COUNT", "MEANING"});
  for (const contract::OutcomeText& outcome : contract::kOutcomeTexts) {
    const int64_t count = IntegerIn(ObjectIn(dataplane, "outcomes"), outcome.word);
    if (count == 0) continue;
    columns.Add({std::string(outcome.word), Number(static_cast<uint64_t>(count)),
                 std::string(outcome.meaning)});
  }
  columns.Add({"received", Number(static_cast<uint64_t>(IntegerIn(dataplane, "received"))),
               "the sum; a burst under way may be missing in either"});
  std::string text = "\n" + columns.Text() + "\nanswered by:";
  for (const std::string_view word : contract::kAnsweredByWords) {
    const int64_t count = IntegerIn(ObjectIn(dataplane, "answered_by"), word);
    absl::StrAppend(&text, " ", std::string(word), " ", Number(static_cast<uint64_t>(count)));
  }
  return text + "\n";
}

std::string GroupsText(const json::array& groups) {
  if (groups.empty()) return "";
  Columns columns({"GROUP", "ANSWER"});
  for (const json::value& value : groups) {
    columns.Add({TextIn(value.as_object(), "name"), TextIn(value.as_object(), "answer")});
  }
  return "\n" + columns.Text();
}

}  // namespace

std::string InspectionText(const json::object& inspection) {
  std::string text = absl::StrCat("instance   ", TextIn(inspection, "instance"), " in ",
                                  TextIn(inspection, "directory"), "\n");
  text += ControlText(ObjectIn(inspection, "control"));
  text += DataplaneText(ObjectIn(inspection, "dataplane"));
  text += TableText(ObjectIn(inspection, "table"));
  text += ProblemsText(ArrayIn(inspection, "problems"));
  text += WorkersText(ObjectIn(inspection, "dataplane"));
  text += CountersText(ObjectIn(inspection, "dataplane"));
  text += GroupsText(ArrayIn(inspection, "groups"));
  return text;
}

}  // namespace understudy::ctl
