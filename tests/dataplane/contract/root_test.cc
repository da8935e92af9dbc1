#include "dataplane/contract/root.h"

#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "dataplane/contract/report.h"
#include "tests/dataplane/table_builder.h"

namespace understudy::contract {
namespace {

TEST(PathsTest, InstanceNamesStayInsideTheirDirectory) {
  EXPECT_EQ(PathsOf("/shm", "edge1")->table(7), "/shm/edge1/table.7");
  for (const char* bad : {"", "..", "a/b", "Edge", "a b", "é"}) {
    EXPECT_FALSE(PathsOf("/shm", bad)) << bad;
  }
  EXPECT_FALSE(PathsOf("/shm", std::string(65, 'a')));
}

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(RootTest, DirectoriesAndFilesAreOfOneGroupAndNobodyElse) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "shm/edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  EXPECT_EQ(ModeOf(scratch / "shm"), 03770u);
  EXPECT_EQ(ModeOf(paths.directory), 03770u);
  std::string error;
  ASSERT_TRUE(RootWriter::Open(paths, &error)) << error;
  ASSERT_TRUE(ReportWriter::Create(paths, &error)) << error;
  ASSERT_TRUE(OwnerLock::Acquire(paths.control_lock(), &error)) << error;
  for (const std::string& file : {paths.root(), paths.report(), paths.control_lock()}) {
    EXPECT_EQ(ModeOf(file) & 0137u, 0u) << file;
  }
}

// RestrictSUIDSGID= of systemd is such a filter. In a process of its own: it cannot be taken away.
void MakeWithoutSettingTheGroupBit(const InstancePaths& paths) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  const struct {
    int call;
    unsigned int mode_argument;
  } calls[] = {{SCMP_SYS(mkdir), 1}, {SCMP_SYS(chmod), 1}, {SCMP_SYS(fchmodat), 2}};
  for (const auto& [call, argument] : calls) {
    const scmp_arg_cmp is_set = {argument, SCMP_CMP_MASKED_EQ, S_ISGID, S_ISGID};
    if (seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &is_set) != 0) _exit(2);
  }
  if (seccomp_load(filter) != 0) _exit(2);
  umask(0027);
  std::fputs(MakeDirectory(paths).c_str(), stderr);
  _exit(0);
}

TEST(RootTest, AServiceThatMaySetNoGroupBitMakesItsDirectoryInTheSharedOne) {
  test::Scratch scratch;
  const InstancePaths first{scratch / "shm/edge1"};
  const InstancePaths second{scratch / "shm/edge2"};
  ASSERT_EQ(MakeDirectory(first), "");
  EXPECT_EXIT(MakeWithoutSettingTheGroupBit(second), testing::ExitedWithCode(0), "^$");
  EXPECT_EQ(ModeOf(second.directory), 03770u);
}

TEST(RootTest, ADirectoryWhoseModeCannotBeSetIsNotLeftBehind) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "shm/edge1"};
  for (int start = 0; start < 2; ++start) {
    EXPECT_EXIT(MakeWithoutSettingTheGroupBit(paths), testing::ExitedWithCode(0),
                "cannot set the mode of .*/shm to 3770: Operation not permitted");
  }
}

TEST(RootTest, ADirectoryThatOthersMayChangeIsRefused) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "shm/edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  ASSERT_EQ(chmod(paths.directory.c_str(), 0777), 0);
  EXPECT_NE(MakeDirectory(paths).find("may be written by everybody"), std::string::npos);
  ASSERT_EQ(chmod(paths.directory.c_str(), 0700), 0);
  EXPECT_EQ(MakeDirectory(paths), "") << "narrower than ours is the operator's choice";
  ASSERT_EQ(chmod((scratch / "shm").c_str(), 0777), 0);
  EXPECT_NE(MakeDirectory(paths).find("may be written by everybody"), std::string::npos);
  ASSERT_EQ(chmod((scratch / "shm").c_str(), 01777), 0);
  EXPECT_EQ(MakeDirectory(paths), "") << "as /dev/shm itself";
}

TEST(RootTest, ALinkIsRefusedWhereverItLeads) {
  test::Scratch scratch;
  const InstancePaths real{scratch / "real/edge1"};
  ASSERT_EQ(MakeDirectory(real), "");
  ASSERT_EQ(symlink((scratch / "real").c_str(), (scratch / "shm").c_str()), 0);
  EXPECT_NE(MakeDirectory({scratch / "shm/edge1"}).find("is a symbolic link"), std::string::npos);
  EXPECT_NE(MakeDirectory({scratch / "shm//edge1"}).find("is a symbolic link"), std::string::npos);
  ASSERT_EQ(symlink("edge1", (scratch / "real/edge2").c_str()), 0);
  EXPECT_NE(MakeDirectory({scratch / "real/edge2"}).find("is a symbolic link"), std::string::npos);
  std::string error;
  ASSERT_EQ(symlink("/etc/hostname", real.dataplane_lock().c_str()), 0);
  EXPECT_FALSE(OwnerLock::Acquire(real.dataplane_lock(), &error));
}

TEST(RootTest, ASecondWriterGoesOnWithTheSameSegment) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  std::string error;
  auto first = RootWriter::Open(paths, &error);
  ASSERT_TRUE(first) << error;
  (*first)->table_generation.store(41);
  first.reset();
  auto second = RootWriter::Open(paths, &error);
  ASSERT_TRUE(second) << error;
  EXPECT_EQ((*second)->table_generation.load(), 41u);
}

TEST(RootTest, ASegmentOfAnotherLayoutIsReplacedByTheWriterAndRefusedByReaders) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  std::string error;
  {
    auto writer = RootWriter::Open(paths, &error);
    (*writer)->version.store(99);
  }
  EXPECT_FALSE(RootReader::Open(paths, &error));
  EXPECT_NE(error.find("layout version"), std::string::npos);
  EXPECT_TRUE(RootWriter::Open(paths, &error));
  EXPECT_TRUE(RootReader::Open(paths, &error)) << error;
}

TEST(RootTest, SilenceBecomesStaleWithinTwoHeartbeats) {
  test::Scratch scratch;
  const InstancePaths paths{scratch / "edge1"};
  ASSERT_EQ(MakeDirectory(paths), "");
  std::string error;
  auto writer = RootWriter::Open(paths, &error);
  auto reader = RootReader::Open(paths, &error);
  writer->Beat();
  const uint64_t beat = (*reader)->heartbeat_ns.load();
  EXPECT_FALSE(reader->IsStale(beat + kHeartbeatIntervalNs));
  EXPECT_TRUE(reader->IsStale(beat + 2 * kHeartbeatIntervalNs));
  EXPECT_FALSE(reader->IsStale(beat - 1)) << "a beat newer than the reader's clock reading";
}

TEST(OwnerLockTest, DiesWithItsOwner) {
  test::Scratch scratch;
  const std::string path = scratch / "lock";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    std::string error;
    const OwnerLock lock = OwnerLock::Acquire(path, &error);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  std::string error;
  EXPECT_FALSE(OwnerLock::Acquire(path, &error));
  EXPECT_NE(error.find(std::to_string(owner)), std::string::npos) << error;
  EXPECT_TRUE(OwnerLock::IsHeld(path));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  EXPECT_FALSE(OwnerLock::IsHeld(path));
  EXPECT_TRUE(OwnerLock::Acquire(path, &error)) << error;
  close(ready[0]);
  close(ready[1]);
}

TEST(ReportTest, ANewLifeStartsAtZeroAndReadersNotice) {
  test::Scratch scratch;
  const InstancePaths paths{scratch.path()};
  std::string error;
  auto first = ReportWriter::Create(paths, &error);
  ASSERT_TRUE(first) << error;
  Tally tally;
  tally.received = 3;
  tally.outcomes[0] = 2;
  tally.outcomes[1] = 1;
  tally.answered_by[0] = 2;
  AddTo(*first->AddWorker("w"), tally);
  auto reader = ReportReader::Open(paths, &error);
  ASSERT_TRUE(reader) << error;
  EXPECT_EQ(reader->Sum().received, 3u);
  EXPECT_EQ(reader->Sum().outcomes[0], 2u);
  EXPECT_FALSE(reader->IsReplaced());
  auto second = ReportWriter::Create(paths, &error);
  EXPECT_TRUE(reader->IsReplaced());
  EXPECT_EQ(ReportReader::Open(paths, &error)->Sum().received, 0u);
}

TEST(ReportTest, ALifeThatTakesOverGoesOnCountingAndMayBePutAside) {
  test::Scratch scratch;
  const InstancePaths paths{scratch.path()};
  std::string error;
  const auto first = ReportWriter::Create(paths, &error);
  ASSERT_TRUE(first) << error;
  Tally tally;
  tally.received = tally.outcomes[1] = 3;
  AddTo(*first->AddWorker("w"), tally);
  const auto before = ReportReader::Open(paths, &error);
  const auto second = ReportWriter::CreateAside(paths, &error);
  ASSERT_TRUE(before && second) << error;
  second->Continue(*before);
  AddTo(*second->SlotOf("w"), tally);
  EXPECT_EQ(second->SlotOf("w"), second->SlotOf("w"));
  EXPECT_FALSE(before->IsReplaced()) << "nobody sees it yet";
  ReportWriter::Keep(paths);
  ASSERT_EQ(second->Publish(paths), "");
  const auto after = ReportReader::Open(paths, &error);
  EXPECT_EQ(after->Sum().outcomes[1], 6u);
  EXPECT_FALSE(after->IsForGood());
  first->Restore(paths);
  EXPECT_FALSE(before->IsReplaced()) << "it did not take over after all";
  EXPECT_TRUE(before->IsForGood());
  EXPECT_FALSE(after->IsForGood());
  EXPECT_EQ(before->Sum().received, 6u) << "what the other has counted is not lost";
}

TEST(ReportTest, ALifeThatTookOverIsThereForGoodWhenTheOneBeforeIsForgotten) {
  test::Scratch scratch;
  const InstancePaths paths{scratch.path()};
  std::string error;
  const auto first = ReportWriter::Create(paths, &error);
  ReportWriter::Keep(paths);
  const auto second = ReportWriter::Create(paths, &error);
  const auto reader = ReportReader::Open(paths, &error);
  ASSERT_TRUE(first && second && reader) << error;
  EXPECT_FALSE(reader->IsForGood());
  ReportWriter::Forget(paths);
  EXPECT_TRUE(reader->IsForGood());
}

TEST(ReportTest, HasRoomForSoManyWorkersAndNoMore) {
  test::Scratch scratch;
  std::string error;
  auto report = ReportWriter::Create({scratch.path()}, &error);
  for (uint32_t i = 0; i < kMaxWorkers; ++i) EXPECT_NE(report->AddWorker("w"), nullptr);
  EXPECT_EQ(report->AddWorker("one too many"), nullptr);
}

}  // namespace
}  // namespace understudy::contract
