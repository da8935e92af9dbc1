#include "dataplane/port/port_spec.h"

#include <gtest/gtest.h>

namespace understudy::port {
namespace {

PortSpec Parsed(std::string_view text) {
  std::string error;
  const auto spec = ParsePortSpec(text, &error);
  EXPECT_TRUE(spec) << error;
  return spec.value_or(PortSpec{});
}

TEST(PortSpec, EveryKindIsUnderstood) {
  EXPECT_EQ(Parsed("af_xdp:eth1").kind, PortKind::kAfXdp);
  EXPECT_EQ(Parsed("af_xdp:eth1").target, "eth1");
  EXPECT_EQ(Parsed("nic:0000:03:00.0").target, "0000:03:00.0");
  EXPECT_EQ(Parsed("nic:03:00.1").kind, PortKind::kNic);
  EXPECT_EQ(Parsed("eal:net_af_packet0,iface=x").target, "net_af_packet0,iface=x");
  const PortSpec memif = Parsed("memif:/run/m.sock,id=3,role=client");
  EXPECT_EQ(memif.target, "/run/m.sock");
  EXPECT_EQ(memif.memif_id, 3U);
  EXPECT_FALSE(memif.memif_server);
  EXPECT_TRUE(Parsed("memif:/run/m.sock").memif_server);
}

TEST(PortSpec, OnlyNicsHaveAKernelSide) {
  EXPECT_TRUE(IsWholeNic(PortKind::kNic));
  EXPECT_TRUE(IsWholeNic(PortKind::kEal));
  EXPECT_FALSE(IsWholeNic(PortKind::kAfXdp));
  EXPECT_FALSE(IsWholeNic(PortKind::kMemif));
}

TEST(PortSpec, WhatIsWrongIsSaid) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"eth1", "say af_xdp:IFACE"},
      {"xdp:eth1", "say af_xdp:IFACE"},
      {"af_xdp:", "1 to 15 characters"},
      {"af_xdp:abcdefghijklmnop", "1 to 15 characters"},
      {"af_xdp:eth1,queue_count=2", "none of them"},
      {"nic:eth0", "looks like 0000:03:00.0"},
      {"nic:0000:03:00.x", "looks like 0000:03:00.0"},
      {"eal:crypto_null", "net_af_packet0"},
      {"memif:", "1 to 107"},
      {"memif:/s,id=x", "id= takes a number"},
      {"memif:/s,role=both", "role=server"},
  };
  for (const auto& [text, says] : kWrong) {
    std::string error;
    EXPECT_FALSE(ParsePortSpec(text, &error)) << text;
    EXPECT_NE(error.find(says), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace understudy::port
