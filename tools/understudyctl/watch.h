// Watching: prints events as they happen, until interrupted.
//
// Used by: the commands watch and events --follow.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_WATCH_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_WATCH_H_

#include <cstdint>
#include <string>

#include "tools/understudyctl/session.h"

namespace understudy::ctl {

struct Watched {
  std::string subjects;  // checks and groups, separated by commas; empty: everything
  std::string since;     // empty with limit 0: nothing of what happened before
  uint64_t limit = 0;
};

// Returns when control refuses, or nobody reads what is printed. While control is away it says so
// and waits for it.
ExitCode Watch(const Session& session, const Client& client, const Watched& watched);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_WATCH_H_
