#include "dataplane/responder/server_cookie.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "tests/dataplane/frames.h"
#include "tests/dataplane/responder/hex.h"

namespace understudy::responder {
namespace {

using test::Hex;

// RFC 9018 appendix A: what a client sends at a time, and what it gets.
struct Vector {
  const char* description;
  const char* secret;
  const char* address;
  const char* sent;
  uint32_t now_s;
  const char* received;
  CookieAge age;
};
const Vector kVectors[] = {
    {"A.1 a new server cookie", "e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
     "2464c4abcf10c957", 1559731985, "010000005cf79f111f8130c3eee29480", CookieAge::kInvalid},
    {"A.2 the same client 40 minutes later", "e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385,
     "010000005cf7a871d4a564a1442aca77", CookieAge::kRenew},
    {"A.3 another client, reserved bits set", "e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203",
     "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559728700, nullptr, CookieAge::kFresh},
    {"A.3 and the cookie it gets", "e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203",
     "fc93fc62807ddb86", 1559734700, "010000005cf7a9acf73a7810aca2381e", CookieAge::kInvalid},
    {"A.4 an IPv6 client, the old secret", "dd3bdf9344b678b185a6f5cb60fca715",
     "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
     1559741961, nullptr, CookieAge::kFresh},
    {"A.4 an IPv6 client, the new secret", "445536bcd2513298075a5d379663c962",
     "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
     1559741961, "010000005cf7c609a6bb79d16625507a", CookieAge::kInvalid},
};

CookieSecret SecretOf(const std::string& hex) {
  CookieSecret secret{};
  const std::string octets = Hex(hex);
  std::memcpy(secret.data(), octets.data(), secret.size());
  return secret;
}

const uint8_t* Bytes(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

std::string Make(const CookieSecret& secret, const CookieClient& client, uint32_t now_s) {
  std::string made(kServerCookie, '\0');
  MakeServerCookie(secret, client, now_s, reinterpret_cast<uint8_t*>(made.data()));
  return made;
}

TEST(ServerCookie, AgreesWithTheVectorsOfTheRfc) {
  for (const Vector& v : kVectors) {
    const std::string sent = Hex(v.sent);
    const std::string address = test::Address(v.address);
    const CookieClient client = {Bytes(sent), Bytes(address), address.size()};
    const CookieSecret secret = SecretOf(v.secret);
    if (v.received != nullptr) {
      EXPECT_EQ(Make(secret, client, v.now_s), Hex(v.received)) << v.description;
    }
    if (sent.size() == kClientCookie) continue;
    EXPECT_EQ(CheckServerCookie(secret, client, v.now_s, Bytes(sent) + kClientCookie), v.age)
        << v.description;
  }
}

class ServerCookieTest : public testing::Test {
 protected:
  CookieAge AgeAt(uint32_t now_s, const std::string& cookie) const {
    return CheckServerCookie(secret_, client_, now_s, Bytes(cookie));
  }

  const CookieSecret secret_ = SecretOf("000102030405060708090a0b0c0d0e0f");
  const std::string cookie_ = "12345678";
  const std::string address_ = test::Address("192.0.2.1");
  const CookieClient client_ = {Bytes(cookie_), Bytes(address_), address_.size()};
};

TEST_F(ServerCookieTest, LivesAnHourAndIsRenewedAfterHalf) {
  for (const uint32_t made_s : {1'000'000U, 0xffff'ff00U}) {  // the second passes the era's end
    const std::string made = Make(secret_, client_, made_s);
    EXPECT_EQ(AgeAt(made_s - 301, made), CookieAge::kInvalid);
    EXPECT_EQ(AgeAt(made_s - 300, made), CookieAge::kFresh);
    EXPECT_EQ(AgeAt(made_s, made), CookieAge::kFresh);
    EXPECT_EQ(AgeAt(made_s + 1800, made), CookieAge::kFresh);
    EXPECT_EQ(AgeAt(made_s + 1801, made), CookieAge::kRenew);
    EXPECT_EQ(AgeAt(made_s + 3600, made), CookieAge::kRenew);
    EXPECT_EQ(AgeAt(made_s + 3601, made), CookieAge::kInvalid);
  }
}

TEST_F(ServerCookieTest, IsForOneClientAtOneAddressOnly) {
  const std::string made = Make(secret_, client_, 1000);
  for (size_t i = 0; i < made.size(); ++i) {
    std::string other = made;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_EQ(AgeAt(1000, other), CookieAge::kInvalid) << "octet " << i;
  }
  const std::string elsewhere = test::Address("192.0.2.2");
  const std::string another = "12345679";
  EXPECT_EQ(CheckServerCookie(secret_, {Bytes(cookie_), Bytes(elsewhere), 4}, 1000, Bytes(made)),
            CookieAge::kInvalid);
  EXPECT_EQ(CheckServerCookie(secret_, {Bytes(another), Bytes(address_), 4}, 1000, Bytes(made)),
            CookieAge::kInvalid);
}

TEST(CookieSecrets, AreNeverSeenHalfPublished) {
  CookieSecrets secrets;
  const auto keys_of = [](uint8_t value) {
    CookieKeys keys;
    keys.current.fill(value);
    keys.other.fill(value);
    return keys;
  };
  secrets.Publish(keys_of(0));
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  const auto read = [&] {
    while (!stop.load()) {
      const CookieKeys keys = secrets.Read();
      if (keys.current != keys_of(keys.current[0]).current || keys.other != keys.current) ++torn;
    }
  };
  std::thread first(read);
  std::thread second(read);
  for (int i = 0; i < 100'000; ++i) secrets.Publish(keys_of(static_cast<uint8_t>(i)));
  stop = true;
  first.join();
  second.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace understudy::responder
