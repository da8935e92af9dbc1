#include <gtest/gtest.h>

#include <string>

#include "control/config/difference.h"

namespace understudy::control {
namespace {

struct Noun {
  Changes Difference::*changes;
  std::string name;
};

TEST(RemovalShareTest, EveryNounCountsByItself) {
  const Noun nouns[] = {{&Difference::groups, "failover groups"},
                        {&Difference::health_checks, "health checks"},
                        {&Difference::record_sets, "record sets"}};
  for (const Noun& noun : nouns) {
    Difference difference;
    Changes& changes = difference.*noun.changes;
    changes.before = 16;
    changes.removed = 4;
    EXPECT_EQ(RemovesTooMuch(difference, 25), "") << noun.name;
    changes.removed = 5;
    EXPECT_EQ(RemovesTooMuch(difference, 25),
              "this removes 5 of 16 " + noun.name + ", and 25% is the most allowed");
    changes.before = 100'000;
    changes.removed = 25'001;
    EXPECT_NE(RemovesTooMuch(difference, 25), "") << noun.name;
  }
}

// However many are added, what is taken away is a share of what there was.
TEST(RemovalShareTest, WhatIsAddedOutweighsNothing) {
  Difference difference;
  difference.groups.before = 16;
  difference.groups.added = 1000;
  difference.groups.removed = 5;
  EXPECT_NE(RemovesTooMuch(difference, 25), "");
}

}  // namespace
}  // namespace understudy::control
