#include "tools/understudyctl/subject.h"

#include <boost/json/array.hpp>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {
namespace {

constexpr unsigned kNotFound = 404;

}  // namespace

std::string Subject::WithChecks() const {
  std::string names = TextIn(view, "name");
  for (const boost::json::value& side : ArrayIn(view, "sides")) {
    if (!side.is_object()) continue;
    const std::string check = TextIn(side.get_object(), "check");
    if (!check.empty()) absl::StrAppend(&names, ",", check);
  }
  return names;
}

std::optional<Subject> FindSubject(const Session& session, const Client& client,
                                   const std::string& name, ExitCode* code) {
  for (const bool is_group : {true, false}) {
    const Answer answer =
        client.Get(absl::StrCat(is_group ? "/v1/groups/" : "/v1/checks/", Encode(name)));
    if (answer.unreachable.empty() && answer.status == kNotFound) continue;
    const boost::json::object* body = session.BodyOf(answer, client, code);
    if (body == nullptr) return std::nullopt;
    return Subject{is_group, ObjectIn(*body, is_group ? "group" : "check")};
  }
  *code = Session::Tell(absl::StrCat("there is no failover group or health check '", name, "'"),
                        kRefused);
  return std::nullopt;
}

}  // namespace understudy::ctl
