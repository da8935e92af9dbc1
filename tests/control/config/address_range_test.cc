#include "control/config/address_range.h"

#include <gtest/gtest.h>

namespace understudy::control {
namespace {

TEST(AddressRange, ForbiddenOnesAreThoseOfTheRegistries) {
  for (const char* address : {"10.0.0.0",     "10.255.255.255",
                              "100.64.0.1",   "100.127.255.255",
                              "127.0.0.1",    "169.254.1.1",
                              "172.16.0.1",   "172.31.255.255",
                              "192.0.0.1",    "192.0.2.1",
                              "192.88.99.1",  "192.168.0.1",
                              "198.18.0.1",   "198.19.255.255",
                              "198.51.100.1", "203.0.113.1",
                              "::1",          "::ffff:10.0.0.1",
                              "::10.0.0.1",   "64:ff9b::10.0.0.1",
                              "64:ff9b:1::1", "100::1",
                              "2001::1",      "2001:10::1",
                              "2001:db8::1",  "2002:0a00:0001::1",
                              "3ffe::1",      "3fff:fff::1",
                              "5f00::1",      "fc00::1",
                              "fdff::1",      "fe80::1",
                              "fe80::1%eth0", "febf::1",
                              "fec0::1"}) {
    EXPECT_NE(ForbiddenRangeOf(address, false), "") << address;
    EXPECT_EQ(ForbiddenRangeOf(address, true), "") << address;
  }
  for (const char* address :
       {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "ff02::1", "::ffff:0.0.0.0", "64:ff9b::e000:1"}) {
    EXPECT_NE(ForbiddenRangeOf(address, false), "") << address;
    EXPECT_NE(ForbiddenRangeOf(address, true), "") << address;
  }
  for (const char* address : {"1.1.1.1",         "9.255.255.255",    "11.0.0.0",
                              "100.63.255.255",  "100.128.0.0",      "126.0.0.1",
                              "172.15.255.255",  "172.32.0.0",       "192.0.1.1",
                              "192.0.3.1",       "198.17.255.255",   "198.20.0.0",
                              "223.255.255.255", "2606:4700::1",     "2001:200::1",
                              "2a00::1",         "64:ff9b::8.8.8.8", "2002:0808:0808::1",
                              "::ffff:8.8.8.8",  "no address",       ""}) {
    EXPECT_EQ(ForbiddenRangeOf(address, false), "") << address;
  }
}

}  // namespace
}  // namespace understudy::control
