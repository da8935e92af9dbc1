#include "control/api/explain.h"

#include <boost/json/array.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/api/answer_text.h"
#include "control/api/explanation.h"
#include "control/api/views.h"
#include "control/engine/what_if.h"
#include "control/zone/zone_file.h"
#include "dataplane/contract/walk.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

constexpr uint16_t kTypeIxfr = 251, kTypeAxfr = 252;  // RFC 1995, RFC 5936: refused

// The cut the dataplane answers from, for as long as nothing is published meanwhile; or one of
// supposed choices.
contract::Cut CutOf(const Publisher::Answering& answering) {
  // Choice is an enum over one byte, as in a bank.
  return {.table = answering.table,
          .choices = reinterpret_cast<const uint8_t*>(answering.choices->data()),
          .live = answering.table->selection().live.load()};
}

// The choices of `answering` with those of `supposed` laid over them.
std::vector<Choice> ChoicesWith(const Publisher::Answering& answering,
                                const SupposedGroups& supposed) {
  std::vector<Choice> choices = *answering.choices;
  for (uint32_t i = 1; i < choices.size(); ++i) {
    const auto found = supposed.find(std::string(answering.table->GroupName(i)));
    if (found != supposed.end()) choices[i] = found->second.decision.choice;
  }
  return choices;
}

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
