#include "tools/understudyctl/instance.h"

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace understudy::ctl {
namespace {

namespace fs = std::filesystem;

template <typename Take>
void ForEachEntry(const std::string& directory, Take take) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    take(it->path());
  }
}

}  // namespace

std::vector<std::string> FindInstances(const std::string& shm_dir, const std::string& socket_dir) {
  std::set<std::string> names;
  ForEachEntry(shm_dir, [&](const fs::path& path) {
    std::error_code error;
    if (fs::exists(path / "root", error)) names.insert(path.filename().string());
  });
  ForEachEntry(socket_dir, [&](const fs::path& path) {
    if (path.extension() == ".sock") names.insert(path.stem().string());
  });
  return {names.begin(), names.end()};
}

Instance Choose(const std::string& name, const std::string& shm_dir, const std::string& socket,
                const std::string& socket_dir, std::string* error) {
  Instance instance;
  instance.name = name;
  if (instance.name.empty()) {
    const std::vector<std::string> found = FindInstances(shm_dir, socket_dir);
    if (found.empty()) {
      *error = absl::StrCat("no instance found in ", shm_dir, " or ", socket_dir,
                            ": is understudy-control running? Name it by --instance, or its place "
                            "by --shm-dir");
      return {};
    }
    if (found.size() > 1) {
      *error = absl::StrCat("there are several instances: say --instance with one of ",
                            absl::StrJoin(found, ", "));
      return {};
    }
    instance.name = found.front();
  }
  const auto paths = contract::PathsOf(shm_dir, instance.name);
  if (!paths) {
    *error = absl::StrCat("'", instance.name, "' is no instance name (1 to 64 of a-z, 0-9, -)");
    return {};
  }
  instance.paths = *paths;
  instance.socket = socket.empty() ? absl::StrCat(socket_dir, "/", instance.name, ".sock") : socket;
  return instance;
}

}  // namespace understudy::ctl
