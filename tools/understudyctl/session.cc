#include "tools/understudyctl/session.h"

#include <pwd.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/json_fields.h"

namespace understudy::ctl {

namespace json = boost::json;

void CommonOptions::TakeEnvironment() {
  const auto take = [](const char* name, std::string& value) {
    const char* found = std::getenv(name);
    if (value.empty() && found != nullptr) value = found;
  };
  if (instance.empty() && socket.empty()) take("UNDERSTUDY_URL", url);
  take("UNDERSTUDY_TOKEN_FILE", token_file);
  take("UNDERSTUDY_CA", ca_file);
}

ExitCode Session::Read(const std::string& target, const Show& show) const {
  ExitCode code = kOk;
  const std::optional<Client> client = Connect(&code);
  if (!client) return code;
  const Answer answer = client->Get(target);
  const json::object* body = BodyOf(answer, *client, &code);
  return body == nullptr ? code : show(*body);
}

ExitCode Session::Print(const std::string& target, const Text& text) const {
  return Read(target, [&](const json::object& body) {
    Put(body, text(body));
    return kOk;
  });
}

ExitCode Session::Write(const std::string& target, const json::object& body,
                        std::chrono::seconds timeout, const Text& text) const {
  ExitCode code = kOk;
  const std::optional<Client> client = Connect(&code);
  if (!client) return code;
  const Answer answer = client->Post(target, body, timeout);
  const json::object* done = BodyOf(answer, *client, &code);
  if (done != nullptr) Put(*done, text(*done));
  return code;
}

void Session::Put(const json::object& body, const std::string& text) const {
  std::cout << (as_json() ? json::serialize(body) + "\n" : text);
}

ExitCode Session::Tell(const std::string& error, ExitCode code) {
  std::cerr << "understudyctl: " << error << "\n";
  return code;
}

ExitCode Session::TellNotRemote(const std::string& command) {
  return Tell(absl::StrCat(command,
                           " reads the shared memory of this machine: not with --url; where "
                           "UNDERSTUDY_URL is set, say --instance NAME"),
              kUsage);
}

std::optional<Client> Session::Connect(ExitCode* code) const {
  *code = kUnreachable;
  if (is_remote()) {
    absl::StatusOr<Endpoint> endpoint =
        RemoteEndpoint(options_.url, options_.token_file, options_.ca_file);
    if (endpoint.ok()) return Client(*std::move(endpoint));
    *code = Tell(std::string(endpoint.status().message()), kUsage);
    return std::nullopt;
  }
  if (!options_.socket.empty()) return Client(Endpoint{.socket = options_.socket});
  const std::optional<Instance> instance = ChooseInstance();
  if (!instance) return std::nullopt;
  return Client(Endpoint{.socket = instance->socket});
}

const json::object* Session::BodyOf(const Answer& answer, const Client& client,
                                    ExitCode* code) const {
  *code = kOk;
  if (!answer.unreachable.empty()) {
    const char* advice = is_remote() ? ""
                                     : ": is understudy-control running? `understudyctl inspect` "
                                       "reads the shared memory without it";
    *code = Tell(absl::StrCat("control does not answer on ", client.endpoint().Text(), " (",
                              answer.unreachable, ")", advice),
                 kUnreachable);
  } else if (answer.status >= 400) {
    *code = TellRefused(answer);
  } else if (!answer.body.is_object()) {
    *code = Tell("the answer is no JSON object", kUnreachable);
  }
  return *code == kOk ? &answer.body.get_object() : nullptr;
}

ExitCode Session::TellRefused(const Answer& answer) const {
  static const json::object empty;
  const json::object& body = answer.body.is_object() ? answer.body.get_object() : empty;
  if (as_json()) std::cout << json::serialize(body) << "\n";
  const json::object& error = ObjectIn(body, "error");
  for (const json::value& one : ArrayIn(error, "errors")) {
    if (one.is_string()) std::cerr << one.get_string().c_str() << "\n";
  }
  const std::string message = TextIn(error, "message");
  return Tell(message.empty() ? absl::StrCat("HTTP status ", answer.status) : message, kRefused);
}

std::optional<Instance> Session::ChooseInstance() const {
  std::string error;
  Instance instance =
      Choose(options_.instance, options_.shm_dir, options_.socket, kSocketDir, &error);
  if (!instance.name.empty()) return instance;
  Tell(error, kUnreachable);
  return std::nullopt;
}

std::string UserName() {
  if (const char* sudo_user = std::getenv("SUDO_USER"); sudo_user != nullptr) return sudo_user;
  const struct passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : "";
}

}  // namespace understudy::ctl
