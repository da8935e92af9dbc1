// Explain: what the wire answers to a question, and why; show: all that a name has, side by side.
// Both read the very table the dataplane answers from, by the very walk the responder takes
// (dataplane/contract/walk.h), so they cannot tell anything else than the wire.
//
// Used by: routes.
#ifndef UNDERSTUDY_CONTROL_API_EXPLAIN_H_
#define UNDERSTUDY_CONTROL_API_EXPLAIN_H_

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "control/engine/engine.h"

namespace understudy::control {

// `name`: canonical wire form; `suppositions`: what checks shall be supposed to say, or empty.
// Unavailable: no table is published; NotFound, InvalidArgument: the suppositions.
absl::StatusOr<boost::json::object> Explain(const Engine& engine, const std::string& name,
                                            uint16_t type, const std::string& suppositions = "");
// NotFound: the table has no such name.
absl::StatusOr<boost::json::object> Show(const Engine& engine, const std::string& name);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_EXPLAIN_H_
