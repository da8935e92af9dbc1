// Files that are read and written whole, octet for octet.
//
// Used by: the commands that hand in a configuration and write it back.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TEXT_FILES_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TEXT_FILES_H_

#include <cstddef>
#include <string>

namespace understudy::ctl {

// What is wrong, as the rest of a sentence that begins with the path; empty when there is nothing.
std::string ReadText(const std::string& path, size_t max_octets, std::string* text);
std::string ReadStdin(size_t max_octets, std::string* text);
// Makes the folders it needs. The file is the old one or the new one, never half of it.
std::string WriteText(const std::string& path, const std::string& text);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TEXT_FILES_H_
