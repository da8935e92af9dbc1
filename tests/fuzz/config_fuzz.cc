// Any bytes as a configuration and its master file: no crash, no hang, and either a state or an
// error with its place. What follows the first 0x1e in the input is the master file; it is the file
// "900" of the configuration's folder.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/config/config.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

constexpr int kZoneFd = 900;
constexpr char kFolder[] = "/proc/self/fd";
constexpr std::string_view kPlainZone = "$TTL 1\n@ SOA . . 1 1 1 1 1\n@ NS .\n";

void Require(bool condition) {
  if (!condition) abort();
}

// The master file lives in memory: fuzzing leaves nothing behind.
void SetZone(std::string_view text) {
  static const int fd = [] {
    const int made = memfd_create("zone", MFD_CLOEXEC);
    Require(made >= 0 && dup2(made, kZoneFd) == kZoneFd);
    close(made);
    return kZoneFd;
  }();
  Require(ftruncate(fd, 0) == 0);
  Require(pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
}

void CheckName(const std::string& wire) {
  const auto again = NameToWire(NameToText(wire));
  Require(again.ok() && *again == wire);
}

// What was taken can be shown, and what is shown can be taken again.
void CheckSide(uint16_t type, const contract::Side& side) {
  for (const std::string& rdata : side.rdata) {
    const auto again = RdataFromText(type, RdataToText(type, rdata));
    Require(again.ok() && *again == rdata);
  }
}

void CheckState(const DesiredState& state) {
  for (const Zone& zone : state.zones) {
    CheckName(zone.apex);
    for (const ZoneRecord& record : zone.records) {
      CheckName(record.owner);
      CheckSide(record.type, record.value);
    }
  }
  for (const FailoverGroup& group : state.groups) {
    Require(group.tiers.size() >= 2 && group.tiers.size() <= kMaxTiers);
    Require(group.tiers.front().check.has_value());
    for (const Tier& tier : group.tiers) {
      Require(!tier.check || state.health_checks.count(*tier.check) == 1);
    }
    for (const GroupRecord& record : group.records) {
      CheckName(record.owner);
      Require(record.sides.size() == group.tiers.size());
      for (const contract::Side& side : record.sides) CheckSide(record.type, side);
    }
  }
}

void CheckInput(std::string_view input) {
  const size_t end = input.find('\x1e');
  SetZone(end == std::string_view::npos ? kPlainZone : input.substr(end + 1));
  const ConfigResult result = ParseConfig(input.substr(0, end), "fuzz.yaml", kFolder);
  Require((result.state == nullptr) == !result.errors.empty());
  for (const ConfigError& error : result.errors) Require(!error.Text().empty());
  if (result.state != nullptr) CheckState(*result.state);
}

}  // namespace
}  // namespace understudy::control

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  understudy::control::CheckInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
