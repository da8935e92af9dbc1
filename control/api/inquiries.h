// Inquiries: what may be asked about one group or check, and which there are.
//
//   GET /v1/checks/{check}
//   GET /v1/groups/{group}/time-to-failover
//   GET /v1/names?prefix=&limit=       for completion: the first names that begin so
//
// Used by: api.
#ifndef UNDERSTUDY_CONTROL_API_INQUIRIES_H_
#define UNDERSTUDY_CONTROL_API_INQUIRIES_H_

#include <optional>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

// Nothing: the request is none of these.
std::optional<Reply> Inquire(const Engine& engine, const Request& request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_INQUIRIES_H_
