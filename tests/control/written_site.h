// A small configuration as an operator writes it: zone example.com, checks eu and us, groups g0,
// g1 ... with an address each.
#ifndef UNDERSTUDY_TESTS_CONTROL_WRITTEN_SITE_H_
#define UNDERSTUDY_TESTS_CONTROL_WRITTEN_SITE_H_

#include <string>

#include "control/config/configuration.h"

namespace understudy::control {

struct WrittenSite {
  size_t groups = 8;
  std::string primary = "192.0.2.10";
  std::string instance = "test";
  std::string zone_records;  // beside what every zone needs
};

inline ConfigTexts TextsFor(const WrittenSite& site, const std::string& file = "new/site.yaml") {
  ConfigTexts texts{.file = file, .yaml = "instance: " + site.instance + "\n", .zones = {}};
  texts.yaml +=
      "zones:\n"
      "  - {name: example.com, file: example.com.zone}\n"
      "health_checks:\n"
      "  eu: {type: tcp, address: 192.0.2.1, port: 80}\n"
      "  us: {type: tcp, address: 192.0.2.2, port: 80}\n"
      "failover_groups:\n";
  for (size_t i = 0; i < site.groups; ++i) {
    const std::string name = "g" + std::to_string(i);
    texts.yaml += "  " + name +
                  ":\n"
                  "    primary: {health_check: eu}\n"
                  "    secondary: {health_check: us}\n"
                  "    records:\n"
                  "      - {name: " +
                  name + ".example.com, type: A, ttl: 30, primary: " + site.primary +
                  ", secondary: 198.51.100.10}\n";
  }
  texts.zones["example.com.zone"] =
      "$TTL 300\n@ SOA a.invalid. b.invalid. 1 2 3 4 5\n@ NS a.invalid.\n" + site.zone_records;
  return texts;
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_WRITTEN_SITE_H_
