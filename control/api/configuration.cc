#include "control/api/configuration.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/apply_request.h"
#include "control/api/orders.h"
#include "control/api/views.h"
#include "control/api/wait_for.h"
#include "control/engine/application.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// Two configurations of the largest size are read, one is written: some tens of seconds.
constexpr auto kTimeout = std::chrono::seconds(300);

json::array Texts(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::array FieldsView(const std::vector<FieldChange>& fields) {
  json::array view;
  for (const FieldChange& field : fields) {
    view.push_back({{"field", field.field}, {"from", field.from}, {"to", field.to}});
  }
  return view;
}

std::string_view WordOf(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kAdded:
      return "added";
    case ChangeKind::kChanged:
      return "changed";
    case ChangeKind::kRemoved:
      return "removed";
  }
  return "unknown";
}

json::object ChangesView(const Changes& changes) {
  json::array shown;
  for (const Change& change : changes.shown) {
    shown.push_back({{"kind", TextView(WordOf(change.kind))},
                     {"name", change.name},
                     {"fields", FieldsView(change.fields)}});
  }
  return {{"before", changes.before},
          {"added", changes.added},
          {"changed", changes.changed},
          {"removed", changes.removed},
          {"shown", std::move(shown)}};
}

json::object DifferenceView(const Difference& difference) {
  return {{"empty", difference.empty()},
          {"settings", FieldsView(difference.settings)},
          {"zones", ChangesView(difference.zones)},
          {"health_checks", ChangesView(difference.health_checks)},
          {"groups", ChangesView(difference.groups)},
          {"record_sets", ChangesView(difference.record_sets)}};
}

// What is to be said of a plan that is not good.
Reply WhyNot(const Plan& plan) {
  if (!plan.status.ok()) return ErrorReply(plan.status);
  if (!plan.needs.empty()) return {200, json::object{{"needs", Texts(plan.needs)}}};
  Reply reply =
      ErrorReply(422, "invalid_configuration",
                 absl::StrCat("nothing was changed: the configuration has ", plan.errors.size(),
                              plan.errors.size() == 1 ? " error" : " errors"));
  json::object& error = reply.body.as_object()["error"].as_object();
  error["errors"] = Texts(plan.errors);
  error["warnings"] = Texts(plan.warnings);
  return reply;
}

// Of what could not be published.
std::string NotServed(const ReloadResult& result) {
  if (result.taken_back.ok()) {
    return absl::StrCat("nothing was changed: ", result.errors.front());
  }
  return absl::StrCat("it is not served: ", result.errors.front(), "; and ",
                      result.taken_back.message());
}

Reply TimedOut() { return ErrorReply(504, "timeout", "it goes on; see the events for its end"); }

// Reads the body where it is called, which is not the loop.
ReadOrder ReaderOf(Request& request) {
  auto body = std::make_shared<std::string>(std::move(request.body));
  return [body, peer = request.peer]() -> absl::StatusOr<ApplyOrder> {
    absl::StatusOr<ApplyOrder> order = ReadApplyOrder(*body);
    body->clear();
    body->shrink_to_fit();
    if (!order.ok()) return order;
    absl::StatusOr<std::string> author = AuthorOf(order->author, peer);
    if (!author.ok()) return author.status();
    order->author = *std::move(author);
    return order;
  };
}

asio::awaitable<Reply> AnswerPlan(Engine& engine, ReadOrder read) {
  const auto plan = co_await WaitFor<Plan>(
      [&](auto done) { MakePlan(engine, std::move(read), std::move(done)); }, kTimeout);
  if (!plan) co_return TimedOut();
  if (!plan->IsGood()) co_return WhyNot(*plan);
  co_return Reply{200,
                  json::object{{"base", plan->base},
                               {"id", plan->id},
                               {"same_texts", plan->base == plan->id},
                               {"difference", DifferenceView(plan->difference)},
                               {"warnings", Texts(plan->warnings)},
                               {"refusal", plan->refusal.empty() ? json::value(nullptr)
                                                                 : json::value(plan->refusal)}}};
}

asio::awaitable<Reply> AnswerApply(Engine& engine, ReadOrder read) {
  const auto applied = co_await WaitFor<Applied>(
      [&](const auto& done) { Apply(engine, std::move(read), done); }, kTimeout);
  if (!applied) co_return TimedOut();
  const Plan& plan = applied->plan;
  if (!plan.IsGood()) co_return WhyNot(plan);
  if (!plan.refusal.empty()) {
    co_return ErrorReply(409, "removes_too_much",
                         absl::StrCat("nothing was changed: ", plan.refusal));
  }
  const ReloadResult& result = applied->result;
  if (!result.errors.empty()) {
    co_return ErrorReply(503, "unavailable", NotServed(result));
  }
  co_return Reply{200, json::object{{"table", result.table_generation},
                                    {"took_s", absl::ToDoubleSeconds(result.took)},
                                    {"warnings", Texts(plan.warnings)},
                                    {"configuration", ConfigurationView(engine)}}};
}

asio::awaitable<Reply> AnswerForget(Engine& engine, const Request& request) {
  const absl::StatusOr<std::string> author = AuthorOf("", request.peer);
  const auto result = co_await WaitFor<ReloadResult>(
      [&](const auto& done) { ServeFile(engine, *author, done); }, kTimeout);
  if (!result) co_return TimedOut();
  if (!result->errors.empty()) {
    Reply reply = ErrorReply(422, "invalid_configuration",
                             absl::StrCat(result->taken_back.ok() ? "nothing was changed: " : "",
                                          "the applied configuration goes on"));
    reply.body.as_object()["error"].as_object()["errors"] = Texts(result->errors);
    co_return reply;
  }
  co_return Reply{200, json::object{{"table", result->table_generation},
                                    {"took_s", absl::ToDoubleSeconds(result->took)},
                                    {"warnings", Texts(result->warnings)},
                                    {"configuration", ConfigurationView(engine)}}};
}

// A text of the live configuration, unpacked away from the loop.
asio::awaitable<Reply> AnswerText(Engine& engine, const PackedText* packed,
                                  std::shared_ptr<const Configuration> live) {
  auto text = std::make_shared<absl::StatusOr<std::string>>(std::string());
  const auto done = co_await WaitFor<bool>(
      [&](const std::function<void(const bool&)>& call) {
        engine.reloader().Run([packed, live, text] { *text = Unpack(*packed); },
                              [call] { call(true); });
      },
      kTimeout);
  if (!done) co_return TimedOut();
  if (!text->ok()) co_return ErrorReply(text->status());
  Reply reply;
  reply.text = Reply::Text{.type = "text/plain", .bytes = **std::move(text)};
  co_return reply;
}

asio::awaitable<Reply> AnswerTexts(Engine& engine, const Request& request) {
  const std::shared_ptr<const Configuration> live = engine.served().configuration;
  if (!live || !live->is_kept) {
    co_return ErrorReply(
        409, "conflict",
        absl::StrCat("the texts of what is live are not kept: they have more than ",
                     kMaxTextsOctets, " octets"));
  }
  if (request.path[2] == "yaml") co_return co_await AnswerText(engine, &live->yaml, live);
  const std::string path = QueryValue(request, "path");
  const auto found = live->zones.find(path);
  if (request.path[2] != "zone" || found == live->zones.end()) {
    co_return ErrorReply(404, "not_found",
                         absl::StrCat("the live configuration has no zone file '", path, "'"));
  }
  co_return co_await AnswerText(engine, &found->second, live);
}

Reply NoSuchPath() {
  return ErrorReply(404, "not_found", "no such path; see control/api/README.md");
}

asio::awaitable<Reply> AnswerGet(Engine& engine, const Request& request) {
  const std::string what = request.path.size() == 3 ? request.path[2] : "";
  if (what == "yaml" || what == "zone") co_return co_await AnswerTexts(engine, request);
  if (!what.empty()) co_return NoSuchPath();
  co_return Reply{200, json::object{{"configuration", ConfigurationView(engine)}}};
}

asio::awaitable<Reply> AnswerPost(Engine& engine, Request& request) {
  const std::string what = request.path.size() == 3 ? request.path[2] : "";
  if (what.empty()) co_return co_await AnswerApply(engine, ReaderOf(request));
  if (what == "plan") co_return co_await AnswerPlan(engine, ReaderOf(request));
  if (what == "forget") co_return co_await AnswerForget(engine, request);
  co_return NoSuchPath();
}

}  // namespace

bool IsForConfiguration(const Request& request) {
  return request.path.size() >= 2 && request.path.size() <= 3 && request.path[0] == "v1" &&
         request.path[1] == "configuration";
}

bool IsForText(const Request& request) {
  return IsForConfiguration(request) && request.method == "GET" && request.path.size() == 3;
}

bool HandsInConfiguration(const Request& request) {
  return IsForConfiguration(request) && request.method == "POST" &&
         (request.path.size() == 2 || request.path[2] == "plan");
}

asio::awaitable<Reply> Configure(Engine& engine, Request request) {
  if (request.method == "GET") co_return co_await AnswerGet(engine, request);
  if (request.method == "POST") co_return co_await AnswerPost(engine, request);
  co_return ErrorReply(405, "method_not_allowed", "this path takes GET and POST");
}

json::value ConfigurationView(const Engine& engine) {
  const std::shared_ptr<const Configuration>& live = engine.served().configuration;
  if (!live) return nullptr;
  json::array zones;
  for (const auto& [path, text] : live->zones) zones.emplace_back(path);
  return json::object{{"origin", live->origin == Origin::kApplied ? "applied" : "file"},
                      {"at", TimeView(live->at)},
                      {"author", live->author},
                      {"file", live->file},
                      {"id", live->id},
                      {"octets", live->octets},
                      {"is_kept", live->is_kept},
                      {"zones", std::move(zones)}};
}

}  // namespace understudy::control
