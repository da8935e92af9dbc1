#include "dataplane/contract/group_counts.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/dataplane/table_builder.h"

namespace understudy::contract {
namespace {

constexpr uint64_t kStartedNs = 1000;  // of the dataplane

class GroupCountsTest : public testing::Test {
 protected:
  // Groups 1 of two sides and 2 of three.
  GroupCountsTest() {
    test::TableBuilder builder;
    builder.Zone("example.com").Group("pair");
    builder.Group("triple", 3);
    builder.Write(scratch_ / "table.7", 7);
    table_ = test::OpenTable(scratch_ / "table.7");
  }
  GroupCountsWriter Create(uint32_t rows = 2) {
    std::string error;
    auto writer = GroupCountsWriter::Create(paths_, kStartedNs, *table_, rows, &error);
    if (!writer) throw std::runtime_error(error);
    return *std::move(writer);
  }
  std::optional<GroupCountsReader> Open(uint64_t generation = 7) {
    error_.clear();
    return GroupCountsReader::Open(paths_, kStartedNs, generation, &error_);
  }
  bool Exists() const { return std::filesystem::exists(paths_.counts(kStartedNs, 7)); }

  test::Scratch scratch_;
  InstancePaths paths_{scratch_.path()};
  std::unique_ptr<const Table> table_;
  std::string error_;
};

TEST_F(GroupCountsTest, AddsUpWhatEveryRowCounted) {
  const GroupCountsWriter writer = Create();
  const GroupCounter first = writer.RowOf(0), second = writer.RowOf(1);
  first.Add(1, 0);
  second.Add(1, 0);
  second.Add(1, 1);
  second.Add(2, 2);
  const auto reader = Open();
  ASSERT_TRUE(reader) << error_;
  EXPECT_EQ(reader->group_count(), 3U);
  EXPECT_EQ(reader->columns(), 4U) << "three sides, and what is said instead";
  EXPECT_EQ(reader->Sum(1, 0), 2U);
  EXPECT_EQ(reader->Sum(1, 1), 1U);
  EXPECT_EQ(reader->Sum(2, 2), 1U);
  EXPECT_EQ(reader->Sum(2, 0), 0U);
}

TEST_F(GroupCountsTest, CountsEveryPolicyInTheLastColumn) {
  const GroupCountsWriter writer = Create();
  for (const Choice policy : {Choice::kServfail, Choice::kNoData, Choice::kRefused}) {
    writer.RowOf(0).Add(1, static_cast<uint8_t>(policy));
  }
  EXPECT_EQ(Open()->Sum(1, 3), 3U);
}

TEST_F(GroupCountsTest, AThreadWithoutARowCountsNothing) {
  const GroupCountsWriter writer = Create(1);
  writer.RowOf(1).Add(1, 0);
  GroupCounter().Add(1, 0);
  EXPECT_EQ(Open()->Sum(1, 0), 0U);
}

TEST_F(GroupCountsTest, TheFileGoesWithItsWriterAndAReaderReadsOn) {
  std::optional<GroupCountsReader> reader;
  {
    const GroupCountsWriter writer = Create();
    writer.RowOf(0).Add(2, 1);
    reader = Open();
    EXPECT_TRUE(Exists());
  }
  EXPECT_FALSE(Exists());
  EXPECT_EQ(reader->Sum(2, 1), 1U);
}

TEST_F(GroupCountsTest, AWriterThatGoesLeavesTheFileOfItsSuccessor) {
  auto first = std::make_optional(Create());
  const GroupCountsWriter second = Create();
  first.reset();
  EXPECT_TRUE(Exists());
  EXPECT_TRUE(Open());
}

TEST_F(GroupCountsTest, WhatOtherDataplanesLeftIsRemovedAndNothingElse) {
  const GroupCountsWriter writer = Create();
  std::ofstream(paths_.counts(999, 7)) << "left";
  std::ofstream(paths_.counts(999, 8) + ".tmp") << "left";
  GroupCountsWriter::RemoveOthers(paths_, kStartedNs);
  EXPECT_FALSE(std::filesystem::exists(paths_.counts(999, 7)));
  EXPECT_FALSE(std::filesystem::exists(paths_.counts(999, 8) + ".tmp"));
  EXPECT_TRUE(Exists());
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "table.7"));
}

TEST_F(GroupCountsTest, RefusesWhatCannotBe) {
  EXPECT_FALSE(Open(8));
  EXPECT_NE(error_.find("counts.8"), std::string::npos) << error_;
  const GroupCountsWriter writer = Create();
  std::ifstream in(paths_.counts(kStartedNs, 7), std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  const auto try_with = [&](size_t at, char octet, size_t length) {
    std::string bytes = good.substr(0, length);
    if (at < bytes.size()) bytes[at] = octet;
    std::ofstream(paths_.counts(kStartedNs, 9), std::ios::binary) << bytes;
    // The generation inside stays 7: only that is wrong with the good one.
    std::filesystem::rename(paths_.counts(kStartedNs, 9), paths_.counts(kStartedNs, 7));
    return Open().has_value();
  };
  const size_t whole = good.size();
  EXPECT_TRUE(try_with(whole, 0, whole));
  EXPECT_FALSE(try_with(0, 'X', whole)) << "magic";
  EXPECT_FALSE(try_with(offsetof(GroupCountsHeader, version), 0, whole)) << "unfinished";
  EXPECT_FALSE(try_with(offsetof(GroupCountsHeader, generation), 8, whole)) << "generation";
  EXPECT_FALSE(try_with(offsetof(GroupCountsHeader, columns), 18, whole)) << "columns";
  EXPECT_FALSE(try_with(offsetof(GroupCountsHeader, group_count) + 2, 1, whole)) << "groups";
  EXPECT_FALSE(try_with(offsetof(GroupCountsHeader, rows), 3, whole)) << "rows";
  EXPECT_FALSE(try_with(offsetof(GroupCountsHeader, stride) + 7, 1, whole)) << "stride";
  EXPECT_FALSE(try_with(whole, 0, whole - 1)) << "one octet short";
  EXPECT_FALSE(try_with(whole, 0, 10)) << "less than a header";
}

}  // namespace
}  // namespace understudy::contract
