#include "control/config/document.h"

#include <algorithm>
#include <functional>
#include <map>
#include <new>
#include <utility>

#include "control/config/yaml_events.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxNesting = 500;

bool IsNullWord(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// Of an anchor or a tag, which may be missing.
std::string_view WordOf(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// Makes the values of a document from its events.
class Builder {
 public:
  explicit Builder(YamlDocument* document) : document_(document) {}

  // False: it cannot be; problem() tells why.
  bool Take(const yaml_event_t& event) {
    line_ = LineOf(event);
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        TakeScalar(event);
        break;
      case YAML_ALIAS_EVENT:
        TakeAlias(WordOf(event.data.alias.anchor));
        break;
      case YAML_SEQUENCE_START_EVENT:
        Open(YamlValue::Kind::kList, WordOf(event.data.sequence_start.tag),
             WordOf(event.data.sequence_start.anchor));
        break;
      case YAML_MAPPING_START_EVENT:
        Open(YamlValue::Kind::kMap, WordOf(event.data.mapping_start.tag),
             WordOf(event.data.mapping_start.anchor));
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        Close();
        break;
      default:
        break;
    }
    return problem_.empty();
  }
  const std::string& problem() const { return problem_; }
  int line() const { return line_; }

 private:
  struct Anchored {
    const YamlValue* value = nullptr;  // null while it is open
    uint64_t weight = 0;               // values in it, with its aliases written out
  };
  struct Unfinished {
    YamlValue* value;
    std::string anchor;  // empty: none
    uint64_t weight;
  };

  YamlValue* Make(YamlValue::Kind kind) {
    YamlValue& value = document_->values.emplace_back();
    value.kind = kind;
    value.line = line_;
    return &value;
  }

  void TakeScalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    CheckTag(WordOf(scalar.tag));
    const std::string_view text = TextOf(event);
    const bool is_plain = scalar.tag == nullptr && scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const bool nothing = is_plain && IsNullWord(text);
    YamlValue* value = Make(nothing ? YamlValue::Kind::kNothing : YamlValue::Kind::kText);
    value->text = text;
    Add(value, WordOf(scalar.anchor), 1);
  }

  void TakeAlias(std::string_view anchor) {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      problem_ = "the alias '" + std::string(anchor) + "' names nothing that stands before it";
    } else if (found->second.value == nullptr) {
      problem_ = "an alias stands inside the value it names";
    } else {
      Add(found->second.value, "", found->second.weight);
    }
  }

  void Add(const YamlValue* value, std::string_view anchor, uint64_t weight) {
    if (!anchor.empty()) anchors_[std::string(anchor)] = {value, weight};
    if (open_.empty()) {
      document_->root = value;
      return;
    }
    open_.back().value->children.push_back(value);
    open_.back().weight += weight;
    // No weight is above the limit, so no sum of them overflows.
    if (open_.back().weight > kMaxConfigValues || document_->values.size() > kMaxConfigValues) {
      problem_ = "more than " + std::to_string(kMaxConfigValues) + " values, aliases written out";
    }
  }

  void Open(YamlValue::Kind kind, std::string_view tag, std::string_view anchor) {
    CheckTag(tag);
    if (open_.size() >= kMaxNesting) {
      problem_ = "nested more than " + std::to_string(kMaxNesting) + " deep";
    }
    if (!anchor.empty()) anchors_[std::string(anchor)] = {};
    open_.push_back({Make(kind), std::string(anchor), 1});
  }

  void Close() {
    const Unfinished done = std::move(open_.back());
    open_.pop_back();
    Add(done.value, done.anchor, done.weight);
  }

  void CheckTag(std::string_view tag) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "!" || tag.starts_with(kCore)) return;
    problem_ = "tags have no meaning here";
  }

  YamlDocument* document_;
  std::vector<Unfinished> open_;
  std::map<std::string, Anchored, std::less<>> anchors_;
  std::string problem_;
  int line_ = 0;  // of the event that was taken last
};

// Control characters (YAML 1.2 5.1). libyaml refuses them too; ours is the plainer word.
size_t FindUnprintable(std::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r') ||
           c == 0x7f;
  });
  return static_cast<size_t>(found - text.begin());
}

void Fail(int line, std::string message, YamlDocument* document) {
  document->root = nullptr;
  document->error = std::move(message);
  document->error_line = line;
}

// The first document of `events`; false when the error is told already.
bool ReadDocument(YamlEvents& events, YamlDocument* document) {
  Builder builder(document);
  for (;;) {
    const yaml_event_t* event = events.Next();
    if (event == nullptr) {
      Fail(events.error_line(), events.error(), document);
      return false;
    }
    if (event->type == YAML_DOCUMENT_END_EVENT || event->type == YAML_STREAM_END_EVENT) break;
    if (builder.Take(*event)) continue;
    Fail(builder.line(), "not valid YAML: " + builder.problem(), document);
    return false;
  }
  if (document->root != nullptr) return true;
  Fail(0, "the file is empty", document);
  return false;
}

// Behind the first document.
void RefuseAnother(YamlEvents& events, YamlDocument* document) {
  const yaml_event_t* event = events.Next();
  if (event != nullptr && event->type == YAML_STREAM_END_EVENT) return;
  if (event != nullptr) event = events.Next();  // where it begins: behind its "---"
  if (event == nullptr) return Fail(events.error_line(), events.error(), document);
  Fail(LineOf(*event), "a second document begins: a configuration is one", document);
}

}  // namespace

std::string_view KindText(const YamlValue& value) {
  switch (value.kind) {
    case YamlValue::Kind::kNothing:
      return "nothing";
    case YamlValue::Kind::kText:
      return "a single value";
    case YamlValue::Kind::kList:
      return "a list";
    case YamlValue::Kind::kMap:
      return "a mapping";
  }
  return "";
}

YamlDocument ParseYaml(std::string_view text) {
  YamlDocument document;
  if (text.size() > kMaxConfigOctets) {
    Fail(0, "the file is larger than " + std::to_string(kMaxConfigOctets) + " octets", &document);
    return document;
  }
  if (const std::string_view sound = text.substr(0, FindUnprintable(text)); sound != text) {
    const auto line = 1 + std::count(sound.begin(), sound.end(), '\n');
    Fail(static_cast<int>(line), "a control character: the file must be plain UTF-8 text",
         &document);
    return document;
  }
  try {
    YamlEvents events(text);
    if (ReadDocument(events, &document)) RefuseAnother(events, &document);
  } catch (const std::bad_alloc&) {
    Fail(0, "there is not enough memory to read it", &document);
  }
  return document;
}

}  // namespace understudy::control
