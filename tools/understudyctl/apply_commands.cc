// apply and export: another configuration in place of the one that is live, and the live one back
// as files.
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/configuration_text.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/text_files.h"

namespace understudy::ctl {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// What control takes, zones included (control/config/configuration.h).
constexpr size_t kMaxOctets = size_t{256} << 20;

struct ApplyOptions {
  std::string file;
  std::string max_removed = "25%";
  bool yes = false;
  bool dry_run = false;
  bool force = false;
};

// One apply: the files are read once, so that what is applied is what was shown.
class Apply {
 public:
  Apply(const ApplyOptions& options, const Session& session, const Client& client)
      : options_(options), session_(session), client_(client) {}

  ExitCode Run() {
    if (const std::string wrong = ReadYaml(); !wrong.empty()) return Session::Tell(wrong, kUsage);
    ExitCode code = AskForPlan();
    if (code != kOk) return code;
    const bool is_refused = !TextIn(plan_, "refusal").empty();
    if (!session_.as_json()) std::cout << DifferenceText(plan_) << std::flush;
    if (is_refused) return TellRefusal();
    if (options_.dry_run || BoolIn(plan_, "same_texts")) return Finish(nullptr);
    if (const ExitCode agreed = Ask(); agreed != kOk) return agreed;
    order_["base"] = TextIn(plan_, "base");
    const Answer answer = client_.Post("/v1/configuration", order_, Session::kLong);
    const json::object* body = session_.BodyOf(answer, client_, &code);
    return body == nullptr ? code : Finish(body);
  }

 private:
  std::string ReadYaml() {
    std::string yaml;
    const bool is_stdin = options_.file == "-";
    const std::string wrong =
        is_stdin ? ReadStdin(kMaxOctets, &yaml) : ReadText(options_.file, kMaxOctets, &yaml);
    if (!wrong.empty()) return absl::StrCat(options_.file, " ", wrong);
    uint32_t percent = 0;
    std::string number = options_.max_removed;
    if (!number.empty() && number.back() == '%') number.pop_back();
    if (!absl::SimpleAtoi(number, &percent) || percent > 100) {
      return absl::StrCat("--max-removed ", options_.max_removed, " is not 0% to 100%");
    }
    order_ = {{"file", is_stdin ? "stdin" : options_.file},
              {"yaml", yaml},
              {"zones", json::object()},
              {"max_removed_percent", options_.force ? 100 : percent},
              {"author", UserName()}};
    return "";
  }

  // Twice: control says which zone files it needs, for it alone knows what the YAML means.
  ExitCode AskForPlan() {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const Answer answer = client_.Post("/v1/configuration/plan", order_, Session::kLong);
      ExitCode code = kOk;
      const json::object* body = session_.BodyOf(answer, client_, &code);
      if (body == nullptr) return code;
      if (!body->contains("needs")) {
        plan_ = *body;
        return kOk;
      }
      for (const json::value& file : ArrayIn(*body, "needs")) {
        const std::string wrong = ReadZone(file.as_string().c_str());
        if (!wrong.empty()) return Session::Tell(wrong, kUsage);
      }
    }
    return Session::Tell("control asks for the same zone files again", kUnreachable);
  }

  std::string ReadZone(const std::string& file) {
    // Whoever answers on the other end gets no file of this host that the operator did not name.
    const json::string& yaml = order_.at("yaml").as_string();
    if (yaml.find(file) == json::string::npos) {
      return absl::StrCat("control asks for ", file, ", which ", options_.file, " does not name");
    }
    std::string text;
    const fs::path path = fs::path(options_.file).parent_path() / file;
    const std::string wrong = ReadText(path.string(), kMaxOctets, &text);
    if (!wrong.empty()) return absl::StrCat(path.string(), " ", wrong);
    order_["zones"].as_object()[file] = text;
    return "";
  }

  ExitCode Ask() const {
    if (options_.yes) return kOk;
    // With --json nobody was shown what they would agree to.
    if (session_.as_json() || isatty(STDIN_FILENO) == 0) {
      return Session::Tell("nothing was changed: say --yes to apply this", kUsage);
    }
    std::cerr << "apply this? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "yes") return kOk;
    return Session::Tell("nothing was changed", kRefused);
  }

  ExitCode TellRefusal() const {
    if (session_.as_json()) std::cout << json::serialize(plan_) << "\n";
    return Session::Tell(absl::StrCat("nothing was changed: ", TextIn(plan_, "refusal"),
                                      "; --max-removed allows more, --force allows all"),
                         kRefused);
  }

  // `applied`: null when nothing was to be done.
  ExitCode Finish(const json::object* applied) {
    if (session_.as_json()) {
      plan_["applied"] = applied == nullptr ? json::value(nullptr) : json::value(*applied);
      std::cout << json::serialize(plan_) << "\n";
    } else if (applied != nullptr) {
      std::cout << AppliedText(*applied);
    } else if (BoolIn(plan_, "same_texts")) {
      std::cout << "this is what is live: nothing to do\n";
    } else {
      std::cout << "dry run: nothing was changed\n";
    }
    return kOk;
  }

  const ApplyOptions& options_;
  const Session& session_;
  const Client& client_;
  json::object order_;
  json::object plan_;
};

struct ExportOptions {
  std::string output;
  std::string zone;
};

class Export {
 public:
  Export(const ExportOptions& options, const Session& session, const Client& client)
      : options_(options), session_(session), client_(client) {}

  ExitCode Run() {
    std::error_code ignored;
    const bool to_folder = fs::is_directory(options_.output, ignored) ||
                           (!options_.output.empty() && options_.output.back() == '/');
    if (to_folder) return ToFolder();
    const std::string target = options_.zone.empty()
                                   ? "/v1/configuration/yaml"
                                   : "/v1/configuration/zone?path=" + Encode(options_.zone);
    if (!options_.output.empty()) return ToFile(target, options_.output);
    std::string text;
    const ExitCode code = Fetch(target, &text);
    if (code == kOk) std::cout << text << std::flush;
    return code;
  }

 private:
  ExitCode Fetch(const std::string& target, std::string* text) const {
    const Answer answer = client_.Get(target, Session::kLong);
    if (answer.unreachable.empty() && answer.status < 400) {
      *text = answer.text;
      return kOk;
    }
    ExitCode code = kOk;
    session_.BodyOf(answer, client_, &code);
    return code;
  }

  ExitCode ToFile(const std::string& target, const std::string& path) const {
    std::string text;
    const ExitCode code = Fetch(target, &text);
    if (code != kOk) return code;
    const std::string wrong = WriteText(path, text);
    if (!wrong.empty()) return Session::Tell(absl::StrCat(path, " ", wrong), kRefused);
    std::cerr << path << "\n";
    return kOk;
  }

  ExitCode ToFolder() const {
    ExitCode code = kOk;
    const Answer answer = client_.Get("/v1/configuration");
    const json::object* body = session_.BodyOf(answer, client_, &code);
    if (body == nullptr) return code;
    const json::object& live = ObjectIn(*body, "configuration");
    const json::array& zones = ArrayIn(live, "zones");
    for (const json::value& zone : zones) {
      if (IsBelow(zone.as_string().c_str())) continue;
      return Session::Tell(absl::StrCat("zone file ", zone.as_string().c_str(),
                                        " is not below the configuration: export it by itself "
                                        "(--zone), and the YAML (-o FILE)"),
                           kRefused);
    }
    const fs::path folder(options_.output);
    code = ToFile("/v1/configuration/yaml",
                  (folder / fs::path(TextIn(live, "file")).filename()).string());
    for (size_t i = 0; code == kOk && i < zones.size(); ++i) {
      const std::string path = zones[i].as_string().c_str();
      code = ToFile("/v1/configuration/zone?path=" + Encode(path), (folder / path).string());
    }
    return code == kOk ? TellIfChanged(TextIn(live, "id")) : code;
  }

  // The files were fetched one after the other: they shall be of one configuration.
  ExitCode TellIfChanged(const std::string& id) const {
    ExitCode code = kOk;
    const Answer answer = client_.Get("/v1/configuration");
    const json::object* body = session_.BodyOf(answer, client_, &code);
    if (body == nullptr || TextIn(ObjectIn(*body, "configuration"), "id") == id) return code;
    return Session::Tell("another configuration became live meanwhile: export again", kRefused);
  }

  static bool IsBelow(const fs::path& path) {
    return path.is_relative() && path.lexically_normal().begin()->string() != "..";
  }

  const ExportOptions& options_;
  const Session& session_;
  const Client& client_;
};

template <typename Command, typename Options>
ExitCode RunWith(const Options& options, Session& session) {
  ExitCode code = kOk;
  const std::optional<Client> client = session.Connect(&code);
  return client ? Command(options, session, *client).Run() : code;
}

void AddApply(CommandTree& tree) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* apply =
      tree.Add("apply", "Serve this configuration instead; shows the difference first",
               [options](Session& session) { return RunWith<Apply>(*options, session); });
  apply->add_option("-f,--file", options->file, "YAML file, or - for standard input")->required();
  apply->add_flag("--yes,-y", options->yes, "Do not ask");
  CLI::Option* force = apply->add_flag("--force", options->force, "However much it removes");
  apply
      ->add_option("--max-removed", options->max_removed,
                   "Refuse to remove more of the groups, checks or record sets")
      ->capture_default_str()
      ->excludes(force);
  apply->add_flag("--dry-run,-n", options->dry_run, "Only show the difference");
  apply->footer("Example:\n  understudyctl apply -f understudy.yaml --dry-run");
}

void AddExport(CommandTree& tree) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      tree.Add("export", "Write the live configuration back, octet for octet",
               [options](Session& session) { return RunWith<Export>(*options, session); });
  command->add_option("-o,--output", options->output,
                      "A folder (YAML and zone files), or a file (YAML); default: standard output");
  command->add_option("--zone", options->zone, "This zone file instead of the YAML");
  command->footer("Example:\n  understudyctl export -o backup/");
}

}  // namespace

void AddApplyCommands(CommandTree& tree) {
  AddApply(tree);
  AddExport(tree);
}

}  // namespace understudy::ctl
