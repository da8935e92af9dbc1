#include "control/config/file_source.h"

#include "control/zone/text_file.h"

namespace understudy::control {

std::string FileSource::PlaceOf(const std::string& file) const {
  if (folder_.empty() || file.substr(0, 1) == "/") return file;
  return folder_.back() == '/' ? folder_ + file : folder_ + "/" + file;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string DiskFiles::Read(const std::string& file, size_t max_octets, std::string* text) {
  std::string wrong = ReadTextFile(PlaceOf(file), max_octets, text);
  if (wrong.empty() && packer_ != nullptr) packer_->AddZone(file, *text);
  return wrong;
}

std::string GivenFiles::Read(const std::string& file, size_t max_octets, std::string* text) {
  const auto found = texts_.zones.find(file);
  if (found == texts_.zones.end()) {
    missing_.insert(file);
    return "was not handed in";
  }
  if (found->second.size() > max_octets) {
    return "is larger than " + std::to_string(max_octets) + " octets";
  }
  used_.insert(file);
  *text = found->second;
  return {};
}

}  // namespace understudy::control
