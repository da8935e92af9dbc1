// Reads a file of text into memory.
//
// Used by: zone_file.cc, and config for the configuration file itself.
#ifndef UNDERSTUDY_CONTROL_ZONE_TEXT_FILE_H_
#define UNDERSTUDY_CONTROL_ZONE_TEXT_FILE_H_

#include <cstddef>
#include <string>

namespace understudy::control {

// Fills `text` with all of the regular file `path`. Returns what is wrong, empty when read. A
// device or a pipe is refused and never waited for: a reload must not hang on a wrong path.
std::string ReadTextFile(const std::string& path, size_t max_octets, std::string* text);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_TEXT_FILE_H_
