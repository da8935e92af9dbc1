// What the doctor found: one sentence each on what is, what it costs, and the command that mends
// it.
//
// Used by: the checks (write), doctor_commands (shows).
//
// Invariants
//  1. A warning or something broken always has a cost and a way to mend it.
//  2. What cannot be known or does not matter here is kNotApplicable, never a warning.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_FINDING_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_FINDING_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::ctl::doctor {

// kAdvice: would be better, and is no fault. From the best to the worst.
enum class Severity { kOk, kNotApplicable, kAdvice, kWarning, kBroken };

constexpr std::string_view WordOf(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kNotApplicable:
      return "not applicable";
    case Severity::kAdvice:
      return "advice";
    case Severity::kWarning:
      return "warning";
    case Severity::kBroken:
      return "broken";
  }
  return "";
}

struct Finding {
  Severity severity = Severity::kOk;
  std::string check;    // "hugepages"
  std::string subject;  // "eth1"; empty: the machine
  std::string what;
  std::string cost;
  std::string mend;  // a command, or what to write where
};

// Those of one run, in the order of the checks.
class Findings {
 public:
  // What follows is about this.
  void About(std::string check, std::string subject = "") {
    check_ = std::move(check);
    subject_ = std::move(subject);
  }
  void Ok(std::string what) { Add(Severity::kOk, std::move(what), "", ""); }
  void NotApplicable(std::string why) { Add(Severity::kNotApplicable, std::move(why), "", ""); }
  void Advise(std::string what, std::string cost, std::string mend) {
    Add(Severity::kAdvice, std::move(what), std::move(cost), std::move(mend));
  }
  void Warn(std::string what, std::string cost, std::string mend) {
    Add(Severity::kWarning, std::move(what), std::move(cost), std::move(mend));
  }
  void Broken(std::string what, std::string cost, std::string mend) {
    Add(Severity::kBroken, std::move(what), std::move(cost), std::move(mend));
  }
  const std::vector<Finding>& all() const { return all_; }

 private:
  void Add(Severity severity, std::string what, std::string cost, std::string mend) {
    all_.push_back({severity, check_, subject_, std::move(what), std::move(cost), std::move(mend)});
  }

  std::string check_;
  std::string subject_;
  std::vector<Finding> all_;
};

}  // namespace understudy::ctl::doctor

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_FINDING_H_
