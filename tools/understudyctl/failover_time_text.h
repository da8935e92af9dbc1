// The answer of GET /v1/groups/{group}/time-to-failover as text for people.
//
// Used by: the command time-to-failover.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_FAILOVER_TIME_TEXT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_FAILOVER_TIME_TEXT_H_

#include <boost/json/object.hpp>
#include <string>

namespace understudy::ctl {

std::string FailoverTimeText(const boost::json::object& body);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_FAILOVER_TIME_TEXT_H_
