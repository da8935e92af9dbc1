#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "dataplane/contract/report.h"
#include "dataplane/contract/selection.h"
#include "dataplane/contract/table_writer.h"
#include "tests/control/scratch_directory.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/client.h"
#include "tools/understudyctl/inspection.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

json::object Json(const char* text) { return json::parse(text).as_object(); }
bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
absl::Time Noon() { return absl::FromUnixSeconds(1'800'000'000); }

TEST(LayoutTest, ColumnsLineUpWhateverTheirContents) {
  Columns columns({"A", "LONG HEAD", "C"});
  columns.Add({"a much longer cell", "x", "last"});
  columns.Add({"\xc3\xbc", "y", "last"});
  EXPECT_EQ(columns.Text(),
            "A                   LONG HEAD  C\n"
            "a much longer cell  x          last\n"
            "\xc3\xbc                   y          last\n");
}

TEST(LayoutTest, AgesAreSaidInTheTwoLargestUnits) {
  EXPECT_EQ(Age(absl::Milliseconds(850)), "850ms");
  EXPECT_EQ(Age(absl::Seconds(59)), "59s");
  EXPECT_EQ(Age(absl::Seconds(60)), "1m");
  EXPECT_EQ(Age(absl::Seconds(312)), "5m 12s");
  EXPECT_EQ(Age(absl::Minutes(125)), "2h 5m");
  EXPECT_EQ(Age(absl::Hours(76)), "3d 4h");
  EXPECT_EQ(Age(absl::Seconds(-5)), "0ms") << "a clock that was set back";
  EXPECT_EQ(AgeOf("2027-01-15T07:59:00.000Z", Noon()), "1m");
  EXPECT_EQ(AgeOf("", Noon()), "-");
}

TEST(LayoutTest, NumbersAreGroupedInThousands) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(999), "999");
  EXPECT_EQ(Number(1000), "1,000");
  EXPECT_EQ(Number(1234567), "1,234,567");
}

TEST(ClientTest, ValuesAreEncodedForAQuery) {
  EXPECT_EQ(Encode("app.example.com"), "app.example.com");
  EXPECT_EQ(Encode("a b&c=d/\xff"), "a%20b%26c%3Dd%2F%FF");
}

TEST(ClientTest, ASocketNobodyListensOnIsUnreachableAndNotWaitedFor) {
  const Answer answer =
      Client(Endpoint{.socket = "/nonexistent/understudy.sock"}).Get("/v1/status");
  EXPECT_FALSE(answer.unreachable.empty());
}

TEST(AnswersTextTest, StatusTellsTheProblems) {
  const std::string text = StatusText(Json(R"({"instance": "edge1", "health": "degraded", "pid": 7,
               "problems": ["no dataplane is running: nothing answers"],
               "dataplane": {"alive": false}, "groups": {"total": 3, "forced": 1, "on_secondary": 2},
               "checks": {"total": 2}, "state": {"durable": false, "error": "disk full"}})"),
                                      Noon());
  EXPECT_TRUE(Has(text, "instance   edge1: degraded"));
  EXPECT_TRUE(Has(text, "  - no dataplane is running"));
  EXPECT_TRUE(Has(text, "groups     3: 2 not on their primary, 1 forced"));
  EXPECT_TRUE(Has(text, "NOT DURABLE: disk full"));
}

TEST(AnswersTextTest, AGroupShowsWhoForcedItAndForHowLong) {
  const std::string text =
      GroupsText(Json(R"({"groups": [{"name": "app", "answer": "secondary", "cause": "forced",
               "changed_at": "2027-01-15T07:55:00.000Z",
               "override": {"author": "ann", "reason": "drill", "remaining_s": 90.5},
               "sides": [{"side": "primary", "check": "eu", "healthy": false, "drained": null},
                         {"side": "secondary", "check": null, "healthy": true,
                          "drained": {"author": "bob"}}]}]})"),
                 Noon());
  EXPECT_TRUE(Has(text, "5m")) << text;
  EXPECT_TRUE(Has(text, "primary eu DOWN, secondary no check drained")) << text;
  EXPECT_TRUE(Has(text, "forced by ann, 1m 30s left: drill")) << text;
}

TEST(AnswersTextTest, AGroupShowsWhoDrainedItsSideAndWhy) {
  const std::string text =
      GroupsText(Json(R"({"groups": [{"name": "app", "override": null, "sides": [{"side": "primary",
               "drained": {"author": "bob", "reason": "works", "remaining_s": null}}]}]})"),
                 Noon());
  EXPECT_TRUE(Has(text, "primary drained by bob, until released: works")) << text;
}

TEST(AnswersTextTest, AFrozenCheckIsNotTakenForWhatItsResultsSay) {
  const std::string text =
      ChecksText(Json(R"({"checks": [{"name": "eu", "healthy": true, "by_results": false},
                          {"name": "us", "healthy": false, "by_results": false, "disabled": true,
                           "inverted": true}]})"),
                 Noon());
  EXPECT_TRUE(Has(text, "healthy (frozen)")) << text;
  EXPECT_TRUE(Has(text, "UNHEALTHY (disabled) (inverted)")) << text;
}

TEST(AnswersTextTest, AnOrderOverManyGroupsTellsWhatTheFirstOfThemAnswer) {
  json::array groups;
  for (int i = 0; i < 25; ++i) {
    groups.push_back(json::object{
        {"name", "app-" + std::to_string(i)}, {"answer", "primary"}, {"cause", "drained"}});
  }
  const std::string text = OverrideText({{"groups", groups}, {"durable", true}});
  EXPECT_TRUE(Has(text, "25 groups:\n  app-0 answers primary (drained)\n")) << text;
  EXPECT_TRUE(Has(text, "  ... and 5 more\n")) << text;
}

TEST(AnswersTextTest, AWarningOfAProbeStandsBehindItsReason) {
  const std::string text = ChecksText(Json(R"({"checks": [{"name": "eu", "healthy": true,
               "last": {"reason": "HTTP 200", "warning": "certificate ends 2027-01-16"}},
              {"name": "us", "healthy": true, "last": {"reason": "HTTP 204", "warning": ""}}]})"),
                                      Noon());
  EXPECT_TRUE(Has(text, "HTTP 200; WARNING: certificate ends 2027-01-16\n")) << text;
  EXPECT_TRUE(Has(text, "HTTP 204\n")) << text;
}

TEST(AnswersTextTest, ExplainPutsTheAnswerFirstAndTheReasonsBehind) {
  const std::string text = ExplainText(
      Json(R"({"name": "app.example.com.", "type": "A", "rcode": "NOERROR", "authoritative": true,
               "answer": ["app.example.com. 30 IN A 192.0.2.10"], "because": ["group app answers"],
               "table": 3, "selection": {"generation": 9, "observed": 2, "workers": 2}})"));
  EXPECT_EQ(text,
            "app.example.com. A is answered NOERROR, authoritative\n"
            "answer:\n  app.example.com. 30 IN A 192.0.2.10\n"
            "because:\n  group app answers\n"
            "from table 3, selection 9, seen by 2/2 workers\n");
}

TEST(AnswersTextTest, AnswersOfAnotherVersionAreShownAsFarAsTheyGo) {
  const json::object strange = Json(R"({"groups": [1, {"name": 5}], "checks": "?", "events": {}})");
  EXPECT_NO_THROW(GroupsText(strange, Noon()));
  EXPECT_NO_THROW(ChecksText(strange, Noon()));
  EXPECT_NO_THROW(EventsText(strange));
  EXPECT_NO_THROW(StatusText(strange, Noon()));
  EXPECT_NO_THROW(ExplainText(strange));
}

TEST(AnswersTextTest, AForceThatIsNotOnDiskIsShownWithItsWarning) {
  const std::string text =
      OverrideText(Json(R"({"groups": [{"name": "app", "answer": "secondary"}], "durable": false,
               "warning": "a restart will forget it"})"));
  EXPECT_TRUE(Has(text, "WARNING: a restart will forget it"));
}

class InstanceTest : public testing::Test {
 protected:
  void MakeInstance(const std::string& name) {
    std::filesystem::create_directories(scratch_.path() + "/" + name);
    std::ofstream(scratch_.path() + "/" + name + "/root") << "x";
  }
  Instance ChooseFrom(const std::string& name) {
    return Choose(name, scratch_.path(), "", scratch_.path() + "/run", &error_);
  }
  ScratchDirectory scratch_;
  std::string error_;
};

TEST_F(InstanceTest, TheOnlyInstanceNeedsNoName) {
  MakeInstance("edge1");
  const Instance instance = ChooseFrom("");
  EXPECT_EQ(instance.name, "edge1");
  EXPECT_EQ(instance.socket, scratch_.path() + "/run/edge1.sock");
}

TEST_F(InstanceTest, SeveralInstancesAreNamedInTheError) {
  MakeInstance("edge1");
  MakeInstance("edge2");
  EXPECT_EQ(ChooseFrom("").name, "");
  EXPECT_TRUE(Has(error_, "edge1, edge2")) << error_;
  EXPECT_EQ(ChooseFrom("edge2").name, "edge2");
}

TEST_F(InstanceTest, NoInstanceAndAnImpossibleNameAreErrorsThatSayWhatToDo) {
  EXPECT_EQ(ChooseFrom("").name, "");
  EXPECT_TRUE(Has(error_, "--instance")) << error_;
  EXPECT_EQ(ChooseFrom("../etc").name, "");
  EXPECT_TRUE(Has(error_, "no instance name")) << error_;
}

class InspectTest : public testing::Test {
 protected:
  InspectTest() {
    instance_.name = "test";
    instance_.paths = *contract::PathsOf(scratch_.path(), "test");
    EXPECT_EQ(contract::MakeDirectory(instance_.paths), "");
  }
  void WriteTable(uint64_t generation) {
    contract::TableWriter writer;
    const std::string apex("\x04test\x00", 6);
    const std::string soa =
        apex + apex + std::string("\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 20);
    writer.AddZone(apex);
    writer.AddGroup("app", 2);
    EXPECT_EQ(writer.Add(apex, {.owner = apex, .type = 6, .sides = {{60, {soa}}}}), "");
    EXPECT_EQ(writer.Add(apex, {.owner = apex, .type = 2, .sides = {{60, {apex}}}}), "");
    EXPECT_EQ(writer.Write(instance_.paths.table(generation), generation, 5,
                           {contract::Choice::kPrimary, contract::Choice::kSecondary}),
              "");
  }
  ScratchDirectory scratch_;
  Instance instance_;
  std::string error_;
};

TEST_F(InspectTest, AnEmptyDirectoryIsToldAsProblemsNotAsACrash) {
  const json::object view = Inspect(instance_);
  EXPECT_GE(ArrayIn(view, "problems").size(), 2u);
  EXPECT_TRUE(Has(InspectionText(view), "no root segment"));
}

TEST_F(InspectTest, ShowsWhatIsAnsweredWithControlDead) {
  WriteTable(3);
  auto root = contract::RootWriter::Open(instance_.paths, &error_);
  (*root)->table_generation = 3;
  (*root)->pid = 42;
  root->Beat();
  auto report = contract::ReportWriter::Create(instance_.paths, &error_);
  contract::WorkerSlot* slot = report->AddWorker("af_xdp:eth1 q0");
  contract::Tally tally;
  tally.received = 1500;
  tally.outcomes[static_cast<size_t>(contract::Outcome::kPositive)] = 1500;
  tally.answered_by[static_cast<size_t>(contract::AnsweredBy::kSecondary)] = 1500;
  contract::AddTo(*slot, tally);
  const auto lock = contract::OwnerLock::Acquire(instance_.paths.dataplane_lock(), &error_);
  (*report)->table_generation = 3;

  const json::object view = Inspect(instance_);
  EXPECT_EQ(TextIn(ArrayIn(view, "groups").at(0).as_object(), "answer"), "secondary");
  EXPECT_EQ(IntegerIn(ObjectIn(view, "dataplane"), "received"), 1500);
  EXPECT_EQ(IntegerIn(ObjectIn(ObjectIn(view, "dataplane"), "outcomes"), "positive"), 1500);
  ASSERT_EQ(ArrayIn(view, "problems").size(), 1u) << json::serialize(view);
  const std::string text = InspectionText(view);
  EXPECT_TRUE(Has(text, "control is dead: answers are frozen")) << text;
  EXPECT_TRUE(Has(text, "positive  1,500  records answered")) << text;
  EXPECT_TRUE(Has(text, "af_xdp:eth1 q0")) << text;
  EXPECT_TRUE(Has(text, "secondary 1,500")) << text;
}

TEST_F(InspectTest, ADamagedTableIsAProblemThatNamesTheReason) {
  WriteTable(3);
  {
    std::fstream file(instance_.paths.table(3), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(300);
    file << "XXXX";
  }
  auto root = contract::RootWriter::Open(instance_.paths, &error_);
  (*root)->table_generation = 3;
  EXPECT_TRUE(Has(InspectionText(Inspect(instance_)), "table 3 cannot be read"));
}

TEST_F(InspectTest, ARefusedTableIsShownWithTheOneThatGoesOn) {
  WriteTable(3);
  auto root = contract::RootWriter::Open(instance_.paths, &error_);
  (*root)->table_generation = 4;
  auto report = contract::ReportWriter::Create(instance_.paths, &error_);
  const auto lock = contract::OwnerLock::Acquire(instance_.paths.dataplane_lock(), &error_);
  (*report)->table_generation = 3;
  (*report)->refused_count = 1;
  (*report)->refused_generation = 4;
  (*report)->refused_reason = static_cast<uint64_t>(contract::Refusal::kChecksum);
  const std::string text = InspectionText(Inspect(instance_));
  EXPECT_TRUE(Has(text, "the dataplane refused table 4 (checksum), table 3 goes on")) << text;
}

TEST_F(InspectTest, AReportOfNonsenseIsSurvived) {
  auto report = contract::ReportWriter::Create(instance_.paths, &error_);
  const auto lock = contract::OwnerLock::Acquire(instance_.paths.dataplane_lock(), &error_);
  (*report)->worker_count = ~uint64_t{0};
  (*report)->refused_count = 1;
  (*report)->refused_reason = 999;
  (*report)->table_generation = ~uint64_t{0};
  for (contract::WorkerSlot& slot : (*report)->workers) {
    std::memset(slot.name, 'x', sizeof(slot.name));
  }
  EXPECT_FALSE(InspectionText(Inspect(instance_)).empty());
}

}  // namespace
}  // namespace understudy::ctl
