#include "tools/understudyctl/doctor/machine.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "dataplane/contract/report.h"

namespace understudy::ctl::doctor {
namespace {

namespace fs = std::filesystem;

// "af_xdp:eth1 q0" -> "eth1"; empty when the worker serves no such port.
std::string TargetOf(std::string_view worker, std::string_view kind) {
  if (!worker.starts_with(kind)) return "";
  worker.remove_prefix(kind.size());
  return std::string(worker.substr(0, worker.find(' ')));
}

void AddOnce(std::vector<std::string>& names, std::string name) {
  if (!name.empty() && std::ranges::find(names, name) == names.end()) {
    names.push_back(std::move(name));
  }
}

bool SaidItsEnd(const contract::RootReader& root) { return root->pid.load() == 0; }
bool SaidItsEnd(const contract::ReportReader& report) {
  return report->workers_moved_ns.load() == 0;
}

// It said so, or never got as far as having a segment.
template <typename Reader>
bool HasEnded(const contract::InstancePaths& paths, const std::string& segment) {
  std::error_code unknown;
  if (!fs::exists(segment, unknown)) return true;
  std::string error;
  const auto reader = Reader::Open(paths, &error);
  return reader && SaidItsEnd(*reader);
}

void LookAtReport(Resident& resident) {
  std::string error;
  const auto report = contract::ReportReader::Open(resident.paths, &error);
  if (!report) return;
  const contract::ReportSegment& segment = *report->operator->();
  resident.dataplane_pid = segment.pid.load();
  const uint64_t workers = std::min<uint64_t>(segment.worker_count.load(), contract::kMaxWorkers);
  for (uint64_t i = 0; i < workers; ++i) {
    const char* name = segment.workers[i].name;
    const std::string_view worker(name, strnlen(name, sizeof(contract::WorkerSlot::name)));
    AddOnce(resident.interfaces, TargetOf(worker, "af_xdp:"));
    AddOnce(resident.pci_devices, TargetOf(worker, "nic:"));
  }
}

}  // namespace

std::optional<std::string> Machine::Read(const std::string& path) const {
  std::ifstream file(root_ + path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  return std::string(absl::StripTrailingAsciiWhitespace(text.str()));
}

std::vector<std::string> Machine::ReadLines(const std::string& path) const {
  std::vector<std::string> lines;
  std::ifstream file(root_ + path);
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  return lines;
}

std::optional<uint64_t> Machine::ReadNumber(const std::string& path) const {
  const std::optional<std::string> text = Read(path);
  uint64_t number = 0;
  if (!text || !absl::SimpleAtoi(*text, &number)) return std::nullopt;
  return number;
}

std::vector<std::string> Machine::List(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(root_ + path, error), end; !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

bool Machine::Exists(const std::string& path) const {
  std::error_code error;
  return fs::exists(root_ + path, error);
}

std::optional<std::string> Machine::Link(const std::string& path) const {
  std::error_code error;
  const fs::path target = fs::read_symlink(root_ + path, error);
  if (error) return std::nullopt;
  return target.filename().string();
}

std::vector<std::string> Machine::ProcessesNamed(const std::string& name) const {
  std::vector<std::string> pids;
  for (std::string& pid : List("/proc")) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(pid[0])) &&
        Read("/proc/" + pid + "/comm") == name) {
      pids.push_back(std::move(pid));
    }
  }
  return pids;
}

std::vector<Resident> Machine::Residents(const std::string& shm_dir) const {
  std::vector<Resident> residents;
  for (const std::string& name : List(shm_dir)) {
    const auto paths = contract::PathsOf(root_ + shm_dir, name);
    if (!paths ||
        (!Exists(shm_dir + "/" + name + "/root") && !Exists(shm_dir + "/" + name + "/report"))) {
      continue;
    }
    Resident resident;
    resident.name = name;
    resident.paths = *paths;
    resident.control_alive = contract::OwnerLock::IsHeld(paths->control_lock());
    resident.dataplane_alive = contract::OwnerLock::IsHeld(paths->dataplane_lock());
    if (resident.dataplane_alive) LookAtReport(resident);
    resident.control_ended =
        !resident.control_alive && HasEnded<contract::RootReader>(*paths, paths->root());
    resident.dataplane_ended =
        !resident.dataplane_alive && HasEnded<contract::ReportReader>(*paths, paths->report());
    residents.push_back(std::move(resident));
  }
  return residents;
}

}  // namespace understudy::ctl::doctor
