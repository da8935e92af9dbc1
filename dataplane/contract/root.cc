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

bool IsOfOurGroup(gid_t group) {
  if (group == getegid()) return true;
  gid_t groups[64];
  const int count = getgroups(64, groups);
  return count > 0 && std::find(groups, groups + count, group) != groups + count;
}

// Made by nobody but root, us, or somebody of our group: no other user can give a file that group.
bool IsOfTrusted(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == geteuid() || IsOfOurGroup(status.st_gid);
}

bool MayBeWrittenByOthers(const struct stat& status) { return (status.st_mode & S_IWOTH) != 0; }

// Files of two users lie here, each of which its owner may replace, or who made the folder
// (sticky), and which the group reads (setgid: files are of the folder's group).
constexpr mode_t kDirectoryMode = S_ISVTX | S_ISGID | 0770;

// Makes it when it is missing. `status` is what is there then.
std::string MakeOne(const std::string& directory, struct stat* status) {
  const mode_t umask_before = umask(S_IRWXO);
  const bool made = mkdir(directory.c_str(), kDirectoryMode & ~S_ISGID) == 0;
  umask(umask_before);
  if (!made && errno != EEXIST) return "cannot make " + directory + ": " + std::strerror(errno);
  if (lstat(directory.c_str(), status) != 0) {
    return "cannot look at " + directory + ": " + std::strerror(errno);
  }
  // What is made in a folder with setgid has it at once. Then nothing is to be changed, and must
  // not be: RestrictSUIDSGID= of the units forbids to set that bit.
  if (made && (status->st_mode & ~S_IFMT) != kDirectoryMode) {
    if (chmod(directory.c_str(), kDirectoryMode) != 0) {
      const std::string error = std::strerror(errno);
      rmdir(directory.c_str());  // the next start must not find, and take, what is half made
      return "cannot set the mode of " + directory + " to 3770: " + error;
    }
    status->st_mode = S_IFDIR | kDirectoryMode;
  }
  if (S_ISDIR(status->st_mode)) return "";
  return directory + (S_ISLNK(status->st_mode) ? " is a symbolic link: name the directory itself"
                                               : " is not a directory");
}

std::string Refusal(const std::string& directory, const struct stat& status) {
  return directory + " belongs to user " + std::to_string(status.st_uid) + " and group " +
         std::to_string(status.st_gid) +
         (MayBeWrittenByOthers(status) ? " and may be written by everybody"
                                       : ", neither root's nor ours") +
         ": who made it could change what is answered; remove it, or mend owner and mode";
}

}  // namespace

std::string InstancePaths::table(uint64_t generation) const {
  return directory + "/table." + std::to_string(generation);
}

std::string InstancePaths::counts(uint64_t started_ns, uint64_t generation) const {
  return directory + "/counts." + std::to_string(generation) + "." + std::to_string(started_ns);
}

std::optional<InstancePaths> PathsOf(const std::string& shm_dir, const std::string& instance) {
  if (!IsInstanceName(instance)) return std::nullopt;
  return InstancePaths{shm_dir + "/" + instance};
}

std::string MakeDirectory(const InstancePaths& paths) {
  std::string parent = paths.directory.substr(0, paths.directory.rfind('/'));
  while (parent.size() > 1 && parent.back() == '/') parent.pop_back();
  struct stat above = {};
  struct stat status = {};
  if (std::string error = MakeOne(parent, &above); !error.empty()) return error;
  // As /dev/shm itself: everybody may make files, and replace none of others.
  const bool is_shared = MayBeWrittenByOthers(above);
  if (!IsOfTrusted(above) || (is_shared && (above.st_mode & S_ISVTX) == 0)) {
    return Refusal(parent, above);
  }
  if (std::string error = MakeOne(paths.directory, &status); !error.empty()) return error;
  if (MayBeWrittenByOthers(status) || (is_shared && !IsOfTrusted(status))) {
    return Refusal(paths.directory, status);
  }
  return "";
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
