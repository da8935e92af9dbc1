// doctor: what is wrong with this machine, what it costs, and the command that mends it.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/doctor/checks.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;
using doctor::Examination;
using doctor::Finding;
using doctor::Findings;
using doctor::Resident;
using doctor::Severity;

struct Asked {
  std::vector<std::string> interfaces;  // or PCI devices
  bool problems = false;
  std::string root;  // for tests
};

void AddAll(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& name : from) {
    if (std::ranges::find(to, name) == to.end()) to.push_back(name);
  }
}

// What was asked for; without that, what the instances serve.
Examination Plan(const Session& session, const Asked& asked) {
  doctor::Machine machine(asked.root, asked.root.empty() ? doctor::GatherFacts() : doctor::Facts());
  Examination examination{std::move(machine), session.shm_dir(), {}, {}, {}};
  for (Resident& resident : examination.machine.Residents(examination.shm_dir)) {
    if (session.instance().empty() || session.instance() == resident.name) {
      examination.residents.push_back(std::move(resident));
    }
  }
  for (const std::string& name : asked.interfaces) {
    const bool is_pci = name.find(':') != std::string::npos;  // no interface is called so
    AddAll(is_pci ? examination.pci_devices : examination.interfaces, {name});
  }
  for (const Resident& resident : examination.residents) {
    if (!asked.interfaces.empty()) break;
    AddAll(examination.interfaces, resident.interfaces);
    AddAll(examination.pci_devices, resident.pci_devices);
  }
  return examination;
}

int64_t Count(const Findings& findings, Severity severity) {
  return std::ranges::count(findings.all(), severity, &Finding::severity);
}

json::object ViewOf(const Findings& findings) {
  const auto string_or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  json::array all;
  for (const Finding& finding : findings.all()) {
    json::object view;
    const std::string_view word = WordOf(finding.severity);
    view["severity"] = json::string_view(word.data(), word.size());
    view["check"] = finding.check;
    view["subject"] = string_or_null(finding.subject);
    view["what"] = finding.what;
    view["cost"] = string_or_null(finding.cost);
    view["mend"] = string_or_null(finding.mend);
    all.emplace_back(std::move(view));
  }
  json::object view;
  view["broken"] = Count(findings, Severity::kBroken);
  view["warnings"] = Count(findings, Severity::kWarning);
  view["findings"] = std::move(all);
  return view;
}

std::string TextOf(const Findings& findings, bool problems_only) {
  size_t width = 0;
  for (const Finding& finding : findings.all()) {
    width = std::max(width, finding.check.size() + 1 + finding.subject.size());
  }
  std::string text;
  for (const Finding& finding : findings.all()) {
    const bool problem = finding.severity >= Severity::kWarning;
    if (problems_only && !problem) continue;
    std::string word(WordOf(finding.severity));
    if (finding.severity == Severity::kNotApplicable) word = "-";
    if (problem) word = absl::AsciiStrToUpper(word);
    std::string about = finding.check;
    if (!finding.subject.empty()) absl::StrAppend(&about, " ", finding.subject);
    about.resize(width, ' ');
    word.resize(std::max<size_t>(word.size(), 8), ' ');
    absl::StrAppend(&text, word, " ", about, "  ", finding.what, "\n");
    if (finding.cost.empty()) continue;
    absl::StrAppend(&text, "           costs  ", finding.cost, "\n           mend   ", finding.mend,
                    "\n");
  }
  return absl::StrCat(text, Count(findings, Severity::kBroken), " broken, ",
                      Count(findings, Severity::kWarning), " warnings, ",
                      Count(findings, Severity::kAdvice), " to consider\n");
}

ExitCode Examine(Session& session, const Asked& asked) {
  if (session.is_remote()) return session.TellNotRemote("doctor");
  const Examination examination = Plan(session, asked);
  Findings findings;
  for (const doctor::Check check : doctor::kChecks) check(examination, findings);
  session.Put(ViewOf(findings), TextOf(findings, asked.problems));
  if (Count(findings, Severity::kBroken) != 0) return kDegraded;
  return Count(findings, Severity::kWarning) != 0 ? kRefused : kOk;
}

}  // namespace

void AddDoctorCommands(CommandTree& tree) {
  auto asked = std::make_shared<Asked>();
  CLI::App* command = tree.Add("doctor", "What is wrong with this machine, and how to mend it",
                               [asked](Session& session) { return Examine(session, *asked); });
  command->add_option("--interface", asked->interfaces,
                      "Interface or PCI device to look at (default: those that are served)");
  command->add_flag("--problems", asked->problems, "Only what is broken, and warnings");
  command->add_option("--root", asked->root, "Look below this folder")->group("");  // for tests
  command->footer(
      "Looks at NIC, driver, queues, memory, processors, kernel, clock, and at what a crash left.\n"
      "Changes nothing, and needs no control; without root it sees less.\n"
      "Exit status: 0 nothing to mend; 1 warnings; 2 wrong command line; 4 something is broken.\n"
      "Examples:\n"
      "  understudyctl doctor --interface eth1\n"
      "  understudyctl doctor --interface 0000:03:00.0 --problems\n"
      "  understudyctl --json doctor | jq -r '.findings[] | select(.mend) | .mend'");
}

}  // namespace understudy::ctl
