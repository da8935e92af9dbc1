// The API's answers as text for people. Every function takes the body of a successful answer.
//
// Used by: understudyctl's verbs, tests.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_ANSWERS_TEXT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_ANSWERS_TEXT_H_

#include <boost/json/object.hpp>
#include <string>

#include "absl/time/time.h"

namespace understudy::ctl {

std::string StatusText(const boost::json::object& body, absl::Time now);
std::string GroupsText(const boost::json::object& body, absl::Time now);
std::string ChecksText(const boost::json::object& body, absl::Time now);
std::string ShowText(const boost::json::object& body);
std::string ExplainText(const boost::json::object& body);
std::string EventsText(const boost::json::object& body);
// Of force and release.
std::string OverrideText(const boost::json::object& body);
std::string ReloadText(const boost::json::object& body);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_ANSWERS_TEXT_H_
