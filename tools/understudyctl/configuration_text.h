// The difference between two configurations, as people read it.
//
// Used by: the commands of the configuration, tests.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CONFIGURATION_TEXT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CONFIGURATION_TEXT_H_

#include <boost/json/object.hpp>
#include <string>

namespace understudy::ctl {

// Of the answer to a plan: settings, then noun by noun what is added (+), changed (~: field, from,
// to) and removed (-), then the warnings.
std::string DifferenceText(const boost::json::object& plan);
// Of the answer to an apply, and to forget.
std::string AppliedText(const boost::json::object& body);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_CONFIGURATION_TEXT_H_
