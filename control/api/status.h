// Status: whether everything is well, as JSON: GET /v1/status. What is not is a sentence in
// `problems`, and makes `health` degraded.
//
// Used by: routes. README.md in this folder has the fields: add, never rename.
#ifndef UNDERSTUDY_CONTROL_API_STATUS_H_
#define UNDERSTUDY_CONTROL_API_STATUS_H_

#include <boost/json/object.hpp>

#include "control/engine/engine.h"

namespace understudy::control {

boost::json::object StatusView(const Engine& engine);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_STATUS_H_
