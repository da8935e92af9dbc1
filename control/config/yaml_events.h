// YAML text as a row of events, each with its line: libyaml, a piece at a time.
//
// Used by: document (makes a tree of them), instance_name (looks at the first few).
// Of the common parsers it is the fast one: 100,000 health checks are 1.5 million events, 0.2 s
// (yaml-cpp: 1.3 s).
//
// Invariants
//  1. The text outlives this. It is UTF-8; anything else is an error.
//  2. What is held at a time does not grow with the text, only with its nesting.
#ifndef UNDERSTUDY_CONTROL_CONFIG_YAML_EVENTS_H_
#define UNDERSTUDY_CONTROL_CONFIG_YAML_EVENTS_H_

#include <yaml.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace understudy::control {

class YamlEvents {
 public:
  explicit YamlEvents(std::string_view text);
  ~YamlEvents();
  YamlEvents(const YamlEvents&) = delete;
  YamlEvents& operator=(const YamlEvents&) = delete;

  // Valid until the next call. Null when the text is not valid, or there is no memory; not to be
  // called any more then, nor after YAML_STREAM_END_EVENT.
  const yaml_event_t* Next();

  // After null.
  const std::string& error() const { return error_; }
  int error_line() const { return error_line_; }  // 0: of no line
  // What stands before the first octet that is no text at all, when that is the error: libyaml
  // sees it from afar. Else the whole text.
  std::string_view readable() const { return text_.substr(0, readable_); }

 private:
  void TakeError();

  const std::string_view text_;
  size_t readable_;
  yaml_parser_t parser_;
  yaml_event_t event_;
  std::string error_;
  int error_line_ = 0;
};

// From 1.
int LineOf(const yaml_event_t& event);
// Of a YAML_SCALAR_EVENT.
std::string_view TextOf(const yaml_event_t& scalar);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_YAML_EVENTS_H_
