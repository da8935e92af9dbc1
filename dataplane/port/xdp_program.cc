#include "dataplane/port/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace understudy::port {
namespace {

constexpr char kProgramName[] = "understudy_xdp";  // of the function in service_filter.bpf.c
constexpr uint32_t kMaxMaps = 16;
constexpr useconds_t kReceiveRoutineUs = 20'000;

bool keep_programs = false;  // main thread only, as all of this
uint32_t known_program = 0;  // that may be replaced without a look at it

// A file descriptor of the bpf() system call.
class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  ~Handle() {
    if (fd_ >= 0) close(fd_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  const int fd_;
};

std::string Why(int error) { return std::strerror(error < 0 ? -error : errno); }

struct Attached {
  uint32_t id = 0;  // 0: no program
  uint32_t modes = 0;
};

std::string Query(int interface_index, Attached* attached) {
  bpf_xdp_query_opts options = {};
  options.sz = sizeof(options);
  const int result = bpf_xdp_query(interface_index, 0, &options);
  if (result != 0) return "cannot ask for XDP programs: " + Why(result);
  attached->id = options.prog_id;
  if (attached->id == 0) attached->id = options.drv_prog_id;
  if (attached->id == 0) attached->id = options.skb_prog_id;
  if (attached->id == 0) attached->id = options.hw_prog_id;
  if (options.drv_prog_id != 0) attached->modes = XDP_FLAGS_DRV_MODE;
  if (options.skb_prog_id != 0) attached->modes = XDP_FLAGS_SKB_MODE;
  return "";
}

// The program's name and maps.
struct Program {
  bpf_prog_info info = {};
  uint32_t maps[kMaxMaps] = {};
};

bool Describe(int fd, Program* program) {
  uint32_t length = sizeof(program->info);
  program->info.nr_map_ids = kMaxMaps;
  program->info.map_ids = reinterpret_cast<uint64_t>(program->maps);
  return bpf_obj_get_info_by_fd(fd, &program->info, &length) == 0;
}

bool IsOurs(int fd, Program* program) {
  return Describe(fd, program) && std::strcmp(program->info.name, kProgramName) == 0;
}

// Programs and maps are looked for among the descriptors of this process first (DPDK has those of
// what it loaded, a predecessor hands its own over): to open any by its number takes CAP_SYS_ADMIN.
template <typename Info>
int OwnDescriptor(uint32_t id, const char* link) {
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry->path(), gone) != link) continue;
    const int fd = std::atoi(entry->path().filename().c_str());
    Info info = {};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd, &info, &length) == 0 && info.id == id) {
      return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
  }
  return -1;
}

int OpenProgram(uint32_t id) {
  if (id == 0) return -1;
  const int fd = OwnDescriptor<bpf_prog_info>(id, "anon_inode:bpf-prog");
  return fd >= 0 ? fd : bpf_prog_get_fd_by_id(id);
}

int OpenMap(uint32_t id) {
  const int fd = OwnDescriptor<bpf_map_info>(id, "anon_inode:bpf-map");
  return fd >= 0 ? fd : bpf_map_get_fd_by_id(id);
}

// The map of that name among the program's, or -1.
int OpenMap(const Program& program, const char* name) {
  const uint32_t count = std::min(program.info.nr_map_ids, kMaxMaps);
  for (uint32_t i = 0; i < count; ++i) {
    const int fd = OpenMap(program.maps[i]);
    bpf_map_info info = {};
    uint32_t length = sizeof(info);
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0 &&
        std::strcmp(info.name, name) == 0) {
      return fd;
    }
    if (fd >= 0) close(fd);
  }
  return -1;
}

template <typename Addresses>
std::string Fill(const Program& program, const char* name, const Addresses& addresses) {
  const Handle map(OpenMap(program, name));
  if (!map) return std::string("the XDP program has no map ") + name;
  const uint8_t present = 1;
  for (const auto& address : addresses) {
    const int result = bpf_map_update_elem(map.fd(), address.data(), &present, BPF_ANY);
    if (result != 0) return std::string("cannot write map ") + name + ": " + Why(result);
  }
  return "";
}

}  // namespace

std::string LookForProgram(int interface_index, const std::string& interface_name, uint32_t known,
                           bool* predecessor) {
  *predecessor = false;
  known_program = known;
  Attached attached;
  std::string error = Query(interface_index, &attached);
  if (!error.empty() || attached.id == 0) return error;
  const Handle handle(OpenProgram(attached.id));
  Program program;
  if (!handle && attached.id == known) {
    *predecessor = true;
    return "";
  }
  if (!handle || !Describe(handle.fd(), &program)) {
    return "cannot look at XDP program " + std::to_string(attached.id) + " on " + interface_name +
           ", which takes CAP_SYS_ADMIN (" + Why(0) + "): detach it first, e.g. ip link set dev " +
           interface_name + " xdp off";
  }
  if (std::strcmp(program.info.name, kProgramName) != 0) {
    return interface_name + " carries a foreign XDP program, '" + program.info.name + "' (id " +
           std::to_string(attached.id) + "): detach it first, e.g. ip link set dev " +
           interface_name + " xdp off";
  }
  *predecessor = true;
  return "";
}

void KeepPrograms(bool keep) { keep_programs = keep; }

ServiceFilter::~ServiceFilter() {
  if (program_ >= 0) close(program_);
  if (queues_ >= 0) close(queues_);
}

std::string ServiceFilter::Open(int interface_index, const std::vector<responder::Ipv4>& services4,
                                const std::vector<responder::Ipv6>& services6) {
  Attached attached;
  std::string error = Query(interface_index, &attached);
  if (!error.empty()) return error;
  number_ = attached.id;
  program_ = OpenProgram(attached.id);
  Program program;
  if (program_ < 0 || !IsOurs(program_, &program)) {
    return "our XDP program is not on the interface after it was attached";
  }
  queues_ = OpenMap(program, "xsks_map");
  if (queues_ < 0) return "cannot open map xsks_map: " + Why(0);
  error = Fill(program, "service4", services4);
  return error.empty() ? Fill(program, "service6", services6) : error;
}

void ServiceFilter::StopArrivals(uint32_t queues) const {
  if (queues_ < 0) return;
  for (uint32_t queue = 0; queue < queues; ++queue) bpf_map_delete_elem(queues_, &queue);
  // A frame that met the socket in the map is in its ring when every CPU has left the code it was
  // in, which is what this waits for; where it cannot be had, a receive routine ends long before.
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) usleep(kReceiveRoutineUs);
}

std::string FindProgram(const std::string& object, const std::string& given, std::string* error) {
  std::error_code unreadable;
  if (!given.empty()) {
    if (std::filesystem::is_regular_file(given, unreadable)) return given;
    *error = "--xdp-program " + given + " is not a file";
    return "";
  }
  const std::filesystem::path executable =
      std::filesystem::read_symlink("/proc/self/exe", unreadable);
  const std::filesystem::path folder = executable.parent_path();
  for (const auto& path : {folder / object, folder / "port" / object,
                           folder.parent_path() / "lib" / "understudy" / object}) {
    if (std::filesystem::is_regular_file(path, unreadable)) return path.string();
  }
  *error = object + " is not beside " + executable.string() +
           " (beside, in port/ or in ../lib/understudy/); say --xdp-program FILE";
  return "";
}

}  // namespace understudy::port

// In front of libbpf's (see the header). DPDK passes no options.
extern "C" {

__attribute__((visibility("default"))) int bpf_xdp_attach(int interface_index, int program_fd,
                                                          __u32 flags,
                                                          const bpf_xdp_attach_opts* options) {
  namespace port = understudy::port;
  static const auto real =
      reinterpret_cast<decltype(&bpf_xdp_attach)>(dlsym(RTLD_NEXT, "bpf_xdp_attach"));  // libbpf's
  port::Attached attached;
  port::Program program;
  if (options == nullptr && port::Query(interface_index, &attached).empty() && attached.id != 0) {
    if (attached.id == port::known_program) {
      return real(interface_index, program_fd, attached.modes, nullptr);
    }
    const port::Handle before(port::OpenProgram(attached.id));
    port::Program ours;
    if (before && port::IsOurs(before.fd(), &program) && port::IsOurs(program_fd, &ours)) {
      bpf_xdp_attach_opts replace = {};
      replace.sz = sizeof(replace);
      replace.old_prog_fd = before.fd();  // only this one, whatever happened since
      return real(interface_index, program_fd, attached.modes, &replace);
    }
  }
  return real(interface_index, program_fd, flags, options);
}

__attribute__((visibility("default"))) int bpf_xdp_detach(int interface_index, __u32 flags,
                                                          const bpf_xdp_attach_opts* options) {
  static const auto real =
      reinterpret_cast<decltype(&bpf_xdp_detach)>(dlsym(RTLD_NEXT, "bpf_xdp_detach"));
  return understudy::port::keep_programs ? 0 : real(interface_index, flags, options);
}

}  // extern "C"
