// understudyctl: the operators' command line. README.md lists verbs and exit codes.
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/client.h"
#include "tools/understudyctl/inspection.h"
#include "tools/understudyctl/instance.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

enum Exit { kOk = 0, kRefused = 1, kUsage = 2, kUnreachable = 3, kDegraded = 4 };

struct Options {
  std::string instance;
  std::string socket;
  std::string shm_dir = contract::kDefaultShmDir;
  bool as_json = false;
  // of the verbs
  std::string name, type = "A", group, side, duration = "1h", reason, since;
  uint64_t limit = 100;
  bool follow = false;
};

std::string UserName() {
  if (const char* sudo_user = std::getenv("SUDO_USER"); sudo_user != nullptr) return sudo_user;
  const struct passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : "";
}

class Verbs {
 public:
  explicit Verbs(const Options& options) : options_(options) {}

  int Status() {
    return Read("/v1/status", [this](const json::object& body) {
      Print(body, StatusText(body, absl::Now()));
      return TextIn(body, "health") == "ok" ? kOk : kDegraded;
    });
  }
  int Groups() {
    return Read("/v1/groups", [this](const json::object& body) {
      return Print(body, GroupsText(body, absl::Now()));
    });
  }
  int Checks() {
    return Read("/v1/checks", [this](const json::object& body) {
      return Print(body, ChecksText(body, absl::Now()));
    });
  }
  int Show() {
    return Read(absl::StrCat("/v1/show?name=", Encode(options_.name)),
                [this](const json::object& body) { return Print(body, ShowText(body)); });
  }
  int Explain() {
    return Read(
        absl::StrCat("/v1/explain?name=", Encode(options_.name), "&type=", Encode(options_.type)),
        [this](const json::object& body) { return Print(body, ExplainText(body)); });
  }
  int Force() {
    return Write(absl::StrCat("/v1/groups/", Encode(options_.group), "/force"),
                 {{"side", options_.side},
                  {"for", options_.duration},
                  {"reason", options_.reason},
                  {"author", UserName()}},
                 kShort, OverrideText);
  }
  int Release() {
    return Write(absl::StrCat("/v1/groups/", Encode(options_.group), "/release"),
                 {{"reason", options_.reason}, {"author", UserName()}}, kShort, OverrideText);
  }
  int Reload() { return Write("/v1/reload", {}, kLong, ReloadText); }

  int Events() {
    std::string target = absl::StrCat("/v1/events?limit=", options_.limit);
    if (!options_.since.empty()) absl::StrAppend(&target, "&since=", Encode(options_.since));
    int64_t last = 0;
    const auto print = [&](const json::object& body) {
      for (const json::value& event : ArrayIn(body, "events")) {
        last = IntegerIn(event.as_object(), "id");
      }
      if (!options_.follow) return Print(body, EventsText(body));
      // One event per line, so that a follower can read them as they come.
      for (const json::value& event : ArrayIn(body, "events")) {
        std::cout << (options_.as_json ? json::serialize(event) + "\n"
                                       : EventsText({{"events", json::array{event}}}));
      }
      std::cout.flush();
      return kOk;
    };
    int code = Read(target, print);
    while (options_.follow && code == kOk && std::cout.good()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      code = Read(absl::StrCat("/v1/events?limit=1000&after=", last), print);
    }
    return code;
  }

  int Inspect() {
    std::string error;
    const Instance instance =
        Choose(options_.instance, options_.shm_dir, options_.socket, kSocketDir, &error);
    if (instance.name.empty()) return Tell(error, kUnreachable);
    const json::object inspection = ctl::Inspect(instance);
    Print(inspection, InspectionText(inspection));
    return ArrayIn(inspection, "problems").empty() ? kOk : kDegraded;
  }

 private:
  static constexpr std::chrono::seconds kShort{15};
  static constexpr std::chrono::seconds kLong{310};  // longer than control waits for itself

  static int Tell(const std::string& error, int code) {
    std::cerr << "understudyctl: " << error << "\n";
    return code;
  }

  Exit Print(const json::object& body, const std::string& text) const {
    std::cout << (options_.as_json ? json::serialize(body) + "\n" : text);
    return kOk;
  }

  int Read(const std::string& target, const std::function<Exit(const json::object&)>& print) {
    return WithClient([&](const Client& client) { return client.Get(target); }, print);
  }

  int Write(const std::string& target, const json::object& body, std::chrono::seconds timeout,
            std::string (*text)(const json::object&)) {
    return WithClient([&](const Client& client) { return client.Post(target, body, timeout); },
                      [&](const json::object& answer) { return Print(answer, text(answer)); });
  }

  int WithClient(const std::function<Answer(const Client&)>& ask,
                 const std::function<Exit(const json::object&)>& print) {
    std::string error;
    Instance instance;
    instance.name = options_.instance;
    instance.socket = options_.socket;
    if (options_.socket.empty()) {
      instance = Choose(options_.instance, options_.shm_dir, "", kSocketDir, &error);
      if (instance.name.empty()) return Tell(error, kUnreachable);
    }
    const Answer answer = ask(Client(instance.socket));
    if (!answer.unreachable.empty()) return TellUnreachable(instance, answer.unreachable);
    if (answer.status >= 400) return TellRefused(answer);
    if (!answer.body.is_object()) return Tell("the answer is no JSON object", kUnreachable);
    return print(answer.body.get_object());
  }

  static int TellUnreachable(const Instance& instance, const std::string& why) {
    const std::string whose = instance.name.empty() ? "" : " of instance " + instance.name;
    return Tell(absl::StrCat("control", whose, " does not answer on ", instance.socket, " (", why,
                             "): is understudy-control running? `understudyctl inspect` reads the "
                             "shared memory without it"),
                kUnreachable);
  }

  int TellRefused(const Answer& answer) const {
    static const json::object empty;
    const json::object& body = answer.body.is_object() ? answer.body.get_object() : empty;
    if (options_.as_json) std::cout << json::serialize(body) << "\n";
    const json::object& error = ObjectIn(body, "error");
    for (const json::value& one : ArrayIn(error, "errors")) {
      if (one.is_string()) std::cerr << one.get_string().c_str() << "\n";
    }
    const std::string message = TextIn(error, "message");
    return Tell(message.empty() ? absl::StrCat("HTTP status ", answer.status) : message, kRefused);
  }

  const Options& options_;
};

using VerbFunction = int (Verbs::*)();

CLI::App* AddVerb(CLI::App& app, const char* name, const char* text, VerbFunction verb,
                  VerbFunction* chosen) {
  CLI::App* sub = app.add_subcommand(name, text);
  sub->callback([verb, chosen] { *chosen = verb; });
  sub->fallthrough();  // --json and --instance are understood behind the verb too
  return sub;
}

void AddReadingVerbs(CLI::App& app, Options& options, VerbFunction* chosen) {
  AddVerb(app, "status", "Is everything well? Exit status 4 when not", &Verbs::Status, chosen);
  AddVerb(app, "groups", "Failover groups: the side answered, and why", &Verbs::Groups, chosen);
  AddVerb(app, "checks", "Health checks: verdict, counts, last result", &Verbs::Checks, chosen);
  CLI::App* show =
      AddVerb(app, "show", "All records of a name, on all sides", &Verbs::Show, chosen);
  show->add_option("NAME", options.name, "Domain name")->required();
  CLI::App* explain =
      AddVerb(app, "explain", "What a question is answered, and why", &Verbs::Explain, chosen);
  explain->add_option("NAME", options.name, "Domain name")->required();
  explain->add_option("TYPE", options.type, "Record type")->capture_default_str();
  CLI::App* events = AddVerb(app, "events", "What happened, oldest first", &Verbs::Events, chosen);
  events->add_option("--since", options.since, "How far back (10m), or a time (RFC 3339)");
  events->add_option("--limit", options.limit, "At most so many, the newest")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  events->add_flag("--follow,-f", options.follow, "Go on as events come");
  AddVerb(app, "inspect", "The shared memory itself; works without control", &Verbs::Inspect,
          chosen);
}

void AddWritingVerbs(CLI::App& app, Options& options, VerbFunction* chosen) {
  CLI::App* force =
      AddVerb(app, "force", "Answer one side, whatever health says", &Verbs::Force, chosen);
  force->add_option("GROUP", options.group, "Failover group")->required();
  force->add_option("SIDE", options.side, "primary or secondary")
      ->required()
      ->check(CLI::IsMember({"primary", "secondary"}));
  force->add_option("--for", options.duration, "How long (30m, 12h), or forever")
      ->capture_default_str();
  force->add_option("--reason", options.reason, "Why, for the next person on call")->required();
  CLI::App* release =
      AddVerb(app, "release", "End a force: health decides again", &Verbs::Release, chosen);
  release->add_option("GROUP", options.group, "Failover group")->required();
  release->add_option("--reason", options.reason, "Why");
  AddVerb(app, "reload", "Read the configuration again; all or nothing", &Verbs::Reload, chosen);
}

int Main(int argc, char** argv) {
  CLI::App app("Drives and shows the control plane of Understudy.", "understudyctl");
  Options options;
  app.add_option("--instance", options.instance, "Instance; may be omitted when there is one");
  app.add_option("--socket", options.socket,
                 "Control's socket (default: /run/understudy/INSTANCE.sock)");
  app.add_option("--shm-dir", options.shm_dir, "Where instances have their shared memory")
      ->capture_default_str();
  app.add_flag("--json", options.as_json, "Print JSON");
  app.set_version_flag("--version", UNDERSTUDY_VERSION);
  app.require_subcommand(1);
  VerbFunction chosen = nullptr;
  AddReadingVerbs(app, options, &chosen);
  AddWritingVerbs(app, options, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  try {
    Verbs verbs(options);
    return (verbs.*chosen)();
  } catch (const std::exception& error) {
    // An answer whose fields are of other kinds than ours: a control of another version.
    std::cerr << "understudyctl: cannot show the answer: " << error.what() << "\n";
    return kUnreachable;
  }
}

}  // namespace
}  // namespace understudy::ctl

int main(int argc, char** argv) { return understudy::ctl::Main(argc, argv); }
