#include "control/config/instance_name.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <sstream>

#include "control/config/document.h"
#include "control/zone/text_file.h"

namespace understudy::control {
namespace {

// Thrown to leave the parser, which knows no other way to stop in the middle.
struct Found : std::exception {};

class Finder : public YAML::EventHandler {
 public:
  const std::string& name() const { return name_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override { throw Found(); }
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { Take(""); }
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { Take(""); }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    Take(text);
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Enter();
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Enter();
  }
  void OnMapEnd() override { --depth_; }

 private:
  void Enter() {
    Take("");
    ++depth_;
  }
  // At depth 1 every other value is a key.
  void Take(const std::string& text) {
    if (depth_ != 1) return;
    if (!is_key_ && key_ == "instance") {
      name_ = text;
      throw Found();
    }
    if (is_key_) key_ = text;
    is_key_ = !is_key_;
  }

  int depth_ = 0;
  bool is_key_ = true;
  std::string key_;
  std::string name_;
};

}  // namespace

std::optional<std::string> InstanceNamedIn(std::string_view text) {
  std::istringstream stream{std::string(text)};
  Finder finder;
  const auto found = [&finder] {
    return finder.name().empty() ? std::nullopt : std::optional(finder.name());
  };
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(finder);
  } catch (const Found&) {
    return found();  // what was looked for, or the end
  } catch (const std::exception&) {
    return std::nullopt;  // broken before it; whoever reads all of it tells how
  }
  return found();
}

std::optional<std::string> InstanceNamedInFile(const std::string& path) {
  std::string text;
  if (!ReadTextFile(path, kMaxConfigOctets, &text).empty()) return std::nullopt;
  return InstanceNamedIn(text);
}

}  // namespace understudy::control
