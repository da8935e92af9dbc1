// show, explain: what a name has, and what a question is answered.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"

namespace understudy::ctl {
namespace {

struct Question {
  std::string name;
  std::string type = "A";
  std::string suppositions;
};

ExitCode Show(Session& session, const Question& question) {
  return session.Print(absl::StrCat("/v1/show?name=", Encode(question.name)), ShowText);
}

ExitCode Explain(Session& session, const Question& question) {
  std::string target =
      absl::StrCat("/v1/explain?name=", Encode(question.name), "&type=", Encode(question.type));
  if (!question.suppositions.empty()) {
    absl::StrAppend(&target, "&if=", Encode(question.suppositions));
  }
  return session.Print(target, ExplainText);
}

}  // namespace

void AddAnswerCommands(CommandTree& tree) {
  auto question = std::make_shared<Question>();
  CLI::App* show = tree.Add("show", "All records of a name, on all sides",
                            [question](Session& session) { return Show(session, *question); });
  show->add_option("NAME", question->name, "Domain name")->required();
  CLI::App* explain =
      tree.Add("explain", "What a question is answered, and why",
               [question](Session& session) { return Explain(session, *question); });
  explain->add_option("NAME", question->name, "Domain name")->required();
  explain->add_option("TYPE", question->type, "Record type")->capture_default_str();
  explain->add_option("--if", question->suppositions,
                      "What if checks said so now: eu=down, or eu=down,us=up");
}

}  // namespace understudy::ctl
