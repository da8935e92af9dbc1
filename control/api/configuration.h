// The configuration: what is live, its texts, and another one in its place.
//
//   GET  /v1/configuration                 where it came from, and which files it has
//   GET  /v1/configuration/yaml            the texts, octet for octet
//   GET  /v1/configuration/zone?path=
//   POST /v1/configuration/plan            what another one would change
//   POST /v1/configuration                 changes it
//   POST /v1/configuration/forget          serves --config again
//
// Used by: api, views (status). README.md in this folder has the fields.
// Invariant: a request may be large, so all work on its text is done away from the loop.
#ifndef UNDERSTUDY_CONTROL_API_CONFIGURATION_H_
#define UNDERSTUDY_CONTROL_API_CONFIGURATION_H_

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

// The texts as JSON strings, with room for what has to be escaped.
inline constexpr size_t kMaxConfigurationBody = kMaxTextsOctets / 4 * 5;

bool IsForConfiguration(const Request& request);
// Whether a text of it is asked for, which may be large.
bool IsForText(const Request& request);
// Whether the body holds a configuration.
bool HandsInConfiguration(const Request& request);

boost::asio::awaitable<Reply> Configure(Engine& engine, Request request);

// Null: not known.
boost::json::value ConfigurationView(const Engine& engine);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_CONFIGURATION_H_
