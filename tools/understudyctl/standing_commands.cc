// status, groups, checks: where everything stands, by control's word; inspect: by shared memory's.
#include <optional>

#include "absl/time/clock.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/inspection.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

ExitCode Status(Session& session) {
  return session.Read("/v1/status", [&](const json::object& body) {
    session.Put(body, StatusText(body, absl::Now()));
    return TextIn(body, "health") == "ok" ? kOk : kDegraded;
  });
}

ExitCode Groups(Session& session) {
  return session.Print("/v1/groups",
                       [](const json::object& body) { return GroupsText(body, absl::Now()); });
}

ExitCode Checks(Session& session) {
  return session.Print("/v1/checks",
                       [](const json::object& body) { return ChecksText(body, absl::Now()); });
}

ExitCode InspectMemory(Session& session) {
  if (session.is_remote()) {
    return session.TellNotRemote("inspect");
  }
  const std::optional<Instance> instance = session.ChooseInstance();
  if (!instance) return kUnreachable;
  const json::object inspection = Inspect(*instance);
  session.Put(inspection, InspectionText(inspection));
  return ArrayIn(inspection, "problems").empty() ? kOk : kDegraded;
}

}  // namespace

void AddStandingCommands(CommandTree& tree) {
  tree.Add("status", "Is everything well? Exit status 4 when not", Status);
  tree.Add("groups", "Failover groups: the side answered, and why", Groups);
  tree.Add("checks", "Health checks: verdict, counts, last result", Checks);
  tree.Add("inspect", "The shared memory itself; works without control", InspectMemory);
}

}  // namespace understudy::ctl
