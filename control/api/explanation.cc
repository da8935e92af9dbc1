#include "control/api/explanation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/views.h"
#include "control/engine/because.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

namespace json = boost::json;
using contract::Match;
using contract::Resolution;

std::string_view WordOf(Match match) {
  switch (match) {
    case Match::kAnswer:
      return "answer";
    case Match::kCname:
      return "cname";
    case Match::kDname:
      return "dname";
    case Match::kNoData:
      return "nodata";
    case Match::kNxDomain:
      return "nxdomain";
    case Match::kReferral:
      return "referral";
    case Match::kRefused:
      return "refused";
    case Match::kServfail:
      return "servfail";
  }
  return "unknown";
}

// Why a step without a group says what it says.
std::string Plain(const Resolution& step) {
  switch (step.match) {
    case Match::kAnswer:
      return step.wildcard ? "an ordinary record, by a wildcard" : "an ordinary record";
    case Match::kCname:
      return "an alias (CNAME), followed inside our zones";
    case Match::kDname:
      return "below a DNAME, rewritten";
    case Match::kNoData:
      return "the name exists, but has no records of this type";
    case Match::kNxDomain:
      return "no such name in the zone";
    case Match::kReferral:
      return "below a zone cut, delegated to the name servers of the child zone";
    case Match::kRefused:
      return "in none of our zones";
    case Match::kServfail:
      return "cannot be answered";
  }
  return "";
}

}  // namespace

std::string OwnerOf(const contract::NodeRecord& node) {
  return std::string(reinterpret_cast<const char*>(contract::NameOf(node)), node.name_length);
}

std::string StringOf(const contract::Name& name) {
  return std::string(reinterpret_cast<const char*>(name.bytes), name.length);
}

void Explanation::Say(const contract::Walk& walk) {
  const Resolution& step = walk.step();
  AddStep(walk);
  switch (step.match) {
    case Match::kAnswer:
      AppendRecords(*step.answer, StringOf(walk.name()), text_);
      return End("NOERROR");
    case Match::kCname:
      AppendRecords(*step.answer, StringOf(walk.name()), text_);
      break;
    case Match::kDname:
      SayDname(walk);
      break;
    case Match::kNoData:
      return EndNegative(step, "NOERROR");
    case Match::kNxDomain:
      return EndNegative(step, "NXDOMAIN");
    case Match::kReferral:
      authoritative_ = !first_;
      AppendRecords(*step.answer, OwnerOf(*step.node), text_);
      return End("NOERROR");
    case Match::kRefused:
      authoritative_ = false;
      return End("REFUSED");
    case Match::kServfail:
      authoritative_ = false;
      return End("SERVFAIL");
  }
  first_ = false;
}

void Explanation::End(std::string_view rcode) {
  done_ = true;
  rcode_ = rcode;
}

void Explanation::MoveTo(json::object& view) {
  view["rcode"] = TextView(rcode_);
  view["authoritative"] = authoritative_;
  view["answer"] = std::move(text_.answer);
  view["authority"] = std::move(text_.authority);
  view["additional"] = std::move(text_.additional);
  view["steps"] = std::move(steps_);
  json::array because;
  for (std::string& sentence : because_) because.emplace_back(std::move(sentence));
  view["because"] = std::move(because);
}

void Explanation::SayDname(const contract::Walk& walk) {
  const contract::AnswerRecord& dname = *walk.step().answer;
  AppendRecords(dname, OwnerOf(*walk.step().node), text_);
  if (walk.too_long()) return;
  uint32_t ttl_s = 0;  // of the DNAME: behind pointer, type and class
  for (int i = 0; i < 4; ++i) ttl_s = ttl_s << 8 | contract::WireOf(dname)[6 + i];
  text_.answer.emplace_back(
      RecordText(StringOf(walk.name()), ttl_s, contract::kTypeCname, StringOf(walk.target())));
}

void Explanation::EndNegative(const Resolution& step, std::string_view rcode) {
  const contract::NodeRecord& apex = *table_.NodeAt(step.zone->apex);
  AppendRecords(*table_.AnswerAt(step.zone->negative), OwnerOf(apex), text_);
  End(rcode);
}

void Explanation::AddStep(const contract::Walk& walk) {
  const Resolution& step = walk.step();
  json::object view;
  const std::string name = NameToText(StringOf(walk.name()));
  view["name"] = name;
  view["match"] = TextView(WordOf(step.match));
  view["zone"] = nullptr;
  if (step.zone != nullptr) {
    view["zone"] = NameToText(OwnerOf(*table_.NodeAt(step.zone->apex)));
  }
  view["wildcard"] = nullptr;
  if (step.wildcard) view["wildcard"] = NameToText(OwnerOf(*step.node));
  view["group"] = nullptr;
  if (step.set != nullptr && step.set->group != 0) {
    const std::string group(table_.GroupName(step.set->group));
    AddGroup(group, static_cast<Choice>(step.choice), view);
  } else {
    because_.push_back(absl::StrCat(name, ": ", Plain(step)));
  }
  steps_.emplace_back(std::move(view));
}

void Explanation::AddGroup(const std::string& name, Choice choice, json::object& view) {
  view["group"] = name;
  const SupposedGroups& groups = supposed_.contains(name) ? supposed_ : engine_.standing().groups();
  const auto found = groups.find(name);
  if (found == groups.end()) {
    view["side"] = TextView(contract::WordOf(choice));
    because_.push_back(absl::StrCat("group ", name, " answers ",
                                    std::string(contract::WordOf(choice)),
                                    " as a configuration had it that is no longer loaded"));
    return;
  }
  const GroupStanding& group = found->second;
  view["side"] = TextView(WordOf(group, choice));
  view["cause"] = TextView(control::WordOf(group.decision.cause));
  because_.push_back(absl::StrCat("group ", name, " answers ", std::string(WordOf(group, choice)),
                                  ": ", control::Because(group, engine_.now())));
}

}  // namespace understudy::control
