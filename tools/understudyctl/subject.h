// Subject: the group or check an operator names, as control knows it.
//
// Used by: watch, history.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SUBJECT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SUBJECT_H_

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "tools/understudyctl/session.h"

namespace understudy::ctl {

struct Subject {
  bool is_group = false;
  boost::json::object view;  // as GET /v1/groups/NAME or /v1/checks/NAME shows it

  // Its name and those of the checks of its sides, separated by commas: whose events tell its
  // story.
  std::string WithChecks() const;
};

// Nothing: there is no such group or check, or no answer. That was told, and `code` is what to exit
// with. A group is found before a check of the same name.
std::optional<Subject> FindSubject(const Session& session, const Client& client,
                                   const std::string& name, ExitCode* code);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SUBJECT_H_
