#include "control/engine/application.h"

#include <exception>
#include <future>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/config/config.h"

namespace understudy::control {
namespace {

using Live = std::shared_ptr<const Configuration>;

// A plan, and what it was made of.
struct Draft {
  std::string instance;
  absl::Time at;
  Live live;  // what it was made against
  Plan plan;
  ApplyOrder order;
  ConfigResult read;
};

absl::Status Conflict() {
  return absl::FailedPreconditionError(
      "another configuration is live than the one the difference was made with: look at the "
      "difference again");
}

// Reads what was handed in into draft.read, or says in the plan why not.
void ReadTexts(Draft& draft) {
  ConfigTexts& texts = draft.order.texts;
  GivenFiles files(texts);
  draft.read = ParseConfig(texts.yaml, texts.file, files, [&] {
    std::erase_if(texts.zones,
                  [&](const auto& zone) { return !files.used().contains(zone.first); });
    Configuration configuration = PackTexts(texts);
    configuration.origin = Origin::kApplied;
    configuration.at = draft.at;
    configuration.author = draft.order.author;
    return std::make_shared<const Configuration>(std::move(configuration));
  });
  draft.plan.needs.assign(files.missing().begin(), files.missing().end());
  if (!draft.plan.needs.empty()) return;
  for (const ConfigError& error : draft.read.errors) draft.plan.errors.push_back(error.Text());
  for (const ConfigError& warning : draft.read.warnings) {
    draft.plan.warnings.push_back(warning.Text());
  }
  if (!draft.read.state) return;
  const DesiredState& state = *draft.read.state;
  draft.plan.id = state.configuration->id;
  if (!state.configuration->is_kept) {
    draft.plan.status = absl::InvalidArgumentError(absl::StrCat(
        "the configuration and its zones have more than ", kMaxTextsOctets, " octets"));
  } else if (state.instance != draft.instance) {
    draft.plan.errors.push_back(absl::StrCat(texts.file, ": instance: is '", state.instance,
                                             "', but this process serves '", draft.instance, "'"));
  }
}

absl::StatusOr<std::unique_ptr<const DesiredState>> ReadLive(const Configuration& live) {
  const absl::StatusOr<ConfigTexts> texts = UnpackTexts(live);
  if (!texts.ok()) return texts.status();
  GivenFiles files(*texts);
  ConfigResult read = ParseConfig(texts->yaml, texts->file, files);
  if (read.state) return std::move(read.state);
  return absl::InternalError(
      absl::StrCat("what is live cannot be read again: ", read.errors.front().Text()));
}

// On the reloader's thread.
void MakeDraft(const ReadOrder& read, Draft& draft) {
  absl::StatusOr<ApplyOrder> order = read();
  draft.plan.status = order.status();
  if (!order.ok()) return;
  draft.order = *std::move(order);
  if (draft.live == nullptr) {
    draft.plan.status = absl::UnavailableError("the texts of what is live are not known");
    return;
  }
  draft.plan.base = draft.live->id;
  if (!draft.order.base.empty() && draft.order.base != draft.live->id) {
    draft.plan.status = Conflict();
    return;
  }
  ReadTexts(draft);
  if (!draft.plan.IsGood() || draft.plan.id == draft.live->id) return;
  const auto before = ReadLive(*draft.live);
  draft.plan.status = before.status();
  if (!before.ok()) return;
  draft.plan.difference = Compare(**before, *draft.read.state);
  draft.plan.refusal = RemovesTooMuch(draft.plan.difference, draft.order.max_removed_percent);
}

void DraftThen(Engine& engine, ReadOrder read, std::function<void(std::shared_ptr<Draft>)> done) {
  auto draft = std::make_shared<Draft>();
  draft->instance = engine.served().instance;
  draft->at = engine.now().wall;
  draft->live = engine.served().configuration;
  engine.reloader().Run(
      [read = std::move(read), draft] {
        try {
          MakeDraft(read, *draft);
        } catch (const std::exception& error) {
          // Out of memory, most likely: what is served goes on.
          draft->read = {};
          draft->plan.status = absl::ResourceExhaustedError(
              absl::StrCat("cannot read this configuration: ", error.what()));
        }
      },
      [draft, done = std::move(done)] { done(draft); });
}

// Waits for the disk: on the reloader's thread.
absl::Status KeepNow(Store& store, Live configuration) {
  std::promise<absl::Status> done;
  store.WriteConfiguration(std::move(configuration),
                           [&done](const absl::Status& status) { done.set_value(status); });
  absl::Status status = done.get_future().get();
  if (status.ok()) return status;
  return absl::UnavailableError(
      absl::StrCat("nothing was changed: the disk does not keep it: ", status.message()));
}

// `live` is what a restart shall find, after something else was written but not published.
void TakeBackTo(Store& store, const Live& live, std::function<void(const absl::Status&)> done) {
  const bool is_applied = live != nullptr && live->origin == Origin::kApplied;
  store.TakeBackTo(is_applied ? live : nullptr, [done =
                                                     std::move(done)](const absl::Status& status) {
    if (status.ok()) return done(status);
    done(absl::UnavailableError(absl::StrCat(
        "the disk does not take it back (", status.message(),
        "): a restart would serve what was handed in, until the disk does, which is tried again")));
  });
}

std::string CountsText(const Difference& difference) {
  std::string text;
  const auto add = [&](std::string_view noun, const Changes& changes) {
    if (changes.empty()) return;
    absl::StrAppend(&text, text.empty() ? "" : ", ", std::string(noun), " +", changes.added, " ~",
                    changes.changed, " -", changes.removed);
  };
  add("zones", difference.zones);
  add("health checks", difference.health_checks);
  add("groups", difference.groups);
  add("record sets", difference.record_sets);
  return text.empty() ? "nothing that is served changed" : text;
}

ReloadOrder OrderOf(Engine& engine, const std::shared_ptr<Draft>& draft) {
  ReloadOrder order;
  order.load = [draft](const Live& now_live) {
    // Another apply may have come first, between the plan and this one's turn.
    draft->live = now_live;
    if (now_live != nullptr && now_live->id == draft->plan.base) return std::move(draft->read);
    draft->plan.status = Conflict();
    ConfigResult refused;
    refused.errors.push_back(
        {draft->order.texts.file, 0, "", std::string(draft->plan.status.message())});
    return refused;
  };
  order.commit = [&store = engine.store(), draft](const DesiredState& state) {
    draft->plan.status = KeepNow(store, state.configuration);
    return draft->plan.status;
  };
  order.take_back = [&store = engine.store(), draft](auto taken_back) {
    TakeBackTo(store, draft->live, std::move(taken_back));
  };
  return order;
}

}  // namespace

void MakePlan(Engine& engine, ReadOrder read, std::function<void(const Plan&)> done) {
  DraftThen(engine, std::move(read),
            [done = std::move(done)](const std::shared_ptr<Draft>& draft) { done(draft->plan); });
}

void Apply(Engine& engine, ReadOrder read, const std::function<void(const Applied&)>& done) {
  DraftThen(engine, std::move(read), [&engine, done](const std::shared_ptr<Draft>& draft) {
    Plan& plan = draft->plan;
    if (plan.IsGood() && draft->order.base.empty()) {
      plan.status = absl::InvalidArgumentError("base: is missing: ask for the plan first");
    }
    if (!plan.IsGood() || !plan.refusal.empty()) return done({.plan = plan, .result = {}});
    engine.Reload(OrderOf(engine, draft), [&engine, draft, done](const ReloadResult& result) {
      if (result.errors.empty()) {
        Event event{.kind = EventKind::kConfigurationApplied};
        event.subject = draft->order.texts.file;
        event.author = draft->order.author;
        event.detail = CountsText(draft->plan.difference);
        engine.Note(std::move(event));
      }
      done({.plan = draft->plan, .result = result});
    });
  });
}

void ServeFile(Engine& engine, const std::string& author, const Engine::Reloaded& done) {
  ReloadOrder order;
  auto before = std::make_shared<Live>();
  order.load = [&engine, before](const Live& live) {
    *before = live;
    if (engine.load()) return engine.load()();
    ConfigResult refused;
    refused.errors.push_back({"--config", 0, "", "control was started without it"});
    return refused;
  };
  order.commit = [&store = engine.store()](const DesiredState&) { return KeepNow(store, nullptr); };
  order.take_back = [&store = engine.store(), before](auto taken_back) {
    TakeBackTo(store, *before, std::move(taken_back));
  };
  engine.Reload(std::move(order), [&engine, author, done](const ReloadResult& result) {
    if (result.errors.empty()) {
      Event event{.kind = EventKind::kConfigurationForgotten};
      event.subject = engine.served().config_file;
      event.author = author;
      engine.Note(std::move(event));
    }
    done(result);
  });
}

}  // namespace understudy::control
