#include "control/api/connections.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace understudy::control {
namespace {

class ConnectionsTest : public testing::Test {
 protected:
  // False: no place. Who is closed gives its place back later, as a coroutine does.
  bool Come(const std::string& name, const std::string& source) {
    auto place = connections_.Take(source, [this, name] { closed_ += name; });
    if (!place) return false;
    places_[name] = std::move(place);
    return true;
  }
  Connections connections_{{.total = 3, .per_source = 2}};
  std::map<std::string, std::shared_ptr<Connections::Place>> places_;
  std::string closed_;
};

TEST_F(ConnectionsTest, PlacesAreGivenBackHoweverAConnectionEnds) {
  EXPECT_TRUE(Come("a", "1"));
  EXPECT_TRUE(Come("b", "2"));
  EXPECT_EQ(connections_.open(), 2u);
  places_.clear();
  EXPECT_EQ(connections_.open(), 0u);
  EXPECT_EQ(closed_, "");
}

TEST_F(ConnectionsTest, WhenAllAreTakenTheOldestThatWasNotAdmittedMakesRoom) {
  Come("a", "1");
  Come("b", "2");
  Come("c", "3");
  places_["a"]->Admit();
  EXPECT_TRUE(Come("d", "4"));
  EXPECT_EQ(closed_, "b");
  EXPECT_EQ(connections_.open(), 3u);
  EXPECT_EQ(connections_.displaced(), 1u);
  places_.erase("b");
  EXPECT_EQ(connections_.open(), 3u) << "its place was given away already";
}

TEST_F(ConnectionsTest, ASourceWithTooManyDisplacesItsOwn) {
  Come("a", "1");
  Come("b", "2");
  Come("c", "2");
  EXPECT_TRUE(Come("d", "2"));
  EXPECT_EQ(closed_, "b");
}

TEST_F(ConnectionsTest, WhoWasAdmittedIsNeverDisplaced) {
  for (const char* name : {"a", "b", "c"}) {
    Come(name, name);
    places_[name]->Admit();
  }
  EXPECT_FALSE(Come("d", "4"));
  EXPECT_EQ(closed_, "");
  places_.erase("a");
  EXPECT_TRUE(Come("d", "4"));
}

TEST_F(ConnectionsTest, PlacesMayOutliveTheirRegister) {
  auto connections =
      std::make_unique<Connections>(Connections::Limits{.total = 1, .per_source = 1});
  const auto place = connections->Take("1", [] {});
  connections.reset();
}

}  // namespace
}  // namespace understudy::control
