#include "control/config/yaml_events.h"

#include <algorithm>
#include <new>

namespace understudy::control {
namespace {

int LineOf(const yaml_mark_t& mark) { return static_cast<int>(mark.line) + 1; }

std::string_view LineIn(std::string_view text, int line) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

}  // namespace

YamlEvents::YamlEvents(std::string_view text)
    : text_(text), readable_(text.size()), parser_(), event_() {
  if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
  yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
}

YamlEvents::~YamlEvents() {
  yaml_event_delete(&event_);
  yaml_parser_delete(&parser_);
}

const yaml_event_t* YamlEvents::Next() {
  yaml_event_delete(&event_);  // leaves it empty, and may be called on an empty one
  if (yaml_parser_parse(&parser_, &event_) != 0) return &event_;
  TakeError();
  return nullptr;
}

void YamlEvents::TakeError() {
  if (parser_.error == YAML_MEMORY_ERROR) {
    error_ = "there is not enough memory to read it";
    return;
  }
  error_ = "not valid YAML";
  if (parser_.problem != nullptr) error_ += ": " + std::string(parser_.problem);
  if (parser_.error == YAML_READER_ERROR) {
    readable_ = std::min(parser_.problem_offset, text_.size());
    const std::string_view before = readable();
    error_line_ = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
    return;
  }
  error_line_ = LineOf(parser_.problem_mark);
  if (parser_.context == nullptr) return;
  error_ += ", " + std::string(parser_.context);
  // YAML allows it, libyaml does not; the address ::1 is where people meet that.
  if (LineIn(text_, error_line_).find(" ::") != std::string_view::npos) {
    error_ += " (inside {...} and [...] a value that begins with ':' needs quotes)";
    return;
  }
  const int began = LineOf(parser_.context_mark);
  if (began != error_line_) error_ += " that begins in line " + std::to_string(began);
}

int LineOf(const yaml_event_t& event) { return LineOf(event.start_mark); }

std::string_view TextOf(const yaml_event_t& scalar) {
  return {reinterpret_cast<const char*>(scalar.data.scalar.value), scalar.data.scalar.length};
}

}  // namespace understudy::control
