// All commands, by the noun they are about. Each Add function lives in the file of its noun
// (group_commands.cc and so on) and is called once, by AddAllCommands.
//
// Used by: main, tests.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMMANDS_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMMANDS_H_

#include "tools/understudyctl/command_tree.h"

namespace understudy::ctl {

void AddStandingCommands(CommandTree& tree);  // status, groups, checks, inspect
void AddAnswerCommands(CommandTree& tree);    // show, explain
void AddOverrideCommands(CommandTree& tree);  // force, drain, release, failback, freeze, thaw, push
void AddEventCommands(CommandTree& tree);     // events, watch, history
void AddTopCommands(CommandTree& tree);       // top
void AddReadyCommands(CommandTree& tree);     // ready
void AddFailoverTimeCommands(CommandTree& tree);   // time-to-failover
void AddConfigurationCommands(CommandTree& tree);  // reload
void AddApplyCommands(CommandTree& tree);          // apply, export
void AddDoctorCommands(CommandTree& tree);         // doctor
void AddCompletionCommands(CommandTree& tree);     // completion

inline void AddAllCommands(CommandTree& tree) {
  AddStandingCommands(tree);
  AddAnswerCommands(tree);
  AddOverrideCommands(tree);
  AddEventCommands(tree);
  AddTopCommands(tree);
  AddReadyCommands(tree);
  AddFailoverTimeCommands(tree);
  AddConfigurationCommands(tree);
  AddApplyCommands(tree);
  AddDoctorCommands(tree);
  AddCompletionCommands(tree);
}

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMMANDS_H_
