#include "dataplane/contract/root.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace understudy::contract {
namespace {

bool IsInstanceName(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool IsRoot(const Mapping& mapping) {
  if (mapping.size() < sizeof(RootSegment)) return false;
  const auto* root = reinterpret_cast<const RootSegment*>(mapping.data());
  // acquire: pairs with the release that stores version last; all fields before it are there.
  return root->version.load(std::memory_order_acquire) == kRootVersion && root->magic == kRootMagic;
}

std::string MakeOne(const std::string& directory) {
  if (mkdir(directory.c_str(), 0750) == 0 || errno == EEXIST) return "";
  return "cannot make " + directory + ": " + std::strerror(errno);
}

}  // namespace

std::string InstancePaths::table(uint64_t generation) const {
  return directory + "/table." + std::to_string(generation);
}

std::string InstancePaths::counts(uint64_t generation) const {
  return directory + "/counts." + std::to_string(generation);
}

std::optional<InstancePaths> PathsOf(const std::string& shm_dir, const std::string& instance) {
  if (!IsInstanceName(instance)) return std::nullopt;
  return InstancePaths{shm_dir + "/" + instance};
}

std::string MakeDirectory(const InstancePaths& paths) {
  const std::string parent = paths.directory.substr(0, paths.directory.rfind('/'));
  if (std::string error = MakeOne(parent); !error.empty()) return error;
  return MakeOne(paths.directory);
}

std::optional<RootWriter> RootWriter::Open(const InstancePaths& paths, std::string* error) {
  RootWriter writer;
  std::string absent;
  writer.mapping_ = Mapping::OpenWritable(paths.root(), &absent);
  if (writer.mapping_ && IsRoot(writer.mapping_)) return writer;

  const std::string aside = paths.root() + ".tmp";
  writer.mapping_ = Mapping::Create(aside, sizeof(RootSegment), error);
  if (!writer.mapping_) return std::nullopt;
  RootSegment& root = *writer.operator->();
  root.magic = kRootMagic;
  root.heartbeat_interval_ns = kHeartbeatIntervalNs;
  // release: whoever sees the version sees the fields before it.
  root.version.store(kRootVersion, std::memory_order_release);
  if (rename(aside.c_str(), paths.root().c_str()) != 0) {
    *error = "cannot rename " + aside + " to " + paths.root() + ": " + std::strerror(errno);
    unlink(aside.c_str());
    return std::nullopt;
  }
  return writer;
}

void RootWriter::Beat() const {
  // relaxed: a sign of life orders nothing.
  (*this)->heartbeat_ns.store(MonotonicNs(), std::memory_order_relaxed);
}

std::optional<RootReader> RootReader::Open(const InstancePaths& paths, std::string* error) {
  RootReader reader;
  reader.mapping_ = Mapping::OpenReadOnly(paths.root(), error);
  if (!reader.mapping_) return std::nullopt;
  if (!IsRoot(reader.mapping_)) {
    *error =
        paths.root() + " is not a root segment of layout version " + std::to_string(kRootVersion);
    return std::nullopt;
  }
  return reader;
}

uint64_t RootReader::HeartbeatAgeNs(uint64_t now_ns) const {
  const uint64_t beat_ns = (*this)->heartbeat_ns.load(std::memory_order_relaxed);
  return now_ns > beat_ns ? now_ns - beat_ns : 0;
}

bool RootReader::IsStale(uint64_t now_ns) const {
  return HeartbeatAgeNs(now_ns) > StaleAfterNs((*this)->heartbeat_interval_ns);
}

}  // namespace understudy::contract
