// The port the load goes out of: the device, and who is at both ends of it.
//
// Used by: main (opens it once). EAL runs already.
//
// Invariants
//  1. With AF_XDP no other understudy uses the interface at the same time; what a killed one left
//     is replaced, a foreign XDP program is not touched.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_LINK_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_LINK_H_

#include <memory>
#include <optional>
#include <string>

#include "dataplane/port/device.h"
#include "dataplane/port/interface.h"
#include "tools/understudy-load/options.h"
#include "tools/understudy-load/query_frame.h"

namespace understudy::load {

class Link {
 public:
  static std::unique_ptr<Link> Open(const Options& options, std::string* error);

  const port::Device& device() const { return *device_; }
  const QueryFrame& frame() const { return *frame_; }
  // Waits until frames can leave, at most `seconds`. False: nobody is at the other end.
  bool WaitUntilUp(double seconds) const;

 private:
  std::string OpenAfXdp(const Options& options, std::string* program);
  std::string Aim(const Options& options);

  std::optional<port::InterfaceClaim> claim_;
  std::unique_ptr<port::Device> device_;
  std::optional<QueryFrame> frame_;
};

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_LINK_H_
