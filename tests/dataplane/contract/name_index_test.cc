// The names of a table while it is built.
#include "dataplane/contract/name_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace understudy::contract {
namespace {

std::string NameOf(uint32_t number) { return "name-" + std::to_string(number * 7919ULL); }

void ExpectAllThere(const NameIndex& index, uint32_t count) {
  ASSERT_EQ(index.size(), count);
  for (uint32_t i = 0; i < count; ++i) {
    EXPECT_EQ(index.Find(NameOf(i)), i);
    EXPECT_EQ(index[i], NameOf(i));
  }
}

TEST(NameIndexTest, NumbersNamesInTheOrderTheyCameAndEachOnce) {
  NameIndex index;
  for (uint32_t i = 0; i < 50'000; ++i) {
    EXPECT_EQ(index.Insert(NameOf(i)), (std::pair{i, true}));
    EXPECT_EQ(index.Insert(NameOf(i / 2)), (std::pair{i / 2, false}));
  }
  ExpectAllThere(index, 50'000);
}

TEST(NameIndexTest, RoomMadeAtAnyTimeChangesNothing) {
  NameIndex index;
  for (uint32_t i = 0; i < 1000; ++i) {
    if (i % 250 == 0) index.Reserve(size_t{i} * 3);
    index.Insert(NameOf(i));
  }
  ExpectAllThere(index, 1000);
}

TEST(NameIndexTest, WhatWasNeverGivenIsNotFound) {
  NameIndex index;
  EXPECT_EQ(index.Find("name"), NameIndex::kNone);
  index.Insert("name");
  EXPECT_EQ(index.Find("nam"), NameIndex::kNone);
  EXPECT_EQ(index.Find(""), NameIndex::kNone);
  EXPECT_EQ(index.Insert("").first, 1u);
  EXPECT_EQ(index.Find(""), 1u);
}

TEST(NameIndexTest, ViewsStayGoodAndNamesOfAnyLengthAreTaken) {
  NameIndex index;
  index.Insert("first");
  const std::string_view first = index[0];
  const std::string large(200'000, 'x');
  index.Insert(large);
  for (uint32_t i = 0; i < 20'000; ++i) index.Insert(NameOf(i));
  EXPECT_EQ(first, "first");
  EXPECT_EQ(index[1], large);
  EXPECT_EQ(index.Find(NameOf(19'999)), 20'001u);
}

}  // namespace
}  // namespace understudy::contract
