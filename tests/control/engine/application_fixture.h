// Control that serves a configuration with its texts, and operators that apply others to it.
//
// Used by: application_test, refused_application_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_ENGINE_APPLICATION_FIXTURE_H_
#define UNDERSTUDY_TESTS_CONTROL_ENGINE_APPLICATION_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "control/engine/application.h"
#include "control/engine/first_configuration.h"
#include "tests/control/engine/life.h"
#include "tests/control/scratch_directory.h"
#include "tests/control/written_site.h"

namespace understudy::control {

inline ReadOrder Reading(ApplyOrder order) {
  return [order = std::move(order)]() -> absl::StatusOr<ApplyOrder> { return order; };
}

class ApplicationTest : public testing::Test {
 protected:
  ApplicationTest() { WriteFile({}); }

  std::string File() const { return scratch_.path() + "/site.yaml"; }
  void WriteFile(const WrittenSite& site) const {
    const ConfigTexts texts = TextsFor(site);
    std::ofstream(File()) << texts.yaml;
    std::ofstream(scratch_.path() + "/example.com.zone") << texts.zones.at("example.com.zone");
  }
  // A start as control's main does it: what was applied, else the file.
  void Begin() {
    BeginWith(File(), [this] { return LoadConfig(File()); });
  }
  void BeginWithoutFile() { BeginWith("", nullptr); }
  void BeginWith(const std::string& file, Reloader::Load load) {
    life_.reset();
    life_ = std::make_unique<Life>(
        scratch_.path(),
        [file](const Remembered& remembered) {
          return FirstConfiguration(remembered, "test", file);
        },
        std::move(load), &now_);
  }

  const Configuration& live() { return *life_->engine().served().configuration; }
  ApplyOrder OrderFor(const WrittenSite& site) {
    return {.texts = TextsFor(site), .base = live().id, .author = "ann"};
  }
  Plan PlanOf(ReadOrder read) {
    std::optional<Plan> plan;
    MakePlan(life_->engine(), std::move(read), [&](const Plan& made) { plan = made; });
    life_->RunUntil([&] { return plan.has_value(); });
    return *plan;
  }
  Applied Apply(const ApplyOrder& order) {
    std::optional<Applied> applied;
    control::Apply(life_->engine(), Reading(order), [&](const Applied& done) { applied = done; });
    life_->RunUntil([&] { return applied.has_value(); });
    return *applied;
  }
  // An apply whose table is written and whose configuration is on disk, and that then cannot be
  // published.
  Applied ApplyUnpublished(const ApplyOrder& order) {
    std::optional<Applied> applied;
    control::Apply(life_->engine(), Reading(order), [&](const Applied& done) { applied = done; });
    LoseTheTable();
    life_->RunUntil([&] { return applied.has_value(); });
    return *applied;
  }
  // The same with the disk slow (somebody else holds the file), or out of order, from the commit
  // on.
  std::optional<Applied>& BeginToApplyUnpublished(const ApplyOrder& order) {
    pending_.reset();
    control::Apply(life_->engine(), Reading(order), [&](const Applied& done) { pending_ = done; });
    LoseTheTable();
    return pending_;
  }
  ReloadResult ServeFileUnpublished() {
    std::optional<ReloadResult> result;
    ServeFile(life_->engine(), "ann", [&](const ReloadResult& done) { result = done; });
    LoseTheTable();
    life_->RunUntil([&] { return result.has_value(); });
    return *result;
  }
  void LoseTheTable() {
    life_->RunUntil([&] { return life_->engine().reloading(); });
    life_->LetTheReloaderWork();
    life_->publisher().DiscardTable(life_->engine().served().table_generation + 1);
  }
  ReloadResult Forget() {
    std::optional<ReloadResult> result;
    ServeFile(life_->engine(), "ann", [&](const ReloadResult& done) { result = done; });
    life_->RunUntil([&] { return result.has_value(); });
    return *result;
  }
  // The tables that lie in shared memory.
  std::set<std::string> Tables() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.path() + "/test")) {
      const std::string name = entry.path().filename();
      if (name.starts_with("table.")) names.insert(name);
    }
    return names;
  }
  void ExpectNothingChanged(const std::string& id, Origin origin) {
    EXPECT_EQ(live().id, id);
    EXPECT_EQ(life_->publisher().table()->generation(), life_->engine().served().table_generation);
    EXPECT_TRUE(life_->Events(EventKind::kConfigurationForgotten).empty());
    Begin();
    EXPECT_EQ(live().id, id) << "after a restart";
    EXPECT_EQ(live().origin, origin) << "after a restart";
  }

  ScratchDirectory scratch_;
  Moment now_{.wall = absl::FromUnixSeconds(1'000'000), .steady = absl::FromUnixSeconds(50)};
  std::unique_ptr<Life> life_;
  std::optional<Applied> pending_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_ENGINE_APPLICATION_FIXTURE_H_
