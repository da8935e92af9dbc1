// The applied configuration in the state file, and state files of older versions.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <random>
#include <string>

#include "control/state/store.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

std::shared_ptr<const Configuration> Applied(const std::string& yaml, const std::string& zone) {
  Configuration configuration =
      PackTexts({.file = "site.yaml", .yaml = yaml, .zones = {{"a/example.zone", zone}}});
  configuration.origin = Origin::kApplied;
  configuration.at = absl::FromUnixSeconds(1000);
  configuration.author = "alice (uid 0)";
  return std::make_shared<const Configuration>(std::move(configuration));
}

// Text that no packing makes smaller.
std::string Noise(size_t octets) {
  std::mt19937_64 random(7);
  std::string text(octets, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

class StoredConfigurationTest : public testing::Test {
 protected:
  std::string Path() const { return scratch_.path() + "/test.db"; }
  void Open() {
    store_.reset();
    remembered_ = {};
    store_ = Store::Open({.path = Path(), .retry = absl::Milliseconds(10)}, &remembered_);
  }
  absl::Status Write(std::shared_ptr<const Configuration> configuration) {
    std::promise<absl::Status> done;
    store_->WriteConfiguration(std::move(configuration),
                               [&](const absl::Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  absl::Status WriteEvent(uint64_t id) {
    StateChanges changes;
    Event event;
    event.id = id;
    event.time = absl::FromUnixSeconds(1);
    changes.events = {event};
    std::promise<absl::Status> done;
    store_->Write(changes, [&](const absl::Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  void Sql(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(Path().c_str(), &handle), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(handle);
  }

  ScratchDirectory scratch_;
  Remembered remembered_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoredConfigurationTest, WhatWasAppliedIsFoundOctetForOctetByTheNextStart) {
  const std::string zone = Noise(200'000) + std::string(300'000, 'x');
  const auto applied = Applied("instance: a\n", zone);
  Open();
  EXPECT_EQ(remembered_.configuration, nullptr);
  ASSERT_TRUE(Write(applied).ok());
  Open();
  ASSERT_NE(remembered_.configuration, nullptr);
  const Configuration& found = *remembered_.configuration;
  EXPECT_EQ(found.origin, Origin::kApplied);
  EXPECT_EQ(found.at, applied->at);
  EXPECT_EQ(found.author, "alice (uid 0)");
  EXPECT_EQ(found.file, "site.yaml");
  EXPECT_EQ(found.id, applied->id);
  EXPECT_EQ(found.octets, applied->octets);
  const absl::StatusOr<ConfigTexts> texts = UnpackTexts(found);
  ASSERT_TRUE(texts.ok()) << texts.status();
  EXPECT_EQ(texts->yaml, "instance: a\n");
  EXPECT_EQ(texts->zones.at("a/example.zone"), zone);
}

TEST_F(StoredConfigurationTest, ALaterOneReplacesItAndForgettingRemovesIt) {
  Open();
  ASSERT_TRUE(Write(Applied("one", "1")).ok());
  ASSERT_TRUE(Write(Applied("two", "2")).ok());
  Open();
  EXPECT_EQ(UnpackTexts(*remembered_.configuration)->yaml, "two");
  ASSERT_TRUE(Write(nullptr).ok());
  Open();
  EXPECT_EQ(remembered_.configuration, nullptr);
}

// As on a full disk: files may not grow.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t octets) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {.rlim_cur = octets, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_ = {};
};

TEST_F(StoredConfigurationTest, WhatTheDiskDoesNotTakeIsRefusedAndNeverFoundLater) {
  Open();
  ASSERT_TRUE(Write(Applied("old", "1")).ok());
  {
    const FileSizeLimit limit(2'000'000);
    EXPECT_FALSE(Write(Applied("new", Noise(3'000'000))).ok());
    EXPECT_TRUE(WriteEvent(1).ok()) << "the rest of the state still fits";
  }
  EXPECT_TRUE(WriteEvent(2).ok());
  Open();
  ASSERT_NE(remembered_.configuration, nullptr);
  EXPECT_EQ(UnpackTexts(*remembered_.configuration)->yaml, "old");
  EXPECT_EQ(remembered_.events.size(), 2u);
}

TEST_F(StoredConfigurationTest, AWayBackThatTheDiskDoesNotTakeIsTriedUntilItDoes) {
  const auto take_back_to = [&](std::shared_ptr<const Configuration> configuration) {
    std::promise<absl::Status> done;
    store_->TakeBackTo(std::move(configuration),
                       [&](const absl::Status& status) { done.set_value(status); });
    return done.get_future().get();
  };
  const auto old = Applied("old", "1");
  Open();
  ASSERT_TRUE(Write(old).ok());
  ASSERT_TRUE(Write(Applied("new", "2")).ok());
  {
    const FileSizeLimit limit(1);
    EXPECT_FALSE(take_back_to(old).ok());
  }
  EXPECT_TRUE(WriteEvent(1).ok());
  Open();
  ASSERT_NE(remembered_.configuration, nullptr);
  EXPECT_EQ(UnpackTexts(*remembered_.configuration)->yaml, "old");
  EXPECT_TRUE(take_back_to(nullptr).ok());
  Open();
  EXPECT_EQ(remembered_.configuration, nullptr);
}

TEST_F(StoredConfigurationTest, AFileRemovedUnderneathIsWrittenAnewWithIt) {
  Open();
  ASSERT_TRUE(Write(Applied("kept", "1")).ok());
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(Path() + suffix);
  ASSERT_TRUE(WriteEvent(1).ok());
  Open();
  ASSERT_NE(remembered_.configuration, nullptr);
  EXPECT_EQ(UnpackTexts(*remembered_.configuration)->yaml, "kept");
}

// The file as version 1 made it.
constexpr char kVersion1[] = R"sql(
CREATE TABLE checks(
  name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, healthy INTEGER NOT NULL,
  contrary INTEGER NOT NULL, successes INTEGER NOT NULL, failures INTEGER NOT NULL,
  changed_at INTEGER, last_success INTEGER NOT NULL, last_reason TEXT NOT NULL,
  last_started INTEGER, last_took INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE groups(
  name TEXT PRIMARY KEY, by_health INTEGER NOT NULL, primary_healthy_since INTEGER,
  choice INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE overrides(
  group_name TEXT PRIMARY KEY, side INTEGER NOT NULL, since INTEGER, until INTEGER,
  reason TEXT NOT NULL, author TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events(
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  side_from TEXT NOT NULL, side_to TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
  author TEXT NOT NULL, detail TEXT NOT NULL, selection INTEGER NOT NULL, took INTEGER NOT NULL);
INSERT INTO checks VALUES('eu', 'f', 0, 2, 7, 9, 100000000000, 1, 'HTTP 200', 200000000000, 3);
INSERT INTO groups VALUES('app', 1, 300000000000, 1);
INSERT INTO overrides VALUES('app', 1, 400000000000, NULL, 'why', 'who');
INSERT INTO events VALUES(5, 1, 'forced', 'app', '', '', '', '', '', '', 0, 0);
PRAGMA user_version=1;
)sql";

TEST_F(StoredConfigurationTest, AFileOfVersionOneIsTakenOverWithAllThatIsInIt) {
  Sql(kVersion1);
  Open();
  ASSERT_TRUE(store_->health().ok()) << store_->health();
  EXPECT_TRUE(store_->TakeNotices().empty());
  const RememberedCheck& check = remembered_.checks.at("eu");
  EXPECT_FALSE(check.verdict.healthy);
  EXPECT_FALSE(check.healthy);
  EXPECT_EQ(check.verdict.failures, 9u);
  EXPECT_EQ(check.changed_at, absl::FromUnixSeconds(100));
  EXPECT_EQ(remembered_.groups.at("app").choice, Choice::kSecondary);
  EXPECT_EQ(remembered_.groups.at("app").state.tier, 1u);
  const RememberedOverride& forced = remembered_.overrides.at({.group = "app"});
  EXPECT_EQ(forced.side, "secondary");
  EXPECT_EQ(forced.until, absl::InfiniteFuture());
  EXPECT_EQ(remembered_.events.at(0).id, 5u);
  ASSERT_TRUE(Write(Applied("new", "1")).ok());
  Open();
  EXPECT_EQ(remembered_.checks.size(), 1u);
  EXPECT_NE(remembered_.configuration, nullptr);
}

// As version 2 made it: sides by their place.
constexpr char kVersion2[] = R"sql(
CREATE TABLE checks(
  name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, healthy INTEGER NOT NULL,
  contrary INTEGER NOT NULL, successes INTEGER NOT NULL, failures INTEGER NOT NULL,
  changed_at INTEGER, last_success INTEGER NOT NULL, last_reason TEXT NOT NULL,
  last_started INTEGER, last_took INTEGER NOT NULL, shown_healthy INTEGER NOT NULL DEFAULT 1,
  shown_since INTEGER, agreeing INTEGER NOT NULL DEFAULT 0, expires_at INTEGER) WITHOUT ROWID;
CREATE TABLE groups(
  name TEXT PRIMARY KEY, tier INTEGER NOT NULL, choice INTEGER NOT NULL,
  penalty REAL NOT NULL DEFAULT 0, penalty_at INTEGER) WITHOUT ROWID;
CREATE TABLE overrides(
  group_name TEXT NOT NULL, kind TEXT NOT NULL, tier INTEGER NOT NULL, side INTEGER NOT NULL,
  since INTEGER, until INTEGER, reason TEXT NOT NULL, author TEXT NOT NULL,
  PRIMARY KEY(group_name, kind, tier)) WITHOUT ROWID;
CREATE TABLE events(
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  side_from TEXT NOT NULL, side_to TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
  author TEXT NOT NULL, detail TEXT NOT NULL, selection INTEGER NOT NULL, took INTEGER NOT NULL);
CREATE TABLE configuration(
  only INTEGER PRIMARY KEY CHECK(only = 1), id TEXT NOT NULL, applied_at INTEGER NOT NULL,
  author TEXT NOT NULL, file TEXT NOT NULL, octets INTEGER NOT NULL, yaml BLOB NOT NULL);
CREATE TABLE configuration_zones(
  path TEXT NOT NULL UNIQUE, octets INTEGER NOT NULL, text BLOB NOT NULL);
INSERT INTO checks VALUES('eu', 'f', 0, 2, 7, 9, 1000, 1, 'HTTP 200', 2000, 3, 0, 4000, 5, NULL);
INSERT INTO groups VALUES('app', 2, 1, 1.5, 300000000000);
INSERT INTO overrides VALUES('app', 'force', 0, 1, 400000000000, NULL, 'why', 'who');
INSERT INTO overrides VALUES('app', 'drain', 0, 0, NULL, NULL, '', '');
INSERT INTO overrides VALUES('app', 'drain', 1, 1, NULL, NULL, '', '');
INSERT INTO overrides VALUES('app', 'drain', 4, 4, NULL, 500000000000, 'works', '');
INSERT INTO overrides VALUES('shop', 'force', 0, 2, NULL, NULL, '', '');
INSERT INTO overrides VALUES('', 'freeze', 0, 1, NULL, NULL, 'many fail', '');
INSERT INTO events VALUES(5, 1, 'forced', 'app', '', '', '', '', '', '', 0, 0);
PRAGMA user_version=2;
)sql";

TEST_F(StoredConfigurationTest, AFileOfVersionTwoIsTakenOverWithSidesByName) {
  Sql(kVersion2);
  for (int start = 1; start <= 2; ++start) {
    Open();
    ASSERT_TRUE(store_->health().ok()) << store_->health();
    EXPECT_TRUE(store_->TakeNotices().empty());
    EXPECT_EQ(remembered_.checks.at("eu").verdict.agreeing, 5u);
    const RememberedGroup& group = remembered_.groups.at("app");
    EXPECT_EQ(group.state.tier, 2u);
    EXPECT_EQ(group.state.penalty, 1.5);
    EXPECT_EQ(group.choice, Choice::kSecondary);
    EXPECT_TRUE(group.sides.empty()) << "not known";
    ASSERT_EQ(remembered_.overrides.size(), 6u);
    const auto drain = [&](const std::string& side) {
      return remembered_.overrides.at(
          {.group = "app", .kind = OverrideKind::kDrain, .drained = side});
    };
    EXPECT_EQ(drain("primary").side, "primary");
    EXPECT_EQ(drain("secondary").side, "secondary");
    EXPECT_EQ(drain("#4").side, "#4");
    EXPECT_EQ(drain("#4").until, absl::FromUnixSeconds(500));
    EXPECT_EQ(drain("#4").reason, "works");
    EXPECT_EQ(remembered_.overrides.at({.group = "app"}).side, "secondary");
    EXPECT_EQ(remembered_.overrides.at({.group = "app"}).author, "who");
    EXPECT_EQ(remembered_.overrides.at({.group = "shop"}).side, "#2");
    EXPECT_EQ(remembered_.overrides.at({.group = "", .kind = OverrideKind::kFreeze}).side,
              kBySelfDoubt);
    EXPECT_EQ(remembered_.events.at(0).id, 5u);
  }
  ASSERT_TRUE(Write(Applied("new", "1")).ok());
}

TEST_F(StoredConfigurationTest, AFileOfVersionTwoThatLacksATableIsMovedAside) {
  Sql(std::string(kVersion2) + "DROP TABLE groups");
  Open();
  EXPECT_TRUE(store_->health().ok()) << store_->health();
  EXPECT_EQ(store_->TakeNotices().size(), 1u);
  EXPECT_TRUE(WriteEvent(1).ok());
}

TEST_F(StoredConfigurationTest, AFileOfVersionOneThatLacksATableIsMovedAside) {
  Sql(std::string(kVersion1) + "DROP TABLE overrides");
  Open();
  EXPECT_TRUE(store_->health().ok()) << store_->health();
  EXPECT_EQ(store_->TakeNotices().size(), 1u);
  EXPECT_TRUE(WriteEvent(1).ok());
}

}  // namespace
}  // namespace understudy::control
