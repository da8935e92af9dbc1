// The service parameters of SVCB and HTTPS records (RFC 9460) to and from text. Most conversions
// are ldns's; here are the rules it leaves out, such as a port above 65535, a key without the value
// it needs, a mandatory key that is not there; and alpn, of which it cuts names at an escaped
// comma.
//
// Used by: rdata_field.cc, and rdata.cc to print and for the generic form.
#ifndef UNDERSTUDY_CONTROL_ZONE_SERVICE_PARAMETERS_H_
#define UNDERSTUDY_CONTROL_ZONE_SERVICE_PARAMETERS_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/zone/master_lexer.h"

namespace understudy::control {

// Appends to `wire` and returns what is wrong, empty when taken.
std::string AppendParameters(std::span<const Token> tokens, std::string* wire);
// What is wrong with parameters in wire form, empty when nothing is.
std::string WrongParameters(std::string_view wire);
// Of parameters with which nothing is wrong; nothing when ldns cannot.
std::optional<std::string> ParametersToText(std::string_view wire);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_SERVICE_PARAMETERS_H_
