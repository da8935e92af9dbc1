// Fields of JSON objects with a default for what is missing or of another kind: an answer of an
// older or newer control is shown as far as it goes.
//
// Used by: the printing parts of understudyctl.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_JSON_FIELDS_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_JSON_FIELDS_H_

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::ctl {

std::string TextIn(const boost::json::object& view, std::string_view key);
int64_t IntegerIn(const boost::json::object& view, std::string_view key);
double RealIn(const boost::json::object& view, std::string_view key);
bool BoolIn(const boost::json::object& view, std::string_view key);
bool IsNullIn(const boost::json::object& view, std::string_view key);
const boost::json::object& ObjectIn(const boost::json::object& view, std::string_view key);
const boost::json::array& ArrayIn(const boost::json::object& view, std::string_view key);

// "problems:" and one line each; empty for none.
std::string ProblemsText(const boost::json::array& problems);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_JSON_FIELDS_H_
