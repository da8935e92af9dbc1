#include "control/config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <new>
#include <streambuf>
#include <utility>

namespace understudy::control {
namespace {

int LineOf(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

// yaml-cpp reads a stream; this one reads where the text is.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // the get area is never written
    setg(begin, begin, begin + text.size());
  }
};

bool IsNullWord(const std::string& text) {
  return text == "~" || text == "null" || text == "Null" || text == "NULL";
}

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(YamlDocument* document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Make(YamlValue::Kind::kNothing, mark), anchor, 1, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckTag(tag, mark);
    const bool nothing = tag == "?" && IsNullWord(text);  // "?" is the tag of what has no quotes
    YamlValue* value = Make(nothing ? YamlValue::Kind::kNothing : YamlValue::Kind::kText, mark);
    value->text = text;
    Add(value, anchor, 1, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (anchor >= anchors_.size() || anchors_[anchor].value == nullptr) {
      throw YAML::ParserException(mark, "an alias stands inside the value it names");
    }
    Add(anchors_[anchor].value, 0, anchors_[anchor].weight, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlValue::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlValue::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Anchored {
    const YamlValue* value = nullptr;
    uint64_t weight = 0;  // values in it, with its aliases written out
  };
  struct Unfinished {
    YamlValue* value;
    YAML::anchor_t anchor;
    uint64_t weight;
    YAML::Mark mark;
  };

  YamlValue* Make(YamlValue::Kind kind, const YAML::Mark& mark) {
    YamlValue& value = document_->values.emplace_back();
    value.kind = kind;
    value.line = LineOf(mark);
    return &value;
  }

  void Add(const YamlValue* value, YAML::anchor_t anchor, uint64_t weight, const YAML::Mark& mark) {
    if (anchor != 0) {
      if (anchor >= anchors_.size()) anchors_.resize(anchor + 1);
      anchors_[anchor] = {value, weight};
    }
    if (open_.empty()) {
      document_->root = value;
      return;
    }
    open_.back().value->children.push_back(value);
    open_.back().weight += weight;
    // No weight is above the limit, so no sum of them overflows.
    if (open_.back().weight > kMaxConfigValues || document_->values.size() > kMaxConfigValues) {
      throw YAML::ParserException(
          mark, "more than " + std::to_string(kMaxConfigValues) + " values, aliases written out");
    }
  }

  void Open(YamlValue::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    CheckTag(tag, mark);
    open_.push_back({Make(kind, mark), anchor, 1, mark});
  }

  void Close() {
    const Unfinished done = open_.back();
    open_.pop_back();
    Add(done.value, done.anchor, done.weight, done.mark);
  }

  static void CheckTag(const std::string& tag, const YAML::Mark& mark) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!" || tag.compare(0, kCore.size(), kCore) == 0) return;
    throw YAML::ParserException(mark, "tags have no meaning here");
  }

  YamlDocument* document_;
  std::vector<Unfinished> open_;
  std::vector<Anchored> anchors_;
};

// Control characters (YAML 1.2 5.1): besides, yaml-cpp takes 0x04 for the end of the text.
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
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  Builder builder(&document);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || document.root == nullptr) {
      Fail(0, "the file is empty", &document);
      return document;
    }
    YamlDocument another;
    Builder ignored(&another);
    if (parser.HandleNextDocument(ignored)) {
      Fail(another.root == nullptr ? 0 : another.root->line,
           "a second document begins: a configuration is one", &document);
    }
  } catch (const YAML::Exception& exception) {
    std::string message = "not valid YAML: " + exception.msg;
    // YAML allows it, yaml-cpp does not; a path with a query is where people meet that.
    if (exception.msg == YAML::ErrorMsg::UNKNOWN_TOKEN) {
      message += " (inside {...} and [...] a value with '?' needs quotes)";
    }
    Fail(LineOf(exception.mark), std::move(message), &document);
  } catch (const std::bad_alloc&) {
    Fail(0, "there is not enough memory to read it", &document);
  }
  return document;
}

}  // namespace understudy::control
