// Explanation: what is said of a walk through the table, step by step: the records in text, the
// rcode, and why. The responder's rules for rcode and sections
// (dataplane/responder/responder.cc), in text.
//
// Used by: explain.
// Invariant: done() after the step that ends the walk, or after End; then rcode and sections are
// those of the answer.
#ifndef UNDERSTUDY_CONTROL_API_EXPLANATION_H_
#define UNDERSTUDY_CONTROL_API_EXPLANATION_H_

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/api/answer_text.h"
#include "control/engine/engine.h"
#include "dataplane/contract/walk.h"

namespace understudy::control {

// Groups that stand otherwise than in the engine, by name.
using SupposedGroups = std::map<std::string, GroupStanding>;

class Explanation {
 public:
  Explanation(const Engine& engine, const contract::Table& table, const SupposedGroups& supposed)
      : engine_(engine), table_(table), supposed_(supposed) {}

  // The step the walk stands at.
  void Say(const contract::Walk& walk);
  void End(std::string_view rcode);
  bool done() const { return done_; }
  void Because(std::string sentence) { because_.push_back(std::move(sentence)); }
  void NotAuthoritative() { authoritative_ = false; }

  void MoveTo(boost::json::object& view);

 private:
  void SayDname(const contract::Walk& walk);
  void EndNegative(const contract::Resolution& step, std::string_view rcode);
  void AddStep(const contract::Walk& walk);
  void AddGroup(const std::string& name, Choice choice, boost::json::object& view);

  const Engine& engine_;
  const contract::Table& table_;
  const SupposedGroups& supposed_;
  AnswerText text_;
  boost::json::array steps_;
  std::vector<std::string> because_;
  std::string_view rcode_;
  bool authoritative_ = true;
  bool first_ = true;
  bool done_ = false;
};

// The owner of a node, and a name on the way, in wire form.
std::string OwnerOf(const contract::NodeRecord& node);
std::string StringOf(const contract::Name& name);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_EXPLANATION_H_
