// Top's page: what is shown of one moment, as lines for a screen, or as JSON. Pure.
//
// Used by: top (draws it, or prints it).
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TOP_PAGE_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TOP_PAGE_H_

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tools/understudyctl/traffic.h"

namespace understudy::ctl {

enum class TopSort { kBusiest, kName };  // the newest trouble first goes with the busiest

struct TopMoment {
  std::string instance;
  absl::Time now;
  absl::Duration interval;
  bool paused = false;
  TopSort sort = TopSort::kBusiest;
  Reading reading;
  Rates rates;
  // Control's word; empty when it is away.
  boost::json::object status;   // GET /v1/status
  boost::json::object trouble;  // GET /v1/trouble
};

enum class TopStyle { kPlain, kTitle, kHead, kBad };
struct TopLine {
  std::string text;
  TopStyle style = TopStyle::kPlain;
};

// No line is wider than `width` characters.
std::vector<TopLine> TopLines(const TopMoment& moment, size_t width);
boost::json::object TopView(const TopMoment& moment);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TOP_PAGE_H_
