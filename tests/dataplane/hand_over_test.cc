#include "dataplane/hand_over.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "dataplane/contract/mapping.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

constexpr uint64_t kStepNs = 20'000'000;  // more than between two looks

// A running one, driven by hand, whose lock is what it owns.
class HandOverTest : public testing::Test {
 protected:
  HandOverTest() {
    lock_ = contract::OwnerLock::Acquire(scratch_ / "lock", &error_);
    running_ = HandOver::Open(path_, &error_);
  }

  HandOver::Event Poll(uint64_t later_ns = kStepNs) {
    now_ns_ += later_ns;
    return running_->Poll(now_ns_, [this] { return Belongings{{"lock", lock_.fd()}}; });
  }
  // The next one asks while the running one looks.
  std::unique_ptr<Predecessor> Find() {
    std::unique_ptr<Predecessor> found;
    std::atomic<bool> done = false;
    std::thread next([&] {
      found = Predecessor::Find(path_, &error_);
      done = true;
    });
    while (!done) {
      Poll();
      usleep(1000);
    }
    next.join();
    return found;
  }
  void Release(Predecessor& next) {
    std::thread asking([&] { EXPECT_EQ(next.Release(), ""); });
    HandOver::Event event = HandOver::Event::kNone;
    for (int i = 0; i < 1000 && event == HandOver::Event::kNone; ++i) {
      event = Poll();
      usleep(1000);
    }
    EXPECT_EQ(event, HandOver::Event::kRelease);
    running_->SayReleased();
    asking.join();
  }

  test::Scratch scratch_;
  const std::string path_ = scratch_ / "dataplane.sock";
  std::string error_;
  contract::OwnerLock lock_;
  std::unique_ptr<HandOver> running_;
  uint64_t now_ns_ = 1;
};

TEST_F(HandOverTest, GivesWhatItOwnsAndTheLockIsNeverFree) {
  ASSERT_TRUE(running_) << error_;
  const auto next = Find();
  ASSERT_TRUE(next) << error_;
  EXPECT_EQ(running_->successor(), getpid());
  EXPECT_EQ(next->Take("claim eth1"), -1);
  const int fd = next->Take("lock");
  ASSERT_GE(fd, 0);
  EXPECT_EQ(next->Take("lock"), -1) << "it was taken out";
  lock_ = contract::OwnerLock();
  EXPECT_TRUE(contract::OwnerLock::IsHeld(scratch_ / "lock"));
  { const auto heir = contract::OwnerLock::Inherit(fd); }
  EXPECT_FALSE(contract::OwnerLock::IsHeld(scratch_ / "lock"));
}

TEST_F(HandOverTest, EndsWhenTheNextOneServes) {
  const auto next = Find();
  ASSERT_TRUE(next) << error_;
  Release(*next);
  EXPECT_EQ(Poll(), HandOver::Event::kNone);
  EXPECT_TRUE(next->SayServing());
  EXPECT_EQ(Poll(), HandOver::Event::kServing);
}

TEST_F(HandOverTest, TellsOfOneThatVanishesBeforeItAskedForRelease) {
  ASSERT_TRUE(Find()) << error_;  // and gone again
  EXPECT_EQ(Poll(), HandOver::Event::kGone);
  EXPECT_EQ(Poll(HandOver::kPatienceNs), HandOver::Event::kNone);
  EXPECT_TRUE(Find()) << "the next may ask";
}

TEST_F(HandOverTest, TakesBackFromOneThatVanishes) {
  auto next = Find();
  ASSERT_TRUE(next) << error_;
  Release(*next);
  next.reset();
  EXPECT_EQ(Poll(), HandOver::Event::kGone);
  EXPECT_EQ(Poll(), HandOver::Event::kNone);
}

TEST_F(HandOverTest, TakesBackFromOneThatFallsSilentWhichThenMayNotServe) {
  const auto next = Find();
  ASSERT_TRUE(next) << error_;
  Release(*next);
  EXPECT_EQ(Poll(HandOver::kPatienceNs - 2 * kStepNs), HandOver::Event::kNone);
  EXPECT_EQ(Poll(2 * kStepNs), HandOver::Event::kGone);
  EXPECT_FALSE(next->SayServing());
}

TEST_F(HandOverTest, OneWhosePredecessorDiesGoesOn) {
  const auto next = Find();
  ASSERT_TRUE(next) << error_;
  running_.reset();
  EXPECT_EQ(next->Release(), "");
  EXPECT_TRUE(next->SayServing());
}

TEST_F(HandOverTest, WithoutAnybodyThereIsNothingToTakeOver) {
  std::string error;
  EXPECT_FALSE(Predecessor::Find(scratch_ / "nobody.sock", &error));
  EXPECT_EQ(error, "");
  running_.reset();  // its socket's name stays
  EXPECT_FALSE(Predecessor::Find(path_, &error));
  EXPECT_EQ(error, "");
}

TEST_F(HandOverTest, OnlyItsUserMayAsk) {
  struct stat status = {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

}  // namespace
}  // namespace understudy
