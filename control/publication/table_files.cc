#include "control/publication/table_files.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::control {
namespace {

constexpr std::string_view kPrefix = "table.";

std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  return names;
}

std::optional<uint64_t> GenerationIn(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  uint64_t generation = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), generation);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return generation;
}

}  // namespace

std::vector<uint64_t> FindTables(const contract::InstancePaths& paths) {
  std::vector<uint64_t> generations;
  for (const std::string& name : NamesIn(paths.directory)) {
    if (const auto generation = GenerationIn(name)) generations.push_back(*generation);
  }
  std::ranges::sort(generations);
  return generations;
}

void RemoveUnfinishedTables(const contract::InstancePaths& paths) {
  for (const std::string& name : NamesIn(paths.directory)) {
    if (name.starts_with(kPrefix) && name.ends_with(".tmp")) {
      unlink((paths.directory + "/" + name).c_str());
    }
  }
}

}  // namespace understudy::control
