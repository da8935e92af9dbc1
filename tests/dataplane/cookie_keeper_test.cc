#include "dataplane/cookie_keeper.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/dataplane/responder/hex.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

const std::string kOne = "00112233445566778899aabbccddeeff";
const std::string kTwo = "ffeeddccbbaa99887766554433221100";

std::string TextOf(const responder::CookieSecret& secret) { return {secret.begin(), secret.end()}; }

TEST(CookieKeeper, MakesSecretsByChanceAndRotatesThemEveryDay) {
  std::string error;
  const auto keeper = CookieKeeper::Open("", 1000, &error);
  ASSERT_TRUE(keeper) << error;
  const responder::CookieKeys first = keeper->secrets().Read();
  EXPECT_EQ(first.current, first.other);
  keeper->Tick(1000 + CookieKeeper::kRotateEveryNs - 1);
  EXPECT_EQ(keeper->secrets().Read().current, first.current);
  keeper->Tick(1000 + CookieKeeper::kRotateEveryNs);
  const responder::CookieKeys second = keeper->secrets().Read();
  EXPECT_NE(second.current, first.current);
  EXPECT_EQ(second.other, first.current);
  const auto another = CookieKeeper::Open("", 1000, &error);
  EXPECT_NE(another->secrets().Read().current, first.current);
}

TEST(CookieKeeper, SharesSecretsOfAFileAndReadsItAgain) {
  const test::Scratch scratch;
  const std::string path = scratch / "secrets";
  std::ofstream(path) << kOne << "\n";
  std::string error;
  const auto keeper = CookieKeeper::Open(path, 1, &error);
  ASSERT_TRUE(keeper) << error;
  EXPECT_EQ(TextOf(keeper->secrets().Read().current), test::Hex(kOne));
  EXPECT_EQ(TextOf(keeper->secrets().Read().other), test::Hex(kOne));
  std::ofstream(path) << kTwo << "\n" << kOne << "\n";
  keeper->Tick(2 * CookieKeeper::kRotateEveryNs);
  EXPECT_EQ(TextOf(keeper->secrets().Read().current), test::Hex(kOne)) << "only when told";
  EXPECT_NE(keeper->Reload().find("read from"), std::string::npos);
  EXPECT_EQ(TextOf(keeper->secrets().Read().current), test::Hex(kTwo));
  EXPECT_EQ(TextOf(keeper->secrets().Read().other), test::Hex(kOne));
  std::ofstream(path) << "nonsense";
  EXPECT_NE(keeper->Reload().find("stay in use"), std::string::npos);
  EXPECT_EQ(TextOf(keeper->secrets().Read().current), test::Hex(kTwo));
}

TEST(CookieKeeper, SaysWhatIsWrongWithAFile) {
  std::string error;
  EXPECT_FALSE(CookieKeeper::Open("/nowhere/secrets", 1, &error));
  EXPECT_NE(error.find("cannot read --cookie-secret-file /nowhere/secrets"), std::string::npos);
  const std::pair<std::string, const char*> kWrong[] = {
      {"", "no secret"},
      {kOne.substr(1), "secret 1 does not have 32"},
      {kOne + " " + kTwo + "0", "secret 2 does not have 32"},
      {kOne.substr(2) + "xx", "secret 1 does not have 32"},
      {kOne + " " + kTwo + " " + kOne, "secret 3 is one too many"}};
  for (const auto& [text, says] : kWrong) {
    EXPECT_FALSE(ParseCookieSecrets(text, &error)) << text;
    EXPECT_NE(error.find(says), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace understudy
