#include "control/publication/publisher.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "dataplane/contract/table.h"
#include "tests/control/desired_site.h"
#include "tests/control/publication/dataplane.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

using contract::StalePolicy;

constexpr uint64_t kHour = 3'600'000'000'000;

class PublisherTest : public testing::Test {
 protected:
  PublisherTest() : paths_(*contract::PathsOf(scratch_.path(), "test")) { Open(); }

  void Open() {
    auto opened = Publisher::Open(paths_, StalePolicy::kFrozen);
    ASSERT_TRUE(opened.ok()) << opened.status();
    publisher_ = *std::move(opened);
  }
  // As after a kill: nothing is tidied up but what the kernel does.
  void Restart() {
    publisher_.reset();
    Open();
  }
  uint64_t PublishSite(const std::vector<std::string>& groups, const GroupChoices& choices = {}) {
    return PublishDesired(SiteWith(groups), choices);
  }
  uint64_t PublishDesired(const DesiredState& site, const GroupChoices& choices) {
    const auto written = publisher_->WriteTable(site, nullptr);
    EXPECT_TRUE(written.ok()) << written.status();
    EXPECT_TRUE(publisher_->PublishTable(*written, choices).ok());
    return *written;
  }
  uint64_t CurrentInRoot() {
    std::string error;
    return (*contract::RootReader::Open(paths_, &error))->table_generation.load();
  }
  bool HasTable(uint64_t generation) { return std::filesystem::exists(paths_.table(generation)); }

  ScratchDirectory scratch_;
  contract::InstancePaths paths_;
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(PublisherTest, ASecondControlOfTheSameInstanceIsRefusedAndToldWhoHoldsIt) {
  const auto second = Publisher::Open(paths_, StalePolicy::kFrozen);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_NE(second.status().ToString().find(std::to_string(getpid())), std::string::npos);
}

TEST_F(PublisherTest, AWrittenTableIsNotCurrentUntilItIsPublished) {
  const auto written = publisher_->WriteTable(SiteWith({"app"}), nullptr);
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(CurrentInRoot(), 0u);
  EXPECT_EQ(publisher_->table(), nullptr);
  ASSERT_TRUE(publisher_->PublishTable(*written, {}).ok());
  EXPECT_EQ(CurrentInRoot(), *written);
  EXPECT_EQ(publisher_->table()->generation(), *written);
}

TEST_F(PublisherTest, ATableIsPublishedWithTheChoicesOfThatMoment) {
  const auto written = publisher_->WriteTable(SiteWith({"app", "shop"}), nullptr);
  ASSERT_TRUE(publisher_->PublishTable(*written, {{"app", Choice::kSecondary}}).ok());
  EXPECT_EQ(publisher_->CurrentChoices(),
            (std::vector<Choice>{Choice::kPrimary, Choice::kSecondary, Choice::kPrimary}));
}

TEST_F(PublisherTest, AnUnknownGenerationIsNotPublished) {
  EXPECT_TRUE(absl::IsNotFound(publisher_->PublishTable(7, {}).status()));
  EXPECT_EQ(CurrentInRoot(), 0u);
}

TEST_F(PublisherTest, ADiscardedTableIsGoneFromTheDirectory) {
  const auto written = publisher_->WriteTable(SiteWith({"app"}), nullptr);
  publisher_->DiscardTable(*written);
  EXPECT_FALSE(HasTable(*written));
  EXPECT_FALSE(publisher_->PublishTable(*written, {}).ok());
}

TEST_F(PublisherTest, ChoicesNotNamedStayAsTheyAre) {
  PublishSite({"app", "shop"}, {{"app", Choice::kSecondary}});
  const auto published = publisher_->PublishChoices({{"shop", Choice::kSecondary}});
  ASSERT_TRUE(published.ok());
  EXPECT_EQ(publisher_->CurrentChoices(),
            (std::vector<Choice>{Choice::kPrimary, Choice::kSecondary, Choice::kSecondary}));
  EXPECT_EQ(publisher_->selection_generation(), published->generation);
}

TEST_F(PublisherTest, BeforeTheFirstTableThereIsNothingToChange) {
  EXPECT_TRUE(absl::IsFailedPrecondition(publisher_->PublishChoices({}).status()));
}

TEST_F(PublisherTest, GenerationsGoOnGrowingOverARestart) {
  const uint64_t table = PublishSite({"app"});
  const uint64_t selection = publisher_->PublishChoices({{"app", Choice::kSecondary}})->generation;
  Restart();
  EXPECT_EQ(publisher_->inherited_choices().at("app"), Choice::kSecondary);
  const uint64_t next_table = PublishSite({"app"});
  EXPECT_GT(next_table, table);
  EXPECT_GT(publisher_->selection_generation(), selection);
}

TEST_F(PublisherTest, GenerationsGrowBeyondWhatTheReportAloneKnows) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publisher_->PublishChoices({}).ok());
  const uint64_t selection = publisher_->selection_generation();
  dataplane.Answers("app");
  publisher_.reset();
  std::filesystem::remove(paths_.table(1));
  std::filesystem::remove(paths_.root());
  Open();
  EXPECT_GT(PublishSite({"app"}), 1u);
  EXPECT_GT(publisher_->selection_generation(), selection);
}

TEST_F(PublisherTest, WhatAKilledPredecessorLeftUnfinishedIsRemoved) {
  PublishSite({"app"});
  const auto unpublished = publisher_->WriteTable(SiteWith({"app"}), nullptr);
  std::filesystem::copy_file(paths_.table(*unpublished), paths_.table(9));
  std::ofstream(paths_.table(10) + ".tmp") << "half";
  Restart();
  EXPECT_TRUE(HasTable(1));
  EXPECT_FALSE(HasTable(*unpublished));
  EXPECT_FALSE(HasTable(9));
  EXPECT_FALSE(std::filesystem::exists(paths_.table(10) + ".tmp"));
  EXPECT_GT(PublishSite({"app"}), 9u) << "a generation once written is never used again";
}

TEST_F(PublisherTest, AHealthChangeReachesTheTableTheDataplaneHasNotLeftYet) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  publisher_->Tend();
  PublishSite({"app"});
  publisher_->Tend();
  ASSERT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), Choice::kSecondary);
}

// primary, secondary and, unless it is empty, `first` before them.
DesiredState SiteWithFirst(const std::string& first) {
  DesiredState site = SiteWith({"app"});
  if (first.empty()) return site;
  FailoverGroup& group = site.groups[0];
  group.tiers.insert(group.tiers.begin(), {.name = first, .check = "eu", .labels = {}});
  group.records[0].sides.insert(group.records[0].sides.begin(), SideOf("A", {"203.0.113.9"}));
  return site;
}

TEST_F(PublisherTest, AHealthChangeMeansTheSideOfItsNameInATableWhoseSidesStandInAnotherOrder) {
  PublishSite({"app"}, {{"app", Choice::kSecondary}});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  publisher_->Tend();
  PublishDesired(SiteWithFirst("newest"), {{"app", ChoiceOf(2)}});
  EXPECT_EQ(dataplane.Answers("app"), ChoiceOf(1)) << "the secondary, as before";
  const std::vector<std::pair<uint8_t, uint8_t>> changes = {{1, 0},
                                                            {2, 1}};  // new place, old place
  for (const auto& [place, old_place] : changes) {
    ASSERT_TRUE(publisher_->PublishChoices({{"app", ChoiceOf(place)}}).ok());
    EXPECT_EQ(dataplane.Answers("app"), ChoiceOf(old_place));
    EXPECT_EQ(publisher_->CurrentChoices()[1], ChoiceOf(place));
  }
  ASSERT_TRUE(publisher_->PublishChoices({{"app", Choice::kServfail}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), Choice::kServfail) << "a policy's word is no side";
}

TEST_F(PublisherTest, ASideThatTheOldTableLacksLeavesItAsItAnswers) {
  PublishSite({"app"}, {{"app", Choice::kSecondary}});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  publisher_->Tend();
  PublishDesired(SiteWithFirst("newest"), {{"app", ChoiceOf(2)}});
  ASSERT_TRUE(publisher_->PublishChoices({{"app", ChoiceOf(0)}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), Choice::kSecondary);
}

// Started with another configuration: what a predecessor left is answered from until the new table
// is written, and adopted.
TEST_F(PublisherTest, ATableThatAPredecessorLeftIsWrittenByTheOrderOfItsOwnSides) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  Restart();
  ASSERT_TRUE(publisher_->PublishChoices({{"app", ChoiceOf(1)}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), ChoiceOf(1)) << "no order is known: by place";
  const DesiredState next = SiteWithFirst("newest");
  publisher_->NameSides(std::make_shared<const SideOrders>(SiteWith({"app"})),
                        std::make_shared<const SideOrders>(next));
  ASSERT_TRUE(publisher_->PublishChoices({{"app", ChoiceOf(1)}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), ChoiceOf(0));
  PublishDesired(next, {{"app", ChoiceOf(1)}});
  ASSERT_TRUE(publisher_->PublishChoices({{"app", ChoiceOf(2)}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), ChoiceOf(1));
}

TEST_F(PublisherTest, AHealthChangeReachesTheOldTableWhenTheNewOneWasRefused) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  const uint64_t refused = PublishSite({"app"});
  dataplane.Refuse(refused);
  publisher_->Tend(contract::MonotonicNs() + kHour);
  ASSERT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), Choice::kSecondary);
  EXPECT_TRUE(HasTable(1));
  EXPECT_EQ(publisher_->answering().table->generation(), 1u);
}

TEST_F(PublisherTest, ARestartedControlGoesOnInTheTableThePredecessorLeft) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  Restart();
  ASSERT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), Choice::kSecondary);
}

TEST_F(PublisherTest, ARestartedControlGoesOnInARefusedPredecessorsAdoptedTable) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  PublishSite({"app"});
  dataplane.Refuse(2);
  Restart();
  EXPECT_TRUE(HasTable(1));
  ASSERT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
  EXPECT_EQ(dataplane.Answers("app"), Choice::kSecondary);
}

TEST_F(PublisherTest, ATableOfAForeignLayoutIsNotInheritedButItsGenerationCounts) {
  PublishSite({"app"}, {{"app", Choice::kSecondary}});
  publisher_.reset();
  {
    std::fstream file(paths_.table(1), std::ios::in | std::ios::out | std::ios::binary);
    file.write("XXXXXXXX", 8);
  }
  Open();
  EXPECT_TRUE(publisher_->inherited_choices().empty());
  EXPECT_EQ(publisher_->table(), nullptr);
  EXPECT_GT(PublishSite({"app"}), 1u);
}

TEST_F(PublisherTest, AnOldTableIsRemovedOnceTheNewOneIsAdoptedAndTheOldOneRetired) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  publisher_->Tend();
  PublishSite({"app"});
  publisher_->Tend();
  EXPECT_TRUE(HasTable(1));
  dataplane.Adopt(2);
  publisher_->Tend();
  EXPECT_FALSE(HasTable(1));
  EXPECT_TRUE(HasTable(2));
  EXPECT_EQ(publisher_->tables_in_use(), 1u);
}

TEST_F(PublisherTest, AnOldTableThatIsNeverRetiredIsLetGoOfAfterAWhile) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  PublishSite({"app"});
  dataplane.Adopt(2);
  dataplane.NeverRetire();
  publisher_->Tend();
  EXPECT_TRUE(HasTable(1));
  publisher_->Tend(contract::MonotonicNs() + kHour);
  EXPECT_FALSE(HasTable(1));
}

TEST_F(PublisherTest, WithoutADataplaneOnlyTheCurrentTableStays) {
  PublishSite({"app"});
  PublishSite({"app"});
  publisher_->Tend();
  EXPECT_FALSE(HasTable(1));
  EXPECT_TRUE(HasTable(2));
}

TEST_F(PublisherTest, ADataplaneThatHangsDoesNotMakeTablesPileUp) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  for (int i = 0; i < 10; ++i) {
    PublishSite({"app"});
    publisher_->Tend();
  }
  EXPECT_LE(publisher_->tables_in_use(), 4u);
  EXPECT_TRUE(HasTable(1)) << "it is answered from";
  EXPECT_TRUE(HasTable(11)) << "it is current";
}

TEST_F(PublisherTest, ObservationCountsTheWorkersThatAnswerFromTheSelection) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  publisher_->Tend();
  const auto published = *publisher_->PublishChoices({{"app", Choice::kSecondary}});
  Observation seen = publisher_->Observe(published.generation);
  EXPECT_TRUE(seen.dataplane_alive);
  EXPECT_EQ(seen.workers, 1u);
  EXPECT_EQ(seen.observed, 0u);
  dataplane.Answers("app");
  seen = publisher_->Observe(published.generation);
  EXPECT_EQ(seen.observed, 1u);
  EXPECT_GE(seen.last_observed_ns, published.at_ns);
}

TEST_F(PublisherTest, AWorkerThatHoldsNothingCountsAsObservingWhateverComes) {
  PublishSite({"app"});
  Dataplane dataplane(paths_);
  dataplane.Adopt(1);
  dataplane.Leave();
  publisher_->Tend();
  const auto published = *publisher_->PublishChoices({{"app", Choice::kSecondary}});
  EXPECT_EQ(publisher_->Observe(published.generation).observed, 1u);
}

TEST_F(PublisherTest, ARestartedDataplanesNewReportIsFoundBeforeTheNextPublication) {
  PublishSite({"app"});
  auto first = std::make_unique<Dataplane>(paths_);
  first->Adopt(1);
  publisher_->Tend();
  first.reset();
  ASSERT_TRUE(publisher_->PublishChoices({}).ok());
  Dataplane second(paths_);
  second.Adopt(1);
  ASSERT_EQ(second.Answers("app"), Choice::kPrimary);
  // No Tend in between. Many more publications than there are banks: were the old report looked at,
  // one of them would refill the bank the second dataplane's worker has named.
  const contract::Table& table = *publisher_->table();
  for (uint32_t i = 0; i < 2 * contract::kBankCount; ++i) {
    ASSERT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
  }
  const uint64_t held = second.Observed();
  EXPECT_EQ(table.BankAt(contract::BankOf(held)).generation.load(), contract::GenerationOf(held));
}

TEST_F(PublisherTest, RecordsTheTableDoesNotTakeLeaveThePublishedOne) {
  PublishSite({"app"});
  DesiredState twice = SiteWith({"app"});
  twice.zones[0].records.push_back(twice.zones[0].records[2]);
  EXPECT_TRUE(absl::IsInvalidArgument(publisher_->WriteTable(twice, nullptr).status()));
  EXPECT_EQ(CurrentInRoot(), 1u);
  EXPECT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
}

TEST_F(PublisherTest, AFullFileSystemIsAnErrorAndLeavesThePublishedTable) {
  PublishSite({"app"});
  // A limit on file sizes fails where a full file system does: when the space is reserved.
  struct rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit tiny = {.rlim_cur = 1024, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tiny), 0);
  const auto written = publisher_->WriteTable(SiteWith({"app"}), nullptr);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(written.ok());
  EXPECT_NE(written.status().ToString().find("table.2"), std::string::npos) << written.status();
  EXPECT_EQ(CurrentInRoot(), 1u);
  EXPECT_TRUE(publisher_->PublishChoices({{"app", Choice::kSecondary}}).ok());
  EXPECT_FALSE(std::filesystem::exists(paths_.table(2) + ".tmp"));
  EXPECT_EQ(PublishSite({"app"}), 3u);
}

TEST_F(PublisherTest, AGroupRecordBelowANestedZoneGoesToTheClosestZone) {
  DesiredState state = SiteWith({"app"});
  Zone nested = state.zones[0];
  nested.apex = Wire("deep.example.com");
  nested.records = {RecordOf("deep.example.com", "SOA",
                             {"ns1.example.com. hostmaster.example.com. 2 7200 3600 1209600 300"}),
                    RecordOf("deep.example.com", "NS", {"ns1.example.com."})};
  state.zones.push_back(nested);
  state.groups.push_back(GroupOf("app.deep"));
  const auto written = publisher_->WriteTable(state, nullptr);
  ASSERT_TRUE(written.ok()) << written.status();
  ASSERT_TRUE(publisher_->PublishTable(*written, {}).ok());
  const contract::Table& table = *publisher_->table();
  const std::string wire = Wire("app.deep.example.com") + std::string(16, '\0');
  const auto* name = reinterpret_cast<const uint8_t*>(wire.data());
  const contract::NodeRecord* node = table.Find(name, wire.size() - 16);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(table.ZoneAt(node->zone).serial, 2u);
}

TEST_F(PublisherTest, APlannedEndIsSaidInTheRoot) {
  publisher_->Beat();
  publisher_->ShutDown();
  std::string error;
  const auto root = contract::RootReader::Open(paths_, &error);
  EXPECT_EQ((*root)->pid.load(), 0);
  EXPECT_FALSE(root->IsStale(contract::MonotonicNs())) << "a quick restart is not even flagged";
}

}  // namespace
}  // namespace understudy::control
