// One table that has every feature a query can meet; tests, fuzz targets and seeds share it.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_ZONE_OF_CASES_H_
#define UNDERSTUDY_TESTS_DATAPLANE_ZONE_OF_CASES_H_

#include <string>

#include "tests/dataplane/table_builder.h"

namespace understudy::test {

// Groups: 1 "app" answers its primary, 2 "site" its secondary.
inline void WriteZoneOfCases(const std::string& path) {
  TableBuilder b;
  const std::string z = "example.com";
  for (const char* zone : {"example.com", "child.example.com", "deep.child.example.com",
                           "in.hollow.example.com", "other.net"}) {
    b.writer().AddZone(Wire(zone));
  }
  for (const std::string zone : {"example.com", "child.example.com", "deep.child.example.com",
                                 "in.hollow.example.com", "other.net"}) {
    b.Record(zone, zone, "SOA", 300, {zone}).Record(zone, zone, "NS", 300, {"ns." + zone});
  }
  const uint32_t app = b.Group("app");
  const uint32_t site = b.Group("site");
  b.Failover(z, "app.example.com", "A", 30, app, {"192.0.2.10"}, {"198.51.100.10"})
      .Failover(z, "app.example.com", "AAAA", 30, app, {"2001:db8::10"}, {"2001:db8:1::10"})
      .Failover(z, "site.example.com", "A", 20, site, {"192.0.2.20"}, {"198.51.100.20"})
      .Failover(z, "half.example.com", "A", 20, site, {"192.0.2.21"}, {})
      .Failover(z, "both.example.com", "A", 20, site, {"192.0.2.22"}, {})
      .Record(z, "both.example.com", "TXT", 60, {"always"})
      .Failover(z, "move.example.com", "CNAME", 20, site, {"www.example.com"}, {"app.example.com"})
      .Record(z, "www.example.com", "A", 60, {"192.0.2.1", "192.0.2.2"})
      .Record(z, "www.example.com", "TXT", 60, {"odd"})
      .Record(z, "alias.example.com", "CNAME", 60, {"www.example.com"})
      .Record(z, "alias2.example.com", "CNAME", 60, {"alias.example.com"})
      .Record(z, "failing.example.com", "CNAME", 60, {"app.example.com"})
      .Record(z, "dangling.example.com", "CNAME", 60, {"nowhere.example.com"})
      .Record(z, "notype.example.com", "CNAME", 60, {"onlytxt.example.com"})
      .Record(z, "onlytxt.example.com", "TXT", 60, {"text"})
      .Record(z, "outside.example.com", "CNAME", 60, {"www.elsewhere.org"})
      .Record(z, "across.example.com", "CNAME", 60, {"host.other.net"})
      .Record(z, "loop1.example.com", "CNAME", 60, {"loop2.example.com"})
      .Record(z, "loop2.example.com", "CNAME", 60, {"loop1.example.com"})
      .Record(z, "todeleg.example.com", "CNAME", 60, {"x.sub.example.com"})
      .Record(z, "a.empty.example.com", "A", 60, {"192.0.2.3"})
      .Record(z, "*.wild.example.com", "A", 60, {"192.0.2.4"})
      .Record(z, "there.wild.example.com", "TXT", 60, {"here"})
      .Record(z, "*.cwild.example.com", "CNAME", 60, {"www.example.com"})
      .Record(z, "sub.example.com", "NS", 60, {"ns.sub.example.com", "ns.elsewhere.org"})
      .Record(z, "sub.example.com", "DS", 60,
              {std::string("\x01\x02\x08\x02") + std::string(32, 'd')})
      .Record(z, "ns.sub.example.com", "A", 60, {"192.0.2.5"})
      .Record(z, "child.example.com", "NS", 60, {"ns.child.example.com"})
      .Record(z, "child.example.com", "DS", 60,
              {std::string("\x01\x02\x08\x02") + std::string(32, 'e')})
      .Record(z, "in.hollow.example.com", "NS", 60, {"ns.in.hollow.example.com"})
      .Record(z, "deep.child.example.com", "DS", 60,
              {std::string("\x01\x02\x08\x02") + std::string(32, 'f')})
      .Record(z, "tree.example.com", "DNAME", 60, {"other.net"})
      .Record("other.net", "host.other.net", "A", 60, {"192.0.2.6"});
  std::vector<std::string> many;
  for (int i = 0; i < 60; ++i) many.push_back("192.0.3." + std::to_string(i));
  b.Record(z, "many.example.com", "A", 60, many);
  b.Write(path, 1,
          {contract::Choice::kPrimary, contract::Choice::kPrimary, contract::Choice::kSecondary});
}

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_ZONE_OF_CASES_H_
