#include "dataplane/process/capabilities.h"

#include <cap-ng.h>

#include <cerrno>
#include <cstring>

namespace understudy::process {
namespace {

constexpr auto kUsable = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);

}  // namespace

bool HasCapability(unsigned capability) {
  return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, capability) == 1;
}

std::string KeepOnly(const CapabilityList& capabilities) {
  CapabilityList kept;
  for (const unsigned capability : capabilities) {
    if (HasCapability(capability)) kept.push_back(capability);
  }
  // The bounding set matters to execve(2) alone, which no_new_privs has made harmless already.
  const bool may_bound = HasCapability(CAP_SETPCAP);
  capng_clear(CAPNG_SELECT_ALL);
  for (const unsigned capability : kept) capng_update(CAPNG_ADD, kUsable, capability);
  if (capng_apply(may_bound ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) == 0) return "";
  return std::string("cannot drop capabilities: ") + std::strerror(errno);
}

std::string KeptText() {
  std::string text;
  if (capng_get_caps_process() != 0) return "unknown";
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (capng_have_capability(CAPNG_PERMITTED, capability) != 1) continue;
    const char* name = capng_capability_to_name(capability);
    if (name != nullptr) text += (text.empty() ? "cap_" : " cap_") + std::string(name);
  }
  return text.empty() ? "none" : text;
}

}  // namespace understudy::process
