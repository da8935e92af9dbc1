// A machine made of files and facts that a test writes: what the doctor's checks look at.
#ifndef UNDERSTUDY_TESTS_TOOLS_UNDERSTUDYCTL_DOCTOR_MADE_UP_MACHINE_H_
#define UNDERSTUDY_TESTS_TOOLS_UNDERSTUDYCTL_DOCTOR_MADE_UP_MACHINE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/control/scratch_directory.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {

class MadeUpMachine {
 public:
  void File(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root() + path).parent_path());
    std::ofstream(root() + path) << text << "\n";
  }
  void Link(const std::string& path, const std::string& target) {
    std::filesystem::create_directories(std::filesystem::path(root() + path).parent_path());
    std::filesystem::create_symlink(target, root() + path);
  }
  const std::string& root() const { return scratch_.path(); }

  // A dataplane that serves eth1 as process 42, as far as the doctor can see.
  Resident& Serving() {
    Resident resident;
    resident.name = "edge1";
    resident.control_alive = resident.dataplane_alive = true;
    resident.dataplane_pid = 42;
    resident.interfaces = {"eth1"};
    residents.push_back(resident);
    return residents.back();
  }

  std::vector<Finding> Examine(Check check) const {
    const Examination examination{Machine(root(), facts), "/dev/shm/understudy", residents,
                                  interfaces, pci_devices};
    Findings findings;
    check(examination, findings);
    return findings.all();
  }

  Facts facts;
  std::vector<Resident> residents;
  std::vector<std::string> interfaces = {"eth1"};
  std::vector<std::string> pci_devices;

 private:
  ScratchDirectory scratch_;
};

// A machine, a check, and the worst that it shall find.
struct Case {
  const char* description;
  Check check;
  std::function<void(MadeUpMachine&)> make;
  Severity severity;
  const char* what;  // parts of the sentence and of the command
  const char* mend;
};

inline void Try(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    MadeUpMachine machine;
    one.make(machine);
    Finding worst;
    for (const Finding& finding : machine.Examine(one.check)) {
      if (finding.severity >= worst.severity) worst = finding;
      EXPECT_EQ(finding.mend.empty(), finding.severity < Severity::kAdvice) << finding.what;
      EXPECT_EQ(finding.cost.empty(), finding.severity < Severity::kAdvice) << finding.what;
    }
    EXPECT_EQ(WordOf(worst.severity), WordOf(one.severity)) << worst.what;
    EXPECT_NE(worst.what.find(one.what), std::string::npos) << worst.what;
    EXPECT_NE(worst.mend.find(one.mend), std::string::npos) << worst.mend;
    EXPECT_NE(worst.check, "") << "it says something";
  }
}

}  // namespace understudy::ctl::doctor

#endif  // UNDERSTUDY_TESTS_TOOLS_UNDERSTUDYCTL_DOCTOR_MADE_UP_MACHINE_H_
