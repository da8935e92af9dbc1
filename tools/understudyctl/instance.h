// Which instance is meant: its name, its shared memory, its socket.
//
// Used by: understudyctl's main.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_INSTANCE_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_INSTANCE_H_

#include <string>
#include <vector>

#include "dataplane/contract/root.h"

namespace understudy::ctl {

inline constexpr char kSocketDir[] = "/run/understudy";

struct Instance {
  std::string name;
  contract::InstancePaths paths;
  std::string socket;
};

// Names with shared memory below `shm_dir` or a socket in `socket_dir`, sorted.
std::vector<std::string> FindInstances(const std::string& shm_dir, const std::string& socket_dir);

// Picks the one called `name`, or the only one there is when `name` is empty. `socket` may be empty
// for its default. On failure `error` says what to do, and the name is empty.
Instance Choose(const std::string& name, const std::string& shm_dir, const std::string& socket,
                const std::string& socket_dir, std::string* error);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_INSTANCE_H_
