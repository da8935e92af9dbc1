// A small desired state for the tests of control: zone example.com, two checks, groups by name.
#ifndef UNDERSTUDY_TESTS_CONTROL_DESIRED_SITE_H_
#define UNDERSTUDY_TESTS_CONTROL_DESIRED_SITE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/config/desired_state.h"
#include "control/zone/zone_file.h"

namespace understudy::control {

inline std::string Wire(const std::string& name) { return NameToWire(name).value(); }

inline contract::Side SideOf(const std::string& type, const std::vector<std::string>& values,
                             uint32_t ttl_s = 30) {
  contract::Side side{.ttl_s = ttl_s, .rdata = {}};
  for (const std::string& value : values) {
    side.rdata.push_back(RdataFromText(TypeFromText(type).value(), value).value());
  }
  return side;
}

inline ZoneRecord RecordOf(const std::string& owner, const std::string& type,
                           const std::vector<std::string>& values) {
  return {
      .owner = Wire(owner), .type = TypeFromText(type).value(), .value = SideOf(type, values, 300)};
}

inline HealthCheck CheckOf(const std::string& name) {
  HealthCheck check;
  check.name = name;
  check.address = "192.0.2.1";
  check.port = 80;
  check.interval = absl::Seconds(1);
  check.connect_timeout = absl::Milliseconds(500);
  check.response_timeout = absl::Milliseconds(500);
  return check;
}

// <name>.example.com A: 192.0.2.10 by the primary (check eu), 198.51.100.10 by the secondary (us).
inline FailoverGroup GroupOf(const std::string& name) {
  FailoverGroup group;
  group.name = name;
  group.tiers = {{.name = "primary", .check = "eu", .labels = {}},
                 {.name = "secondary", .check = "us", .labels = {}}};
  group.records.push_back({.owner = Wire(name + ".example.com"),
                           .type = TypeFromText("A").value(),
                           .sides = {SideOf("A", {"192.0.2.10"}), SideOf("A", {"198.51.100.10"})}});
  return group;
}

inline DesiredState SiteWith(const std::vector<std::string>& groups) {
  DesiredState state;
  state.instance = "test";
  state.config_file = "test.yaml";
  Zone zone;
  zone.apex = Wire("example.com");
  zone.file = "example.com.zone";
  zone.records.push_back(RecordOf("example.com", "SOA",
                                  {"ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 "
                                   "300"}));
  zone.records.push_back(RecordOf("example.com", "NS", {"ns1.example.com."}));
  zone.records.push_back(RecordOf("ns1.example.com", "A", {"192.0.2.53"}));
  zone.records.push_back(RecordOf("www.example.com", "CNAME", {"app.example.com."}));
  zone.records.push_back(RecordOf("out.example.com", "CNAME", {"www.example.net."}));
  zone.records.push_back(RecordOf("sub.example.com", "NS", {"ns.sub.example.com."}));
  zone.records.push_back(RecordOf("ns.sub.example.com", "A", {"192.0.2.77"}));
  zone.records.push_back(RecordOf("old.example.com", "DNAME", {"example.com."}));
  zone.records.push_back(RecordOf("*.wild.example.com", "TXT", {"\"anything\""}));
  state.zones.push_back(std::move(zone));
  for (const char* name : {"eu", "us"}) state.health_checks[name] = CheckOf(name);
  for (const std::string& name : groups) state.groups.push_back(GroupOf(name));
  return state;
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_DESIRED_SITE_H_
