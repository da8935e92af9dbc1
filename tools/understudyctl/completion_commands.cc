// completion: a script for a shell; complete: what that script asks at every TAB.
#include <chrono>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include "absl/strings/str_cat.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/completion.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {
namespace {

// Nobody waits longer for a TAB.
constexpr std::chrono::milliseconds kAskWithin{700};

void AddNames(const boost::json::array& names, const std::string& help,
              std::vector<Candidate>& candidates) {
  for (const boost::json::value& name : names) {
    if (name.is_string()) candidates.push_back({name.get_string().c_str(), help});
  }
}

// As control knows them. Without it there are none.
void AddNamesOfControl(Completion& completion) {
  const Wanted wanted = completion.wanted;
  completion.options.TakeEnvironment();
  const Session session(completion.options);
  ExitCode code = kOk;
  const std::optional<Client> client = session.Connect(&code);
  if (!client) return;
  const Answer answer = client->Get(
      absl::StrCat("/v1/names?limit=200&prefix=", Encode(completion.prefix)), kAskWithin);
  if (!answer.ok()) return;
  const boost::json::object& body = answer.body.get_object();
  if (wanted != Wanted::kCheck) {
    AddNames(ArrayIn(body, "groups"), "failover group", completion.candidates);
  }
  if (wanted != Wanted::kGroup) {
    AddNames(ArrayIn(body, "checks"), "health check", completion.candidates);
  }
}

void AddInstances(Completion& completion) {
  for (const std::string& name : FindInstances(completion.options.shm_dir, kSocketDir)) {
    if (name.starts_with(completion.prefix)) completion.candidates.push_back({name, "instance"});
  }
}

ExitCode AnswerShell(CLI::App& app, const std::vector<std::string>& words) {
  Completion completion = Complete(app, words);
  switch (completion.wanted) {
    case Wanted::kNothing:
      break;
    case Wanted::kFile:
      std::cout << ":files\n";
      break;
    case Wanted::kInstance:
      AddInstances(completion);
      break;
    case Wanted::kGroup:
    case Wanted::kCheck:
    case Wanted::kGroupOrCheck:
      AddNamesOfControl(completion);
      break;
  }
  std::set<std::string> told;
  for (const Candidate& candidate : completion.candidates) {
    if (told.insert(candidate.word).second) {
      std::cout << candidate.word << "\t" << candidate.help << "\n";
    }
  }
  return kOk;
}

}  // namespace

void AddCompletionCommands(CommandTree& tree) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      tree.Add("completion", "A script that completes this command's words in your shell",
               [shell](Session& session) {
                 const std::string script = CompletionScript(*shell);
                 session.Put({{"shell", *shell}, {"script", script}}, script);
                 return kOk;
               });
  completion->add_option("SHELL", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(
      "Put one of these where your shell starts:\n"
      "  source <(understudyctl completion bash)\n"
      "  source <(understudyctl completion zsh)      # behind compinit\n"
      "  understudyctl completion fish | source");

  tree.AddUnparsed("complete", [&tree](const std::vector<std::string>& words) {
    return AnswerShell(tree.app(), words);
  });
}

}  // namespace understudy::ctl
