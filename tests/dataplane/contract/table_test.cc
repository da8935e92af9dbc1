#include "dataplane/contract/table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>

#include "dataplane/contract/lookup.h"
#include "dataplane/contract/table_check.h"
#include "dataplane/contract/walk.h"
#include "tests/dataplane/zone_of_cases.h"

namespace understudy::contract {
namespace {

using test::Scratch;
using test::TableBuilder;
using test::Wire;

const NodeRecord* FindName(const Table& table, const std::string& text) {
  Name name;
  const std::string wire = Wire(text);
  name.Assign(reinterpret_cast<const uint8_t*>(wire.data()), wire.size());
  return table.Find(name.bytes, name.length);
}

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

Refusal Open(const std::string& path, std::string* error) {
  Refusal refusal = Refusal::kNone;
  const auto table = Table::Open(path, &refusal, error);
  EXPECT_EQ(table == nullptr, refusal != Refusal::kNone);
  return refusal;
}

TEST(TableTest, FindsEveryNameAndNoOther) {
  Scratch scratch;
  TableBuilder b;
  b.Zone("example.com");
  for (int i = 0; i < 20000; ++i) {
    b.Record("example.com", "n" + std::to_string(i) + ".example.com", "A", 60, {"192.0.2.1"});
  }
  b.Write(scratch / "t");
  const auto table = test::OpenTable(scratch / "t");
  EXPECT_EQ(table->header().node_count, 20001u);
  for (int i = 0; i < 20000; ++i) {
    ASSERT_NE(FindName(*table, "N" + std::to_string(i) + ".Example.COM"), nullptr) << i;
    ASSERT_EQ(FindName(*table, "m" + std::to_string(i) + ".example.com"), nullptr) << i;
  }
}

TEST(TableTest, FindsNamesOfEveryLengthUpTo255Octets) {
  Scratch scratch;
  TableBuilder b;
  b.Zone("z");
  std::vector<std::string> names;
  for (size_t length = 1; length <= 250; ++length) {
    std::string name = "z";  // labels of at most 63, filled from the right
    for (size_t left = length; left > 0;) {
      const size_t label = std::min<size_t>(left > 1 ? left - 1 : 1, 63);
      name = std::string(label, static_cast<char>('a' + length % 26)) + "." + name;
      left -= std::min(left, label + 1);
    }
    if (Wire(name).size() > 255) break;
    names.push_back(name);
  }
  for (const std::string& name : names) {
    ASSERT_EQ(b.writer()
                  .Add(Wire("z"), {Wire(name), 16, 0, {{60, {std::string("\1x")}}}})
                  .find("no name"),
              std::string::npos);
  }
  b.Write(scratch / "t");
  const auto table = test::OpenTable(scratch / "t");
  for (const std::string& name : names) EXPECT_NE(FindName(*table, name), nullptr) << name;
}

TEST(TableTest, DerivesWhatTheAlgorithmNeeds) {
  Scratch scratch;
  test::WriteZoneOfCases(scratch / "t");
  const auto table = test::OpenTable(scratch / "t");
  EXPECT_EQ(FindName(*table, "empty.example.com")->type_count, 0) << "an empty non-terminal";
  EXPECT_NE(FindName(*table, "wild.example.com")->wildcard, kNowhere);
  EXPECT_TRUE(FindName(*table, "sub.example.com")->flags & kNodeDelegation);
  EXPECT_TRUE(FindName(*table, "ns.sub.example.com")->flags & kNodeOccluded);
  EXPECT_TRUE(FindName(*table, "child.example.com")->flags & kNodeApex);
  EXPECT_FALSE(FindName(*table, "child.example.com")->flags & kNodeDelegation);
  EXPECT_EQ(table->GroupName(1), "app");
  EXPECT_EQ(table->GroupName(2), "site");
}

TEST(TableTest, RefusesWhatNoZoneMayHold) {
  const auto error = [](const RecordSet& set) {
    TableBuilder b;
    b.Zone("example.com").Record("example.com", "www.example.com", "A", 60, {"192.0.2.1"});
    b.Record("example.com", "alias.example.com", "CNAME", 60, {"www.example.com"});
    return b.writer().Add(Wire("example.com"), set);
  };
  const std::vector<Side> a = {{60, {std::string(4, '\1')}}};
  EXPECT_NE(error({Wire("www.example.org"), 1, 0, a}).find("not in zone"), std::string::npos);
  EXPECT_NE(error({Wire("notexample.com"), 1, 0, a}).find("not in zone"), std::string::npos);
  EXPECT_NE(error({Wire("www.example.com"), 1, 0, a}).find("twice"), std::string::npos);
  EXPECT_NE(error({Wire("alias.example.com"), 1, 0, a}).find("beside"), std::string::npos);
  EXPECT_NE(error({Wire("www.example.com"), 5, 0, {{60, {Wire("x")}}}}).find("beside"),
            std::string::npos);
  EXPECT_NE(error({Wire("*.example.com"), 2, 0, {{60, {Wire("x")}}}}).find("wildcard"),
            std::string::npos);
  EXPECT_NE(error({Wire("c.example.com"), 5, 0, {{60, {"\x05zz"}}}}).find("no name"),
            std::string::npos);
  EXPECT_NE(error({Wire("g.example.com"), 1, 7, a}).find("group"), std::string::npos);
  EXPECT_NE(error({"", 1, 0, a}).find("no name"), std::string::npos);
  EXPECT_EQ(error({Wire("new.example.com"), 1, 0, a}), "");
}

TEST(TableTest, RefusesZonesWithoutSoaOrNs) {
  Scratch scratch;
  TableWriter writer;
  writer.AddZone(Wire("example.com"));
  EXPECT_FALSE(writer.AddZone(Wire("example.com")));
  EXPECT_NE(writer.Write(scratch / "t", 1, 1, {}).find("no SOA"), std::string::npos);
  EXPECT_NE(access((scratch / "t").c_str(), F_OK), 0);
}

TEST(TableTest, SaysWhereItCouldNotWrite) {
  TableBuilder b;
  b.Zone("example.com");
  const std::string error = b.writer().Write("/nonexistent/t", 1, 1, {});
  EXPECT_NE(error.find("/nonexistent/t"), std::string::npos);
  EXPECT_NE(error.find("No such file"), std::string::npos);
}

TEST(TableTest, WritesTheSameBytesForTheSameCalls) {
  Scratch scratch;
  test::WriteZoneOfCases(scratch / "a");
  test::WriteZoneOfCases(scratch / "b");
  std::string a = Slurp(scratch / "a");
  std::string b = Slurp(scratch / "b");
  for (std::string* bytes : {&a, &b}) {  // the time of writing differs, and the checksum with it
    std::memset(bytes->data() + offsetof(TableHeader, created_unix_ns), 0, 8);
    std::memset(bytes->data() + offsetof(TableHeader, checksum), 0, 8);
  }
  EXPECT_EQ(a, b);
}

class DamagedTableTest : public testing::Test {
 protected:
  DamagedTableTest() {
    test::WriteZoneOfCases(scratch_ / "good");
    bytes_ = Slurp(scratch_ / "good");
  }
  Refusal Try(const std::string& bytes) {
    Spill(scratch_ / "bad", bytes);
    return Open(scratch_ / "bad", &error_);
  }
  uint64_t SelectionOffset() const {
    return reinterpret_cast<const TableHeader*>(bytes_.data())->selection_offset;
  }

  Scratch scratch_;
  std::string bytes_;
  std::string error_;
};

TEST_F(DamagedTableTest, AnUndamagedCopyIsTaken) { EXPECT_EQ(Try(bytes_), Refusal::kNone); }

TEST_F(DamagedTableTest, EveryTruncationIsRefused) {
  for (size_t length = 1; length < bytes_.size(); length += 61) {
    EXPECT_EQ(Try(bytes_.substr(0, length)), Refusal::kTruncated) << length;
  }
  EXPECT_EQ(Try(""), Refusal::kMissing);
  EXPECT_EQ(Try(bytes_ + "x"), Refusal::kTruncated);
}

TEST_F(DamagedTableTest, ForeignAndUnfinishedFilesAreRefused) {
  std::string foreign = bytes_;
  foreign[offsetof(TableHeader, version)] = kTableVersion + 1;
  EXPECT_EQ(Try(foreign), Refusal::kForeign);
  EXPECT_NE(error_.find("layout version " + std::to_string(kTableVersion + 1)), std::string::npos);
  std::string other = bytes_;
  other[0] = 'X';
  EXPECT_EQ(Try(other), Refusal::kForeign);
  std::string unfinished = bytes_;
  unfinished[offsetof(TableHeader, version)] = 0;
  EXPECT_EQ(Try(unfinished), Refusal::kUnfinished);
  EXPECT_EQ(Open(scratch_ / "nowhere", &error_), Refusal::kMissing);
}

TEST_F(DamagedTableTest, EveryFlippedBitBeforeTheSelectionIsRefused) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int i = 0; i < 4000; ++i) {
    std::string flipped = bytes_;
    const size_t at = random() % SelectionOffset();
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << random() % 8);
    ASSERT_NE(Try(flipped), Refusal::kNone) << "octet " << at << ", seed " << seed;
  }
}

// A table whose checksum is right but whose contents are not: what a broken writer would leave.
TEST_F(DamagedTableTest, NoPlausibleDamageLeadsOutsideTheMapping) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  int taken = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string wrong = bytes_;
    const size_t at = sizeof(TableHeader) + random() % (SelectionOffset() - sizeof(TableHeader));
    wrong[at] = static_cast<char>(random());
    auto* header = reinterpret_cast<TableHeader*>(wrong.data());
    header->checksum = ChecksumOf(reinterpret_cast<const uint8_t*>(wrong.data()));
    Spill(scratch_ / "bad", wrong);
    Refusal refusal = Refusal::kNone;
    const auto table = Table::Open(scratch_ / "bad", &refusal, &error_);
    if (table == nullptr) continue;
    ++taken;
    for (const char* question : {"www.example.com", "x.tree.example.com", "a.sub.example.com",
                                 "alias2.example.com", "q.wild.example.com", "nope.example.com"}) {
      Name name;
      const std::string wire = Wire(question);
      name.Assign(reinterpret_cast<const uint8_t*>(wire.data()), wire.size());
      const Cut cut = test::CutOf(*table);
      for (const uint16_t type : std::initializer_list<uint16_t>{1, 5, 43, 255}) {
        Walk walk(cut, name, table->Hash(name.bytes, name.length), type);
        while (walk.Follow()) {
        }
      }
    }
  }
  EXPECT_GT(taken, 0)
      << "harmless damage (TTLs, addresses) must get through, or this tests nothing";
}

TEST(TableTest, ANameTakesAtMost200OctetsOnTopOfItsData) {
  Scratch scratch;
  TableBuilder b;
  b.Zone("example.com");
  for (int i = 0; i < 100000; ++i) {
    b.Record("example.com", "host" + std::to_string(i) + ".example.com", "A", 60, {"192.0.2.1"});
  }
  TableWriter::Size size;
  ASSERT_EQ(b.writer().Write(scratch / "t", 1, 1, {}, &size), "");
  EXPECT_LE((size.file - size.data) / size.nodes, 200u) << "octets a name on top of its data";
}

}  // namespace
}  // namespace understudy::contract
