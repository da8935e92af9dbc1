#include "control/api/apply_request.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

absl::Status Wrong(std::string_view field, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(field), ": ", std::string(why)));
}

std::string Take(const json::value& value) {
  const json::string& text = value.get_string();
  return {text.data(), text.size()};
}

bool IsFileName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxFileName && std::ranges::none_of(name, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

absl::Status TakeZones(const json::value& value, ApplyOrder& order) {
  if (!value.is_object()) return Wrong("zones", "is not an object of texts by path");
  for (const auto& [path, text] : value.get_object()) {
    if (!text.is_string()) return Wrong("zones", "is not an object of texts by path");
    order.texts.zones.emplace(std::string(path), Take(text));
  }
  return absl::OkStatus();
}

absl::Status TakePercent(const json::value& value, ApplyOrder& order) {
  json::error_code error;
  const auto percent = value.to_number<int64_t>(error);
  if (error || percent < 0 || percent > 100) {
    return Wrong("max_removed_percent", "is not a whole number from 0 to 100");
  }
  order.max_removed_percent = static_cast<uint32_t>(percent);
  return absl::OkStatus();
}

absl::Status TakeField(std::string_view name, const json::value& value, ApplyOrder& order) {
  if (name == "zones") return TakeZones(value, order);
  if (name == "max_removed_percent") return TakePercent(value, order);
  std::string* const text = name == "file"     ? &order.texts.file
                            : name == "yaml"   ? &order.texts.yaml
                            : name == "base"   ? &order.base
                            : name == "author" ? &order.author
                                               : nullptr;
  if (text == nullptr) return Wrong(name, "is not a field of this request");
  if (!value.is_string()) return Wrong(name, "is not a string");
  *text = Take(value);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ApplyOrder> ReadApplyOrder(const std::string& body) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::error_code error;
  const json::value value = json::parse(json::string_view(body), error, {}, options);
  if (error || !value.is_object()) {
    return absl::InvalidArgumentError("the body is not a JSON object");
  }
  ApplyOrder order;
  for (const auto& [key, field] : value.get_object()) {
    const absl::Status status = TakeField({key.data(), key.size()}, field, order);
    if (!status.ok()) return status;
  }
  if (!IsFileName(order.texts.file)) {
    return Wrong("file", absl::StrCat("is not 1 to ", kMaxFileName, " printable octets"));
  }
  size_t octets = order.texts.yaml.size();
  for (const auto& [path, text] : order.texts.zones) octets += text.size();
  if (octets > kMaxTextsOctets) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the configuration and its zones have more than ", kMaxTextsOctets, " octets"));
  }
  return order;
}

}  // namespace understudy::control
