// What control knows, as JSON. Field names are part of the API (README.md): add, never rename.
//
// Used by: routes.
#ifndef UNDERSTUDY_CONTROL_API_VIEWS_H_
#define UNDERSTUDY_CONTROL_API_VIEWS_H_

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "control/engine/engine.h"

namespace understudy::control {

// RFC 3339 in UTC with milliseconds; null for the infinite past and future.
boost::json::value TimeView(absl::Time time);
boost::json::string TextView(std::string_view text);
double Seconds(absl::Duration duration);

// A better side is back, and waits for its time.
bool IsHeld(const GroupStanding& group);

boost::json::object GroupView(const Engine& engine, const GroupStanding& group);
boost::json::object CheckView(const CheckStanding& check);
boost::json::object EventView(const Event& event);
// Generations published and how far the dataplane is with them; part of status and of explain.
boost::json::object SelectionView(const Engine& engine);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_VIEWS_H_
