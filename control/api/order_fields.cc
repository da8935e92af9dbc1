#include "control/api/order_fields.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "absl/strings/str_cat.h"

namespace understudy::control {

namespace json = boost::json;

bool IsPrintable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

absl::StatusOr<OrderFields> OrderFields::Of(const Request& request,
                                            const std::vector<std::string_view>& texts,
                                            const std::vector<std::string_view>& flags) {
  OrderFields fields;
  if (request.body.empty()) return fields;
  json::error_code error;
  json::value body = json::parse(json::string_view(request.body), error);
  if (error || !body.is_object()) {
    return absl::InvalidArgumentError("the body is not a JSON object");
  }
  for (const auto& [key, value] : body.get_object()) {
    const std::string name(key);
    const bool is_text = std::ranges::find(texts, name) != texts.end();
    if (!is_text && std::ranges::find(flags, name) == flags.end()) {
      return absl::InvalidArgumentError(absl::StrCat("unknown field '", name, "'"));
    }
    if (is_text ? !value.is_string() : !value.is_bool()) {
      return absl::InvalidArgumentError(
          absl::StrCat("field '", name, "' is not ", is_text ? "a string" : "true or false"));
    }
    if (is_text) {
      const json::string& text = value.get_string();
      fields.texts_[name] = std::string(text.data(), text.size());
    } else {
      fields.flags_[name] = value.get_bool();
    }
  }
  return fields;
}

std::string OrderFields::Text(const std::string& name) const {
  const auto found = texts_.find(name);
  return found == texts_.end() ? std::string() : found->second;
}

bool OrderFields::Flag(const std::string& name) const {
  const auto found = flags_.find(name);
  return found != flags_.end() && found->second;
}

}  // namespace understudy::control
