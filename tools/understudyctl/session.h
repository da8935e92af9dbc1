// Session: one run of understudyctl. Knows which instance is meant and how its control is reached,
// asks it, and prints the answer the way the caller wants it: text, or JSON.
//
// Used by: every command.
// Invariants
//  1. What a command asked for goes to standard output, everything else to standard error.
//  2. Whatever fails is told in one sentence, and by the exit code that is returned.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SESSION_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SESSION_H_

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "tools/understudyctl/client.h"
#include "tools/understudyctl/exit_code.h"
#include "tools/understudyctl/instance.h"

namespace understudy::ctl {

// Of the whole program; every command understands them.
struct CommonOptions {
  std::string instance;
  std::string socket;
  std::string shm_dir = contract::kDefaultShmDir;
  std::string url;
  std::string token_file;
  std::string ca_file;
  bool as_json = false;

  // Fills in what the environment says and the command line does not: UNDERSTUDY_URL (unless an
  // instance or socket of this machine is named), UNDERSTUDY_TOKEN_FILE, UNDERSTUDY_CA.
  void TakeEnvironment();
};

class Session {
 public:
  static constexpr std::chrono::seconds kShort{15};
  static constexpr std::chrono::seconds kLong{310};  // longer than control waits for itself

  // `options` may change until the first command runs.
  explicit Session(const CommonOptions& options) : options_(options) {}

  // Text of a body; absl::Now() where it speaks of ages.
  using Text = std::function<std::string(const boost::json::object& body)>;
  using Show = std::function<ExitCode(const boost::json::object& body)>;

  // GET, then `show`, when there is an answer to show. `text`: just prints.
  ExitCode Read(const std::string& target, const Show& show) const;
  ExitCode Print(const std::string& target, const Text& text) const;
  // POST, then prints.
  ExitCode Write(const std::string& target, const boost::json::object& body,
                 std::chrono::seconds timeout, const Text& text) const;

  // The body as JSON, or its text.
  void Put(const boost::json::object& body, const std::string& text) const;
  // On standard error; returns `code`.
  static ExitCode Tell(const std::string& error, ExitCode code);

  // For commands that ask more than once. Nothing: it is not clear who is meant, or with which
  // token; that was told, and `code` is what to exit with.
  std::optional<Client> Connect(ExitCode* code) const;
  // OK with a JSON object: returns it. Else tells why not, and `code` is what to exit with.
  const boost::json::object* BodyOf(const Answer& answer, const Client& client,
                                    ExitCode* code) const;

  // Of this machine. Nothing: it is not clear which one is meant, which was told.
  std::optional<Instance> ChooseInstance() const;
  // Control is asked over the network: there is no shared memory to look at.
  bool is_remote() const { return !options_.url.empty(); }
  static ExitCode TellNotRemote(const std::string& command);

  bool as_json() const { return options_.as_json; }
  // As they were given.
  const std::string& shm_dir() const { return options_.shm_dir; }
  const std::string& instance() const { return options_.instance; }

 private:
  ExitCode TellRefused(const Answer& answer) const;

  const CommonOptions& options_;
};

// Who runs this, for the record of what was done.
std::string UserName();

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SESSION_H_
