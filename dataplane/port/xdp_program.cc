#include "dataplane/port/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

namespace understudy::port {
namespace {

constexpr char kProgramName[] = "understudy_xdp";  // of the function in service_filter.bpf.c
constexpr uint32_t kMaxMaps = 16;

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

// The map of that name among the program's, or -1.
int OpenMap(const Program& program, const char* name) {
  const uint32_t count = std::min(program.info.nr_map_ids, kMaxMaps);
  for (uint32_t i = 0; i < count; ++i) {
    const int fd = bpf_map_get_fd_by_id(program.maps[i]);
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

std::string MakeWay(int interface_index, const std::string& interface_name, bool* took_over) {
  *took_over = false;
  Attached attached;
  std::string error = Query(interface_index, &attached);
  if (!error.empty() || attached.id == 0) return error;
  const Handle handle(bpf_prog_get_fd_by_id(attached.id));
  Program program;
  if (!handle || !Describe(handle.fd(), &program)) {
    return "cannot look at XDP program " + std::to_string(attached.id) + " on " + interface_name +
           ": " + Why(0);
  }
  if (std::strcmp(program.info.name, kProgramName) != 0) {
    return interface_name + " carries a foreign XDP program, '" + program.info.name + "' (id " +
           std::to_string(attached.id) + "): detach it first, e.g. ip link set dev " +
           interface_name + " xdp off";
  }
  bpf_xdp_attach_opts options = {};
  options.sz = sizeof(options);
  options.old_prog_fd = handle.fd();  // only this one, whatever happened since
  const int result = bpf_xdp_detach(interface_index, attached.modes, &options);
  if (result != 0) {
    return "cannot detach the XDP program that a predecessor left on " + interface_name + ": " +
           Why(result);
  }
  *took_over = true;
  return "";
}

std::string FillServices(int interface_index, const std::vector<responder::Ipv4>& services4,
                         const std::vector<responder::Ipv6>& services6) {
  Attached attached;
  std::string error = Query(interface_index, &attached);
  if (!error.empty()) return error;
  const Handle handle(attached.id == 0 ? -1 : bpf_prog_get_fd_by_id(attached.id));
  Program program;
  if (!handle || !Describe(handle.fd(), &program) ||
      std::strcmp(program.info.name, kProgramName) != 0) {
    return "our XDP program is not on the interface after it was attached";
  }
  error = Fill(program, "service4", services4);
  return error.empty() ? Fill(program, "service6", services6) : error;
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
