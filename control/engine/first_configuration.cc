#include "control/engine/first_configuration.h"

#include <filesystem>
#include <future>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/config/instance_name.h"

namespace understudy::control {
namespace {

std::vector<std::string> InstancesWithState(const std::string& state_dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(state_dir, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".db") names.push_back(it->path().stem().string());
  }
  return names;
}

ConfigResult Refuse(const std::string& file, std::string why) {
  ConfigResult result;
  result.errors.push_back({file, 0, "", std::move(why)});
  return result;
}

ConfigResult ReadApplied(const std::shared_ptr<const Configuration>& applied) {
  const absl::StatusOr<ConfigTexts> texts = UnpackTexts(*applied);
  if (!texts.ok()) return Refuse(applied->file, std::string(texts.status().message()));
  GivenFiles files(*texts);
  return ParseConfig(texts->yaml, texts->file, files, [&] { return applied; });
}

}  // namespace

absl::StatusOr<std::string> InstanceToStart(const std::string& named, const std::string& file,
                                            const std::string& state_dir) {
  if (!named.empty()) return named;
  if (!file.empty()) {
    if (std::optional<std::string> instance = InstanceNamedInFile(file)) return *instance;
    return absl::NotFoundError(absl::StrCat(file, " names no instance"));
  }
  const std::vector<std::string> found = InstancesWithState(state_dir);
  if (found.size() == 1) return found.front();
  return absl::NotFoundError(
      found.empty() ? absl::StrCat("say --config FILE: there is no state in ", state_dir)
                    : absl::StrCat("say --config FILE, or --instance with one of those in ",
                                   state_dir, ": ", absl::StrJoin(found, ", ")));
}

absl::Status ForgetApplied(Store& store) {
  std::promise<absl::Status> done;
  store.WriteConfiguration(nullptr,
                           [&done](const absl::Status& status) { done.set_value(status); });
  return done.get_future().get();
}

ConfigResult FirstConfiguration(const Remembered& remembered, const std::string& instance,
                                const std::string& file) {
  ConfigResult result;
  if (remembered.configuration != nullptr) {
    result = ReadApplied(remembered.configuration);
    if (!result.state) {
      result.errors.push_back(
          {remembered.configuration->file, 0, "",
           "this configuration was applied, and cannot be served: start with --from-file to forget "
           "it and read --config"});
    }
  } else if (file.empty()) {
    result = Refuse("--config", absl::StrCat("is missing, and no configuration was applied to ",
                                             "instance '", instance, "'"));
  } else {
    result = LoadConfig(file);
  }
  if (result.state && result.state->instance != instance) {
    result =
        Refuse(result.state->config_file, absl::StrCat("instance: is '", result.state->instance,
                                                       "', and '", instance, "' shall be started"));
  }
  return result;
}

}  // namespace understudy::control
