#include "control/state/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <set>
#include <thread>

#include "control/event/event_log.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

namespace fs = std::filesystem;

absl::Time Second(int64_t second) { return absl::FromUnixSeconds(second); }

RememberedCheck CheckSeen() {
  RememberedCheck check;
  check.fingerprint = "f";
  check.verdict.healthy = false;
  check.verdict.contrary = 2;
  check.verdict.successes = 7;
  check.verdict.failures = 9;
  check.verdict.changed_at = Second(100);
  check.verdict.last = {.success = true,
                        .reason = "HTTP 200 \xc3\xbc 'quoted'",
                        .started = Second(200),
                        .took = absl::Milliseconds(3)};
  return check;
}

RememberedGroup GroupHolding() {
  return {.state = {.tier = 1, .penalty = 1.5, .penalty_at = Second(300)},
          .choice = Choice::kSecondary,
          .sides = {"primary", "secondary", "sorry"}};
}

OverrideKey ForceOf(const std::string& group) { return {.group = group}; }
OverrideKey DrainOf(const std::string& group) {
  return {.group = group, .kind = OverrideKind::kDrain, .drained = "sorry"};
}

RememberedOverride OverrideUntil(absl::Time until) {
  return {.side = "sorry", .since = Second(400), .until = until, .reason = "why", .author = "who"};
}

Event EventWith(uint64_t id) {
  Event event;
  event.id = id;
  event.time = Second(static_cast<int64_t>(id));
  event.kind = EventKind::kForced;
  event.subject = "app";
  event.from = "primary";
  event.to = "secondary";
  event.cause = "forced";
  event.reason = "r";
  event.author = "a";
  event.detail = "d";
  event.selection = 5;
  event.took = absl::Microseconds(17);
  return event;
}

class StoreTest : public testing::Test {
 protected:
  std::string Path() const { return scratch_.path() + "/state/test.db"; }

  std::unique_ptr<Store> Open(absl::Duration retry = absl::Milliseconds(10)) {
    remembered_ = {};
    return Store::Open({.path = path_.empty() ? Path() : path_, .retry = retry}, &remembered_);
  }
  // Writes and waits for the store's word.
  static absl::Status WriteNow(Store& store, const StateChanges& changes) {
    std::promise<absl::Status> done;
    store.Write(changes, [&](const absl::Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  static StateChanges Everything() {
    StateChanges changes;
    changes.checks["eu"] = CheckSeen();
    changes.groups["app"] = GroupHolding();
    changes.overrides[ForceOf("app")] = OverrideUntil(Second(500));
    changes.overrides[DrainOf("shop")] = OverrideUntil(absl::InfiniteFuture());
    changes.events = {EventWith(1), EventWith(2)};
    return changes;
  }
  static std::vector<std::string> MovedAside(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename();
      if (name.find(".corrupt-") != std::string::npos && !name.ends_with("-wal") &&
          !name.ends_with("-shm")) {
        names.push_back(entry.path());
      }
    }
    return names;
  }

  ScratchDirectory scratch_;
  std::string path_;
  Remembered remembered_;
};

TEST_F(StoreTest, WhatWasWrittenIsThereAfterARestartToTheLastField) {
  auto store = Open();
  ASSERT_TRUE(store->health().ok()) << store->health();
  ASSERT_TRUE(WriteNow(*store, Everything()).ok());
  store.reset();
  store = Open();
  const RememberedCheck& check = remembered_.checks.at("eu");
  const RememberedCheck expected = CheckSeen();
  EXPECT_EQ(check.fingerprint, "f");
  EXPECT_FALSE(check.verdict.healthy);
  EXPECT_EQ(check.verdict.contrary, 2u);
  EXPECT_EQ(check.verdict.successes, 7u);
  EXPECT_EQ(check.verdict.failures, 9u);
  EXPECT_EQ(check.verdict.changed_at, Second(100));
  EXPECT_TRUE(check.verdict.last.success);
  EXPECT_EQ(check.verdict.last.reason, expected.verdict.last.reason);
  EXPECT_EQ(check.verdict.last.started, Second(200));
  EXPECT_EQ(check.verdict.last.took, absl::Milliseconds(3));
  const RememberedGroup& group = remembered_.groups.at("app");
  EXPECT_EQ(group.state, GroupHolding().state);
  EXPECT_EQ(group.choice, Choice::kSecondary);
  EXPECT_EQ(group.sides, GroupHolding().sides);
  const RememberedOverride& forced = remembered_.overrides.at(ForceOf("app"));
  EXPECT_EQ(forced.side, "sorry");
  EXPECT_EQ(forced.since, Second(400));
  EXPECT_EQ(forced.until, Second(500));
  EXPECT_EQ(forced.reason, "why");
  EXPECT_EQ(forced.author, "who");
  EXPECT_EQ(remembered_.overrides.at(DrainOf("shop")).until, absl::InfiniteFuture());
  ASSERT_EQ(remembered_.events.size(), 2u);
  EXPECT_EQ(Sentence(remembered_.events[1]), Sentence(EventWith(2)));
  EXPECT_EQ(remembered_.events[1].id, 2u);
}

TEST_F(StoreTest, TheInfinitePastStaysTheInfinitePast) {
  auto store = Open();
  StateChanges changes;
  changes.checks["new"] = RememberedCheck{};
  changes.groups["new"] = RememberedGroup{};
  ASSERT_TRUE(WriteNow(*store, changes).ok());
  store.reset();
  store = Open();
  EXPECT_EQ(remembered_.checks.at("new").verdict.changed_at, absl::InfinitePast());
  EXPECT_EQ(remembered_.checks.at("new").verdict.last.started, absl::InfinitePast());
  EXPECT_EQ(remembered_.groups.at("new").state, GroupState());
}

TEST_F(StoreTest, AnEntryWithoutAValueIsForgotten) {
  auto store = Open();
  ASSERT_TRUE(WriteNow(*store, Everything()).ok());
  StateChanges gone;
  gone.checks["eu"] = std::nullopt;
  gone.groups["app"] = std::nullopt;
  gone.overrides[ForceOf("app")] = std::nullopt;
  ASSERT_TRUE(WriteNow(*store, gone).ok());
  store.reset();
  store = Open();
  EXPECT_TRUE(remembered_.checks.empty());
  EXPECT_TRUE(remembered_.groups.empty());
  EXPECT_EQ(remembered_.overrides.size(), 1u);
}

TEST_F(StoreTest, WhatIsQueuedIsWrittenBeforeTheStoreEnds) {
  auto store = Open();
  store->Write(Everything());
  store.reset();
  store = Open();
  EXPECT_TRUE(remembered_.checks.contains("eu"));
}

TEST_F(StoreTest, WhatWasAcknowledgedSurvivesAKill) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Remembered ignored;
    const auto store = Store::Open({.path = Path()}, &ignored);
    const bool ok = WriteNow(*store, Everything()).ok();
    if (write(ready[1], ok ? "y" : "n", 1) == 1) pause();
    _exit(1);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(ready[0]);
  close(ready[1]);
  EXPECT_EQ(answer, 'y');
  auto store = Open();
  EXPECT_TRUE(store->health().ok());
  EXPECT_TRUE(remembered_.overrides.contains(ForceOf("app")));
}

TEST_F(StoreTest, AtMostTheNewestTenThousandEventsAreKept) {
  auto store = Open();
  StateChanges changes;
  for (uint64_t id = 1; id <= kKeptEvents; ++id) changes.events.push_back(EventWith(id));
  ASSERT_TRUE(WriteNow(*store, changes).ok());
  changes.events = {EventWith(kKeptEvents + 1)};
  ASSERT_TRUE(WriteNow(*store, changes).ok());
  store.reset();
  store = Open();
  EXPECT_EQ(remembered_.events.size(), kKeptEvents);
  EXPECT_EQ(remembered_.events.front().id, 2u);
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsMovedAsideAndToldAbout) {
  fs::create_directories(scratch_.path() + "/state");
  std::ofstream(Path()) << std::string(5000, 'x');
  auto store = Open();
  EXPECT_TRUE(store->health().ok()) << store->health();
  const auto notices = store->TakeNotices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find(".corrupt-"), std::string::npos);
  const auto aside = MovedAside(scratch_.path() + "/state");
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(fs::file_size(aside[0]), 5000u) << "kept as it was";
  EXPECT_TRUE(WriteNow(*store, Everything()).ok());
}

TEST_F(StoreTest, ADamagedPageIsFoundAtTheStart) {
  auto store = Open();
  ASSERT_TRUE(WriteNow(*store, Everything()).ok());
  store.reset();
  {
    std::fstream file(Path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(8192, '\xff');
  }
  store = Open();
  EXPECT_TRUE(store->health().ok()) << store->health();
  EXPECT_TRUE(remembered_.checks.empty());
  EXPECT_EQ(MovedAside(scratch_.path() + "/state").size(), 1u);
}

TEST_F(StoreTest, ADatabaseOfAnotherSchemaIsMovedAside) {
  auto store = Open();
  store.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &handle), SQLITE_OK);
  sqlite3_exec(handle, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  store = Open();
  EXPECT_TRUE(store->health().ok());
  ASSERT_EQ(store->TakeNotices().size(), 1u);
}

TEST_F(StoreTest, ADatabaseThatLacksATableIsMovedAside) {
  auto store = Open();
  store.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &handle), SQLITE_OK);
  sqlite3_exec(handle, "DROP TABLE overrides", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  store = Open();
  EXPECT_TRUE(store->health().ok()) << store->health();
  EXPECT_EQ(MovedAside(scratch_.path() + "/state").size(), 1u);
}

TEST_F(StoreTest, ADirectoryThatCannotBeMadeIsToldAndServiceGoesOn) {
  std::ofstream(scratch_.path() + "/file") << "in the way";
  path_ = scratch_.path() + "/file/state/test.db";
  auto store = Open();
  EXPECT_FALSE(store->health().ok());
  EXPECT_NE(store->health().ToString().find("/file/state"), std::string::npos);
  const absl::Status status = WriteNow(*store, Everything());
  EXPECT_FALSE(status.ok()) << "nothing is acknowledged that is not on disk";
}

TEST_F(StoreTest, WhatCouldNotBeWrittenIsWrittenWhenTheDiskIsBack) {
  const std::string obstacle = scratch_.path() + "/file";
  std::ofstream(obstacle) << "in the way";
  path_ = obstacle + "/test.db";
  auto store = Open();
  ASSERT_FALSE(WriteNow(*store, Everything()).ok());
  StateChanges newer;
  newer.overrides[ForceOf("app")] = std::nullopt;
  newer.events = {EventWith(3)};
  ASSERT_FALSE(WriteNow(*store, newer).ok());
  fs::remove(obstacle);
  while (!store->health().ok()) std::this_thread::yield();  // it tries every 10 ms
  store.reset();
  store = Open();
  EXPECT_TRUE(remembered_.checks.contains("eu"));
  EXPECT_FALSE(remembered_.overrides.contains(ForceOf("app")));
  EXPECT_TRUE(remembered_.overrides.contains(DrainOf("shop")));
  EXPECT_EQ(remembered_.events.size(), 3u);
}

TEST_F(StoreTest, AFileRemovedUnderneathIsWrittenAnewAndWhole) {
  auto store = Open();
  ASSERT_TRUE(WriteNow(*store, Everything()).ok());
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(Path() + suffix);
  StateChanges newer;
  newer.events = {EventWith(3)};
  ASSERT_TRUE(WriteNow(*store, newer).ok());
  store.reset();
  store = Open();
  EXPECT_TRUE(remembered_.checks.contains("eu"));
  EXPECT_TRUE(remembered_.overrides.contains(ForceOf("app")));
}

TEST_F(StoreTest, AnotherReaderOfTheFileDoesNotMakeAWriteFail) {
  auto store = Open();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "BEGIN; SELECT count(*) FROM events", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_TRUE(WriteNow(*store, Everything()).ok());
  sqlite3_exec(handle, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
}

TEST(FingerprintTest, EveryFieldOfADefinitionCounts) {
  HealthCheck base;
  std::vector<HealthCheck> variants(11, base);
  variants[1].type = CheckType::kHttp;
  variants[2].address = "192.0.2.1";
  variants[3].port = 80;
  variants[4].host = "example.com";
  variants[5].path = "/other";
  variants[6].search_string = "ok";
  variants[7].enable_sni = true;
  variants[8].interval = absl::Seconds(11);
  variants[9].failure_threshold = 4;
  variants[10].success_threshold = 4;
  std::set<std::string> fingerprints;
  for (const HealthCheck& check : variants) fingerprints.insert(FingerprintOf(check));
  EXPECT_EQ(fingerprints.size(), variants.size());
}

TEST(FingerprintTest, TextsDoNotRunTogether) {
  HealthCheck one, other;
  one.host = "a";
  one.path = "b c";
  other.host = "a b";
  other.path = "c";
  EXPECT_NE(FingerprintOf(one), FingerprintOf(other));
}

}  // namespace
}  // namespace understudy::control
