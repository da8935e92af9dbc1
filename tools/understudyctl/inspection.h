// Inspect: what the shared memory says, read directly, without control and without the dataplane.
// Everything in it may be half written, foreign or damaged; nothing here trusts it.
//
// Used by: understudyctl inspect.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_INSPECTION_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_INSPECTION_H_

#include <boost/json/object.hpp>
#include <string>

#include "tools/understudyctl/instance.h"

namespace understudy::ctl {

// {"instance", "directory", "problems", "control", "table", "dataplane", "groups"}; README.md.
boost::json::object Inspect(const Instance& instance);
std::string InspectionText(const boost::json::object& inspection);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_INSPECTION_H_
