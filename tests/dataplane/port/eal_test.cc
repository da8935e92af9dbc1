#include "dataplane/port/eal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace understudy::port {
namespace {

EalPlan PlanFor(const std::string& port) {
  EalPlan plan;
  plan.instance = "edge1";
  std::string error;
  plan.ports.push_back(*ParsePortSpec(port, &error));
  plan.cpus = {0, 1, 4, 5};
  return plan;
}
std::string Line(const EalPlan& plan) {
  std::string line;
  for (const std::string& argument : EalArguments(plan)) line += argument + " ";
  return line;
}
bool Has(const EalPlan& plan, const std::string& text) {
  return Line(plan).find(text) != std::string::npos;
}

TEST(Eal, WorkersTakeTheLastCpusAndTheRestFloats) {
  EalPlan plan = PlanFor("af_xdp:eth1");
  plan.workers = 2;
  EXPECT_TRUE(Has(plan, "--lcores 0@(0,1,4,5),1@5,2@4 ")) << Line(plan);
}

TEST(Eal, MemoryIsAnonymousWithHugepagesAndWithout) {
  EalPlan plan = PlanFor("af_xdp:eth1");
  plan.hugepages = true;
  EXPECT_TRUE(Has(plan, "--in-memory"));
  EXPECT_FALSE(Has(plan, "--no-huge"));
  plan.hugepages = false;
  EXPECT_FALSE(Has(plan, "--in-memory"));  // EAL takes them only apart
  EXPECT_TRUE(Has(plan, "--no-huge --no-shconf"));
}

TEST(Eal, OnlyTheNamedPciDevicesAreTouched) {
  EXPECT_TRUE(Has(PlanFor("af_xdp:eth1"), "--no-pci"));
  EXPECT_TRUE(Has(PlanFor("nic:0000:03:00.0"), "-a 0000:03:00.0"));
  EXPECT_FALSE(Has(PlanFor("nic:0000:03:00.0"), "--no-pci"));
}

TEST(Eal, WhatTheUserSaysWins) {
  EalPlan plan = PlanFor("af_xdp:eth1");
  plan.user = {"--lcores", "0@0,1@7"};
  EXPECT_EQ(std::ranges::count(EalArguments(plan), "--lcores"), 1);
  EXPECT_TRUE(Line(plan).ends_with("--lcores 0@0,1@7 "));
}

}  // namespace
}  // namespace understudy::port
