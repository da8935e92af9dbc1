#include "control/config/configuration.h"

#include <gtest/gtest.h>

#include "control/config/instance_name.h"
#include "tests/control/config/config_folder.h"

namespace understudy::control {
namespace {

std::string LongText() {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  return text;
}

TEST(PackTest, ALargeTextIsPackedAndComesBackOctetForOctet) {
  const std::string text = LongText() + std::string("\xff\0\x01", 3);
  const PackedText packed = Pack(text);
  EXPECT_LT(packed.bytes.size(), text.size() / 3);
  EXPECT_EQ(Unpack(packed).value(), text);
}

TEST(PackTest, ASmallTextStaysReadable) {
  EXPECT_EQ(Pack("instance: a\n").bytes, "instance: a\n");
  EXPECT_EQ(Unpack(Pack("")).value(), "");
}

TEST(PackTest, DamagedBytesAreNotTakenForAText) {
  PackedText packed = Pack(LongText());
  packed.bytes[packed.bytes.size() / 2] ^= 0x10;
  EXPECT_TRUE(absl::IsDataLoss(Unpack(packed).status()));
  packed = Pack(LongText());
  packed.octets += 1;
  EXPECT_TRUE(absl::IsDataLoss(Unpack(packed).status()));
  packed.octets = ~uint64_t{0};
  EXPECT_TRUE(absl::IsDataLoss(Unpack(packed).status()));
}

TEST(ConfigurationTest, ItsIdIsOfItsTextsAndPathsAlone) {
  const ConfigTexts base{.file = "a.yaml", .yaml = "y", .zones = {{"p", "1"}, {"q", "2"}}};
  const std::string id = PackTexts(base).id;
  EXPECT_EQ(id.size(), 64u);
  ConfigTexts other = base;
  other.file = "b.yaml";
  EXPECT_EQ(PackTexts(other).id, id);
  std::vector<ConfigTexts> variants(4, base);
  variants[0].yaml = "Y";
  variants[1].zones["p"] = "2";
  variants[2].zones = {{"p", "1"}};
  variants[3].zones = {{"p", "2"}, {"q", "1"}};
  for (const ConfigTexts& variant : variants) EXPECT_NE(PackTexts(variant).id, id);
}

TEST(ConfigurationTest, TextsThatAreNotThoseOfTheIdAreNotGivenOut) {
  Configuration configuration = PackTexts({.file = "a", .yaml = "y", .zones = {{"p", "1"}}});
  EXPECT_EQ(UnpackTexts(configuration)->zones.at("p"), "1");
  configuration.zones["p"] = Pack("2");
  EXPECT_TRUE(absl::IsDataLoss(UnpackTexts(configuration).status()));
}

TEST(ConfigurationTest, BeyondTheLimitTheIdIsKeptAndTheTextsAreNot) {
  const std::string large(kMaxTextsOctets, 'x');
  TextsPacker packer;
  packer.AddYaml("y");
  packer.AddZone("p", large);
  const Configuration configuration = packer.Take();
  EXPECT_FALSE(configuration.is_kept);
  EXPECT_EQ(configuration.octets, kMaxTextsOctets + 1);
  EXPECT_EQ(configuration.id.size(), 64u);
  EXPECT_TRUE(configuration.zones.empty());
  EXPECT_TRUE(absl::IsFailedPrecondition(UnpackTexts(configuration).status()));
}

TEST(ConfigurationTest, AFileThatSeveralZonesAreReadFromIsKeptOnce) {
  TextsPacker packer;
  packer.AddYaml("y");
  packer.AddZone("p", "first");
  packer.AddZone("p", "changed on disk meanwhile");
  const Configuration configuration = packer.Take();
  EXPECT_EQ(configuration.octets, 6u);
  EXPECT_EQ(UnpackTexts(configuration)->zones.at("p"), "first");
}

TEST(ConfigurationTest, AnAppliedOneTellsWhoAndWhenAndBothWaysOutOfIt) {
  Configuration configuration;
  configuration.at = absl::FromUnixSeconds(1'769'860'800);
  configuration.author = "alice (uid 0)";
  const std::string text = AppliedText(configuration);
  EXPECT_TRUE(text.starts_with("was applied 2026-01-31 12:00:00 UTC by alice (uid 0)")) << text;
  EXPECT_NE(text.find("understudyctl apply -f FILE"), std::string::npos) << text;
  EXPECT_NE(text.find("understudyctl reload --from-file"), std::string::npos) << text;
}

class TextsTest : public ConfigFolder {
 protected:
  static constexpr char kYaml[] =
      "instance: edge1\n"
      "zones:\n"
      "  - {name: example.com, file: example.com.zone}\n";

  ConfigTexts Given() const {
    return {.file = folder_ + "/u.yaml",
            .yaml = kYaml,
            .zones = {{"example.com.zone",
                       "$TTL 300\n@ SOA a.invalid. b.invalid. 1 2 3 4 5\n@ NS a.invalid.\n"}}};
  }
};

TEST_F(TextsTest, WhatIsLoadedFromDiskKeepsItsTexts) {
  Write("u.yaml", kYaml);
  WriteZone("example.com.zone", "");
  const ConfigResult loaded = LoadConfig(folder_ + "/u.yaml");
  ASSERT_TRUE(loaded.state) << loaded.errors.front().Text();
  const Configuration& configuration = *loaded.state->configuration;
  EXPECT_EQ(configuration.origin, Origin::kFile);
  EXPECT_EQ(configuration.file, folder_ + "/u.yaml");
  const ConfigTexts texts = UnpackTexts(configuration).value();
  EXPECT_EQ(texts.yaml, kYaml);
  EXPECT_EQ(configuration.id, PackTexts(Given()).id) << "the same texts handed in";
}

TEST_F(TextsTest, ErrorsOfTextsNameTheSamePlacesAsOfFiles) {
  ConfigTexts texts = Given();
  texts.yaml += "stale_policy: never\n";
  texts.zones["example.com.zone"] += "www A 192.0.2.300\n";
  GivenFiles given(texts);
  const ConfigResult from_texts = ParseConfig(texts.yaml, texts.file, given);
  Write("u.yaml", texts.yaml);
  Write("example.com.zone", texts.zones["example.com.zone"]);
  const ConfigResult from_disk = LoadConfig(folder_ + "/u.yaml");
  EXPECT_EQ(Texts(from_texts.errors).size(), 2u);
  EXPECT_EQ(Texts(from_texts.errors), Texts(from_disk.errors));
}

TEST_F(TextsTest, ZoneFilesThatWereNotHandedInAreNamed) {
  ConfigTexts texts = Given();
  texts.zones.clear();
  texts.zones["unused.zone"] = "";
  GivenFiles given(texts);
  EXPECT_FALSE(ParseConfig(texts.yaml, texts.file, given).state);
  EXPECT_EQ(given.missing(), (std::set<std::string>{"example.com.zone"}));
  EXPECT_TRUE(given.used().empty());
}

TEST(InstanceNameTest, ItIsFoundWithoutTheRest) {
  EXPECT_EQ(InstanceNamedIn("instance: edge1\nzones: [{a: }]\n"), "edge1");
  EXPECT_EQ(InstanceNamedIn("zones: [{instance: no}]\nx: {instance: no}\ninstance: yes1\n"),
            "yes1");
  EXPECT_EQ(InstanceNamedIn("instance: edge1\nzones: [\x01"), "edge1");
  for (const char* none : {"", "zones: []", "- instance: a", "instance: [a]", "instance", "{{{",
                           "a: *b", "instance:"}) {
    EXPECT_EQ(InstanceNamedIn(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace understudy::control
