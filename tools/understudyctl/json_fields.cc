#include "tools/understudyctl/json_fields.h"

#include "absl/strings/str_cat.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

const json::value* Find(const json::object& view, std::string_view key) {
  return view.if_contains(json::string_view(key.data(), key.size()));
}

}  // namespace

std::string TextIn(const json::object& view, std::string_view key) {
  const json::value* value = Find(view, key);
  return value != nullptr && value->is_string() ? value->get_string().c_str() : "";
}

int64_t IntegerIn(const json::object& view, std::string_view key) {
  const json::value* value = Find(view, key);
  if (value == nullptr) return 0;
  json::error_code error;
  const auto number = value->to_number<int64_t>(error);
  return error ? 0 : number;
}

double RealIn(const json::object& view, std::string_view key) {
  const json::value* value = Find(view, key);
  if (value == nullptr) return 0;
  json::error_code error;
  const auto number = value->to_number<double>(error);
  return error ? 0 : number;
}

bool BoolIn(const json::object& view, std::string_view key) {
  const json::value* value = Find(view, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool IsNullIn(const json::object& view, std::string_view key) {
  const json::value* value = Find(view, key);
  return value == nullptr || value->is_null();
}

const json::object& ObjectIn(const json::object& view, std::string_view key) {
  static const json::object empty;
  const json::value* value = Find(view, key);
  return value != nullptr && value->is_object() ? value->get_object() : empty;
}

const json::array& ArrayIn(const json::object& view, std::string_view key) {
  static const json::array empty;
  const json::value* value = Find(view, key);
  return value != nullptr && value->is_array() ? value->get_array() : empty;
}

std::string ProblemsText(const json::array& problems) {
  std::string text;
  if (!problems.empty()) text = "problems:\n";
  for (const json::value& problem : problems) {
    if (problem.is_string()) absl::StrAppend(&text, "  - ", problem.get_string().c_str(), "\n");
  }
  return text;
}

}  // namespace understudy::ctl
