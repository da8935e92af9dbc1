#include "tools/understudyctl/completion.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_split.h"

namespace understudy::ctl {
namespace {

// The words a validator allows: CLI11 describes them as "TEXT:{primary,secondary}".
std::vector<std::string> WordsOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  // A group may have sides of other names; these two every group has.
  if (option.get_name(true, false) == "SIDE") return {"primary", "secondary"};
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return absl::StrSplit(type.substr(open + 1, close - open - 1), ',', absl::SkipEmpty());
}

Wanted WantedBy(const CLI::Option& option) {
  static const auto& by_name = *new std::map<std::string, Wanted>{
      {"GROUP", Wanted::kGroup},
      {"CHECK", Wanted::kCheck},
      {"GROUP_OR_CHECK", Wanted::kGroupOrCheck},
      {"--instance", Wanted::kInstance},
      {"--socket", Wanted::kFile},
      {"--shm-dir", Wanted::kFile},
      {"--token-file", Wanted::kFile},
      {"--ca", Wanted::kFile},
      {"--file", Wanted::kFile},
      {"--output", Wanted::kFile},
  };
  const auto found = by_name.find(option.get_name(false, false));
  return found == by_name.end() ? Wanted::kNothing : found->second;
}

class Walk {
 public:
  explicit Walk(CLI::App& app) : app_(app), command_(&app) {}

  Completion Run(const std::vector<std::string>& words) {
    for (size_t i = 0; i + 1 < words.size(); ++i) Step(words[i]);
    completion_.prefix = words.empty() ? "" : words.back();
    Offer();
    return std::move(completion_);
  }

 private:
  // A word that is typed already.
  void Step(const std::string& word) {
    if (word == "=" && awaiting_ != nullptr) return;  // bash makes three words of --option=value
    if (awaiting_ != nullptr) {
      Keep(*std::exchange(awaiting_, nullptr), word);
    } else if (word.starts_with('-') && word.size() > 1) {
      const size_t equals = word.find('=');
      const CLI::Option* option = FindOption(word.substr(0, equals));
      if (option == nullptr || option->get_expected_max() == 0) return;
      if (equals == std::string::npos) {
        awaiting_ = option;
      } else {
        Keep(*option, word.substr(equals + 1));
      }
    } else if (command_ == &app_) {
      const auto found =
          app_.get_subcommands([&](CLI::App* one) { return one->get_name() == word; });
      if (!found.empty()) command_ = found.front();
    } else {
      ++positionals_;
    }
  }

  // Behind a command the options of all commands are understood as well.
  const CLI::Option* FindOption(const std::string& name) const {
    const CLI::Option* option = command_->get_option_no_throw(name);
    return option != nullptr ? option : app_.get_option_no_throw(name);
  }

  void Keep(const CLI::Option& option, const std::string& value) {
    const std::string name = option.get_name(false, false);
    CommonOptions& options = completion_.options;
    if (name == "--instance") options.instance = value;
    if (name == "--socket") options.socket = value;
    if (name == "--shm-dir") options.shm_dir = value;
    if (name == "--url") options.url = value;
    if (name == "--token-file") options.token_file = value;
    if (name == "--ca") options.ca_file = value;
  }

  void Offer() {
    std::string& prefix = completion_.prefix;
    if (awaiting_ != nullptr) {
      if (prefix == "=") prefix.clear();
      return OfferValue(*awaiting_);
    }
    if (prefix.starts_with('-')) {
      const size_t equals = prefix.find('=');
      if (equals == std::string::npos) return OfferOptions();
      const CLI::Option* option = FindOption(prefix.substr(0, equals));
      prefix = prefix.substr(equals + 1);
      if (option != nullptr) OfferValue(*option);
      return;
    }
    if (command_ == &app_) return OfferCommands();
    size_t place = 0;
    for (const CLI::Option* option : command_->get_options()) {
      if (!option->get_positional()) continue;
      // One that takes several words takes all the rest.
      if (place++ == positionals_ || option->get_expected_max() > 1) return OfferValue(*option);
    }
  }

  void OfferCommands() {
    for (const CLI::App* command : app_.get_subcommands([](CLI::App*) { return true; })) {
      Take(command->get_name(), command->get_description());
    }
  }

  void OfferOptions() {
    for (const CLI::App* app :
         {static_cast<const CLI::App*>(command_), static_cast<const CLI::App*>(&app_)}) {
      for (const CLI::Option* option : app->get_options()) {
        if (option->get_lnames().empty()) continue;
        Take("--" + option->get_lnames().front(), option->get_description());
      }
      if (command_ == &app_) break;
    }
  }

  void OfferValue(const CLI::Option& option) {
    for (std::string& word : WordsOf(option)) Take(std::move(word), "");
    completion_.wanted = WantedBy(option);
  }

  void Take(std::string word, std::string help) {
    if (!word.starts_with(completion_.prefix)) return;
    for (const Candidate& known : completion_.candidates) {
      if (known.word == word) return;
    }
    completion_.candidates.push_back({std::move(word), std::move(help)});
  }

  CLI::App& app_;
  CLI::App* command_;
  const CLI::Option* awaiting_ = nullptr;  // its value comes next
  size_t positionals_ = 0;
  Completion completion_;
};

constexpr char kBash[] =
    R"(# Completion of understudyctl for bash:  source <(understudyctl completion bash)
_understudyctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _understudyctl understudyctl
)";

constexpr char kZsh[] = R"(#compdef understudyctl
# Completion of understudyctl for zsh:  source <(understudyctl completion zsh)
_understudyctl() {
  local line word help
  local -a found
  for line in "${(@f)$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
    elif [[ -n $line ]]; then
      word=${line%%$'\t'*} help=${line#*$'\t'}
      found+=("${word//:/\\:}${help:+:$help}")
    fi
  done
  (( ${#found} )) && _describe understudyctl found
}
compdef _understudyctl understudyctl
)";

constexpr char kFish[] =
    R"(# Completion of understudyctl for fish:  understudyctl completion fish | source
function __understudyctl_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] complete $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c understudyctl -f -a '(__understudyctl_complete)'
)";

}  // namespace

Completion Complete(CLI::App& app, const std::vector<std::string>& words) {
  return Walk(app).Run(words);
}

std::string CompletionScript(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

}  // namespace understudy::ctl
