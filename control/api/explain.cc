#include "control/api/explain.h"

#include <boost/json/array.hpp>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/api/answer_text.h"
#include "control/api/views.h"
#include "control/engine/because.h"
#include "control/engine/what_if.h"
#include "control/zone/zone_file.h"
#include "dataplane/contract/walk.h"

namespace understudy::control {
namespace {

namespace json = boost::json;
using contract::Match;
using contract::Resolution;

constexpr uint16_t kTypeIxfr = 251, kTypeAxfr = 252;  // RFC 1995, RFC 5936: refused

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

std::string OwnerOf(const contract::NodeRecord& node) {
  return std::string(reinterpret_cast<const char*>(contract::NameOf(node)), node.name_length);
}

std::string StringOf(const contract::Name& name) {
  return std::string(reinterpret_cast<const char*>(name.bytes), name.length);
}

// The cut the dataplane answers from, for as long as nothing is published meanwhile; or one of
// supposed choices.
contract::Cut CutOf(const Publisher::Answering& answering) {
  // Choice is an enum over one byte, as in a bank.
  return {.table = answering.table,
          .choices = reinterpret_cast<const uint8_t*>(answering.choices->data()),
          .live = answering.table->selection().live.load()};
}

using Groups = std::map<std::string, GroupStanding>;

// The choices of `answering` with those of `supposed` laid over them.
std::vector<Choice> ChoicesWith(const Publisher::Answering& answering, const Groups& supposed) {
  std::vector<Choice> choices = *answering.choices;
  for (uint32_t i = 1; i < choices.size(); ++i) {
    const auto found = supposed.find(std::string(answering.table->GroupName(i)));
    if (found != supposed.end()) choices[i] = found->second.decision.choice;
  }
  return choices;
}

// The responder's rules for rcode and sections (dataplane/responder/responder.cc), in text.
class Explanation {
 public:
  // `supposed`: groups that stand otherwise than in `engine`.
  Explanation(const Engine& engine, const contract::Table& table, const Groups& supposed)
      : engine_(engine), table_(table), supposed_(supposed) {}

  void Say(const contract::Walk& walk) {
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

  void End(std::string_view rcode) {
    done_ = true;
    rcode_ = rcode;
  }
  bool done() const { return done_; }
  void Because(std::string sentence) { because_.push_back(std::move(sentence)); }
  void NotAuthoritative() { authoritative_ = false; }

  void MoveTo(json::object& view) {
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

 private:
  void SayDname(const contract::Walk& walk) {
    const contract::AnswerRecord& dname = *walk.step().answer;
    AppendRecords(dname, OwnerOf(*walk.step().node), text_);
    if (walk.too_long()) return;
    uint32_t ttl_s = 0;  // of the DNAME: behind pointer, type and class
    for (int i = 0; i < 4; ++i) ttl_s = ttl_s << 8 | contract::WireOf(dname)[6 + i];
    text_.answer.emplace_back(
        RecordText(StringOf(walk.name()), ttl_s, contract::kTypeCname, StringOf(walk.target())));
  }

  void EndNegative(const Resolution& step, std::string_view rcode) {
    const contract::NodeRecord& apex = *table_.NodeAt(step.zone->apex);
    AppendRecords(*table_.AnswerAt(step.zone->negative), OwnerOf(apex), text_);
    End(rcode);
  }

  void AddStep(const contract::Walk& walk) {
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

  void AddGroup(const std::string& name, Choice choice, json::object& view) {
    view["group"] = name;
    const Groups& groups = supposed_.contains(name) ? supposed_ : engine_.standing().groups();
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

  // Why a step without a group says what it says.
  static std::string Plain(const Resolution& step) {
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

  const Engine& engine_;
  const contract::Table& table_;
  const Groups& supposed_;
  AnswerText text_;
  json::array steps_;
  std::vector<std::string> because_;
  std::string_view rcode_;
  bool authoritative_ = true;
  bool first_ = true;
  bool done_ = false;
};

void WalkAll(const Publisher::Answering& answering, const contract::Name& name, uint16_t type,
             Explanation& explanation) {
  const contract::Cut cut = CutOf(answering);
  const uint64_t hash = answering.table->Hash(name.bytes, name.length);
  contract::Walk walk(cut, name, hash, type);
  do {
    explanation.Say(walk);
  } while (!explanation.done() && walk.Follow());
  if (explanation.done()) return;
  if (walk.too_long()) {
    explanation.Because("the DNAME's target would be longer than 255 octets");
    return explanation.End("YXDOMAIN");
  }
  explanation.Because(absl::StrCat("the chain ends at ", NameToText(StringOf(walk.target())),
                                   ": outside our zones, a loop, or more than ",
                                   contract::kMaxChain, " steps"));
  explanation.End("NOERROR");
}

json::array SidesView(const contract::Table& table, const contract::NodeRecord& node,
                      const contract::TypeEntry& set, uint8_t choice) {
  json::array sides;
  for (uint32_t side = 0; side < set.sides; ++side) {
    AnswerText text;
    AppendRecords(*table.AnswerAt(set.answer + side * set.stride), OwnerOf(node), text);
    json::array records = std::move(text.answer);
    for (json::array* more : {&text.authority, &text.additional}) {
      for (json::value& record : *more) records.emplace_back(std::move(record));
    }
    json::object view;
    view["side"] = set.group == 0
                       ? json::value(nullptr)
                       : json::value(TextView(contract::WordOf(static_cast<Choice>(side))));
    view["answered"] = side == choice;
    view["records"] = std::move(records);
    sides.emplace_back(std::move(view));
  }
  return sides;
}

json::array SetsView(const Publisher::Answering& answering, const contract::NodeRecord& node) {
  const contract::Table& table = *answering.table;
  json::array sets;
  for (unsigned i = 0; i < node.type_count; ++i) {
    const contract::TypeEntry& set = contract::TypesOf(node)[i];
    const auto choice = static_cast<uint8_t>((*answering.choices)[set.group]);
    json::object view;
    view["type"] = set.type == contract::kReferralType ? json::string("referral")
                                                       : TextView(TypeToText(set.type));
    view["group"] = nullptr;
    if (set.group != 0) view["group"] = TextView(table.GroupName(set.group));
    view["sides"] = SidesView(table, node, set, choice);
    sets.emplace_back(std::move(view));
  }
  return sets;
}

contract::Name NameFrom(const std::string& wire) {
  contract::Name name;
  name.Assign(reinterpret_cast<const uint8_t*>(wire.data()), wire.size());
  return name;
}

absl::Status NoTable() { return absl::UnavailableError("no table is published yet"); }

}  // namespace

absl::StatusOr<json::object> Explain(const Engine& engine, const std::string& wire, uint16_t type,
                                     const std::string& suppositions) {
  Publisher::Answering answering = engine.publisher().answering();
  if (answering.table == nullptr) return NoTable();
  absl::StatusOr<Suppositions> supposed = Suppositions();
  if (!suppositions.empty()) supposed = ParseSuppositions(engine.standing(), suppositions);
  if (!supposed.ok()) return supposed.status();
  const WhatIf what_if(engine.standing(), *supposed, engine.now());
  const std::vector<Choice> choices = ChoicesWith(answering, what_if.groups());
  answering.choices = &choices;
  Explanation explanation(engine, *answering.table, what_if.groups());
  if (!suppositions.empty()) {
    explanation.Because(absl::StrCat("supposed: ", suppositions));
    if (engine.standing().freeze()) {
      explanation.Because("health is frozen now: it would be so only after a thaw");
    }
  }
  if (type == kTypeAxfr || type == kTypeIxfr) {
    explanation.Because(type == kTypeAxfr
                            ? "zones are not transferred; over UDP, where AXFR does not exist, the "
                              "answer is NOTIMP (RFC 5936 4.2)"
                            : "zones are not transferred");
    explanation.NotAuthoritative();
    explanation.End("NOTAUTH");
  } else {
    WalkAll(answering, NameFrom(wire), type, explanation);
  }
  json::object view;
  view["name"] = NameToText(wire);
  view["type"] = TypeToText(type);
  explanation.MoveTo(view);
  view["table"] = answering.table->generation();
  view["selection"] = SelectionView(engine);
  return view;
}

absl::StatusOr<json::object> Show(const Engine& engine, const std::string& wire) {
  const Publisher::Answering answering = engine.publisher().answering();
  if (answering.table == nullptr) return NoTable();
  const contract::Name name = NameFrom(wire);
  const contract::NodeRecord* node = answering.table->Find(name.bytes, name.length);
  if (node == nullptr) {
    return absl::NotFoundError(absl::StrCat("the table has no name ", NameToText(wire),
                                            "; a wildcard may answer it: see explain"));
  }
  json::object view;
  view["name"] = NameToText(wire);
  const contract::ZoneEntry& zone = answering.table->ZoneAt(node->zone);
  view["zone"] = NameToText(OwnerOf(*answering.table->NodeAt(zone.apex)));
  view["delegation"] = (node->flags & contract::kNodeDelegation) != 0;
  view["occluded"] = (node->flags & contract::kNodeOccluded) != 0;
  view["record_sets"] = SetsView(answering, *node);
  view["table"] = answering.table->generation();
  return view;
}

}  // namespace understudy::control
