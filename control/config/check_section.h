// The section of one health check: the keys of all kinds, and which of them have a meaning for the
// kind that it is.
//
// Used by: health_checks, endpoint, http_expectation, dns_expectation and check_rhythm.
//  1. A key that has no meaning for the kind is an error that says so, and never silently ignored.
//  2. While the kind is not known nothing is said about what does not go with it.
#ifndef UNDERSTUDY_CONTROL_CONFIG_CHECK_SECTION_H_
#define UNDERSTUDY_CONTROL_CONFIG_CHECK_SECTION_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "control/config/desired_state.h"
#include "control/config/section.h"

namespace understudy::control {

// A set of kinds, and what it is called in a message.
struct CheckKinds {
  constexpr CheckKinds(std::string_view name, std::initializer_list<CheckType> types) : text(name) {
    for (const CheckType type : types) bits |= Bit(type);
  }
  constexpr bool Has(CheckType type) const { return (bits & Bit(type)) != 0; }
  static constexpr uint32_t Bit(CheckType type) { return 1u << static_cast<uint32_t>(type); }

  std::string_view text;  // "only http and https checks have it"
  uint32_t bits = 0;
};

inline constexpr CheckKinds kHttpKinds{
    "http and https checks",
    {CheckType::kHttp, CheckType::kHttps, CheckType::kHttpStrMatch, CheckType::kHttpsStrMatch}};
inline constexpr CheckKinds kHttpsKinds{"https and https_str_match checks",
                                        {CheckType::kHttps, CheckType::kHttpsStrMatch}};
inline constexpr CheckKinds kMatchKinds{"http_str_match and https_str_match checks",
                                        {CheckType::kHttpStrMatch, CheckType::kHttpsStrMatch}};
inline constexpr CheckKinds kEndpointKinds{
    "checks of an endpoint (tcp, http, https, dns)",
    {CheckType::kTcp, CheckType::kHttp, CheckType::kHttps, CheckType::kHttpStrMatch,
     CheckType::kHttpsStrMatch, CheckType::kDns}};
inline constexpr CheckKinds kAnsweredKinds{
    "http, https, dns and exec checks",
    {CheckType::kHttp, CheckType::kHttps, CheckType::kHttpStrMatch, CheckType::kHttpsStrMatch,
     CheckType::kDns, CheckType::kExec}};
inline constexpr CheckKinds kProbedKinds{
    "checks that are probed (not push, not calculated)",
    {CheckType::kTcp, CheckType::kHttp, CheckType::kHttps, CheckType::kHttpStrMatch,
     CheckType::kHttpsStrMatch, CheckType::kDns, CheckType::kExec}};
inline constexpr CheckKinds kJudgedKinds{
    "checks with a health of their own (not calculated)",
    {CheckType::kTcp, CheckType::kHttp, CheckType::kHttps, CheckType::kHttpStrMatch,
     CheckType::kHttpsStrMatch, CheckType::kDns, CheckType::kExec, CheckType::kPush}};
inline constexpr CheckKinds kDnsKind{"dns checks", {CheckType::kDns}};
inline constexpr CheckKinds kExecKind{"exec checks", {CheckType::kExec}};
inline constexpr CheckKinds kPushKind{"push checks", {CheckType::kPush}};
inline constexpr CheckKinds kCalculatedKind{"calculated checks", {CheckType::kCalculated}};

class CheckSection : public Section {
 public:
  using Section::Section;

  // Nothing while it is not known.
  const std::optional<CheckType>& type() const { return type_; }
  void SetType(CheckType type) { type_ = type; }
  bool Is(const CheckKinds& kinds) const { return type_.has_value() && kinds.Has(*type_); }

  // True when `key` is there and may be: its value is worth reading. When it may not, that is
  // told, with `why` behind it or else with which kinds have it.
  bool Reads(std::string_view key, const CheckKinds& kinds, std::string_view why = {}) {
    if (Take(key) == nullptr) return false;
    if (!type_.has_value() || kinds.Has(*type_)) return true;
    Error(key, why.empty() ? "has no meaning for a " + std::string(WordOf(*type_)) +
                                 " check; only " + std::string(kinds.text) + " have it"
                           : std::string(why));
    return false;
  }

 private:
  std::optional<CheckType> type_;
};

// Each reads its part of the section into `check`, whose type is set. The files are named by the
// part.
void ReadEndpoint(CheckSection* section, HealthCheck* check);
void ReadHttpExpectation(CheckSection* section, HealthCheck* check, Findings* findings);
void ReadDnsExpectation(CheckSection* section, HealthCheck* check, Findings* findings);
void ReadCheckRhythm(CheckSection* section, HealthCheck* check);

inline constexpr size_t kMaxCheckText = 255;  // octets of host, path and search_string (Route 53)

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_CHECK_SECTION_H_
