// Tables for tests and benchmarks, from text: {"www.example.com", "A", 30, {"192.0.2.1"}}.
// Knows only the few types that tests need; real zones come through control.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_TABLE_BUILDER_H_
#define UNDERSTUDY_TESTS_DATAPLANE_TABLE_BUILDER_H_

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/contract/selection.h"
#include "dataplane/contract/table.h"
#include "dataplane/contract/table_writer.h"

namespace understudy::test {

// "www.Example.com" to wire form, case kept; "" or "." is the root.
inline std::string Wire(std::string_view text) {
  std::string wire;
  while (!text.empty() && text != ".") {
    const size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    wire += static_cast<char>(label.size());
    wire += label;
    text = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  }
  return wire + '\0';
}

inline std::string U16(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string U32(uint32_t value) { return U16(value >> 16) + U16(value & 0xffff); }

inline uint16_t TypeOf(std::string_view type) {
  static constexpr std::pair<std::string_view, uint16_t> kTypes[] = {
      {"A", 1},    {"NS", 2},    {"CNAME", 5},  {"SOA", 6}, {"MX", 15},
      {"TXT", 16}, {"AAAA", 28}, {"DNAME", 39}, {"DS", 43}};
  for (const auto& [name, value] : kTypes) {
    if (name == type) return value;
  }
  throw std::invalid_argument("the test builder knows no type " + std::string(type));
}

inline std::string Rdata(std::string_view type, const std::string& text) {
  std::string bytes(16, '\0');
  if (type == "A" && inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes.substr(0, 4);
  if (type == "AAAA" && inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  if (type == "NS" || type == "CNAME" || type == "DNAME") return Wire(text);
  if (type == "MX") return U16(10) + Wire(text);
  if (type == "TXT") return static_cast<char>(text.size()) + text;
  if (type == "SOA") {  // serial 1, refresh, retry, expire, minimum 60
    return Wire("ns." + text) + Wire("root." + text) + U32(1) + U32(2) + U32(3) + U32(4) + U32(60);
  }
  return text;
}

// A directory that goes with the test. What a process left that was killed (as some tests want it)
// goes with the next test.
class Scratch {
 public:
  Scratch() {
    static const bool swept = Sweep();
    static_cast<void>(swept);
    std::string pattern = kPrefix + std::to_string(getpid()) + "-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  static inline const std::string kPrefix = "/dev/shm/understudy-test-";

  static bool Sweep() {
    std::error_code ignored;  // another process sweeps as well
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
      const std::string path = entry.path();
      if (!path.starts_with(kPrefix)) continue;
      const pid_t owner = std::atoi(path.c_str() + kPrefix.size());
      if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) {
        std::filesystem::remove_all(path, ignored);
      }
    }
    return true;
  }

  std::string path_;
};

class TableBuilder {
 public:
  // A zone with SOA (TTL 300, minimum 60) and one NS.
  TableBuilder& Zone(const std::string& apex) {
    writer_.AddZone(Wire(apex));
    Record(apex, apex, "SOA", 300, {apex});
    return Record(apex, apex, "NS", 300, {"ns." + apex});
  }
  TableBuilder& Record(std::string_view zone, std::string_view owner, std::string_view type,
                       uint32_t ttl_s, const std::vector<std::string>& values) {
    return Put(zone, {Wire(owner), TypeOf(type), 0, {SideOf(type, ttl_s, values)}});
  }
  uint32_t Group(std::string_view name, uint8_t sides = 2) { return writer_.AddGroup(name, sides); }
  TableBuilder& Failover(std::string_view zone, std::string_view owner, std::string_view type,
                         uint32_t ttl_s, uint32_t group, const std::vector<std::string>& primary,
                         const std::vector<std::string>& secondary) {
    return Put(zone, {Wire(owner),
                      TypeOf(type),
                      group,
                      {SideOf(type, ttl_s, primary), SideOf(type, ttl_s, secondary)}});
  }
  contract::TableWriter& writer() { return writer_; }

  void Write(const std::string& path, uint64_t generation = 1,
             const std::vector<contract::Choice>& choices = {}, uint64_t selection = 1) {
    const std::string error = writer_.Write(path, generation, selection, choices);
    if (!error.empty()) throw std::runtime_error(error);
  }

 private:
  static contract::Side SideOf(std::string_view type, uint32_t ttl_s,
                               const std::vector<std::string>& values) {
    contract::Side side{ttl_s, {}};
    for (const std::string& value : values) side.rdata.push_back(Rdata(type, value));
    return side;
  }
  TableBuilder& Put(std::string_view zone, contract::RecordSet set) {
    const std::string error = writer_.Add(Wire(zone), std::move(set));
    if (!error.empty()) throw std::runtime_error(error);
    return *this;
  }

  contract::TableWriter writer_;
};

inline std::unique_ptr<const contract::Table> OpenTable(const std::string& path) {
  contract::Refusal refusal = contract::Refusal::kNone;
  std::string error;
  auto table = contract::Table::Open(path, &refusal, &error);
  if (!table) throw std::runtime_error(error);
  return table;
}

// The live cut, for tests in which nobody flips.
inline contract::Cut CutOf(const contract::Table& table) {
  const uint64_t live = table.selection().live.load();
  return {&table, contract::Table::ChoicesOf(table.BankAt(contract::BankOf(live))), live};
}

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_TABLE_BUILDER_H_
