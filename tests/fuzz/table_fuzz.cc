// Damage to a good table whose checksum is then made right: whatever is accepted can be walked with
// any name without a step outside the mapping.
//
// Input: pairs of {position, 4 octets, little-endian; value} that are written into the table.
#include <cstring>
#include <fstream>
#include <iterator>

#include "dataplane/contract/table_check.h"
#include "dataplane/contract/walk.h"
#include "tests/dataplane/zone_of_cases.h"

namespace understudy {
namespace {

struct Fixture {
  Fixture() {
    test::WriteZoneOfCases(scratch / "table.1");
    std::ifstream file(scratch / "table.1", std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(file), {});
  }
  test::Scratch scratch;
  std::string good;
};

void WalkAll(const contract::Table& table) {
  const contract::Cut cut = test::CutOf(table);
  for (const char* text :
       {"www.example.com", "app.example.com", "site.example.com", "x.org", "a.tree.example.com",
        "q.sub.example.com", "alias2.example.com", "q.wild.example.com", "x.cwild.example.com",
        "loop1.example.com", "child.example.com", "nope.nope.example.com"}) {
    contract::Name name;
    const std::string wire = test::Wire(text);
    name.Assign(reinterpret_cast<const uint8_t*>(wire.data()), wire.size());
    for (const uint16_t type : {uint16_t{0}, uint16_t{1}, uint16_t{43}, uint16_t{255}}) {
      contract::Walk walk(cut, name, table.Hash(name.bytes, name.length), type);
      while (walk.Follow()) {
      }
    }
  }
}

}  // namespace
}  // namespace understudy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using understudy::contract::TableHeader;
  static const understudy::Fixture fixture;
  std::string bytes = fixture.good;
  const auto limit = reinterpret_cast<const TableHeader*>(bytes.data())->selection_offset;
  for (; size >= 5; data += 5, size -= 5) {
    uint32_t position;
    std::memcpy(&position, data, sizeof(position));
    bytes[position % limit] = static_cast<char>(data[4]);
  }
  auto* header = reinterpret_cast<TableHeader*>(bytes.data());
  if (header->selection_offset == limit) {
    header->checksum =
        understudy::contract::ChecksumOf(reinterpret_cast<const uint8_t*>(bytes.data()));
  }
  const std::string path = fixture.scratch / "damaged";
  std::ofstream(path, std::ios::binary) << bytes;
  understudy::contract::Refusal refusal = understudy::contract::Refusal::kNone;
  std::string error;
  const auto table = understudy::contract::Table::Open(path, &refusal, &error);
  if (table != nullptr) understudy::WalkAll(*table);
  return 0;
}
