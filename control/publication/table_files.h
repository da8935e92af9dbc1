// The table files of an instance as they lie in its directory: which there are, and what a killed
// predecessor left behind.
//
// Used by: publisher.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_TABLE_FILES_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_TABLE_FILES_H_

#include <cstdint>
#include <vector>

#include "dataplane/contract/root.h"

namespace understudy::control {

// Generations of all files table.<N>, ascending.
std::vector<uint64_t> FindTables(const contract::InstancePaths& paths);

// Removes table.<N>.tmp files. Only the holder of control.lock may: nobody else is writing one
// then.
void RemoveUnfinishedTables(const contract::InstancePaths& paths);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_TABLE_FILES_H_
