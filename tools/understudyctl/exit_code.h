// Exit codes: what scripts learn of a command. README.md explains each.
//
// Used by: every command, main.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EXIT_CODE_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EXIT_CODE_H_

namespace understudy::ctl {

enum ExitCode { kOk = 0, kRefused = 1, kUsage = 2, kUnreachable = 3, kDegraded = 4 };

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EXIT_CODE_H_
