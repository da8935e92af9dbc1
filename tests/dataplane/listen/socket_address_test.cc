#include "dataplane/listen/socket_address.h"

#include <gtest/gtest.h>

namespace understudy::listen {
namespace {

TEST(SocketAddress, TextComesBackAsItWas) {
  for (const char* text : {"127.0.0.1:5353", "0.0.0.0:53", "[::]:53", "[2001:db8::1]:65535"}) {
    std::string error;
    const auto address = ParseSocketAddress(text, &error);
    ASSERT_TRUE(address) << error;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(SocketAddress, OnlyTheUnspecifiedAddressesAreWildcards) {
  std::string error;
  EXPECT_TRUE(ParseSocketAddress("0.0.0.0:53", &error)->is_wildcard());
  EXPECT_TRUE(ParseSocketAddress("[::]:53", &error)->is_wildcard());
  EXPECT_FALSE(ParseSocketAddress("127.0.0.1:53", &error)->is_wildcard());
  EXPECT_FALSE(ParseSocketAddress("[::1]:53", &error)->is_wildcard());
}

TEST(SocketAddress, WhatIsNoAddressIsRefused) {
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:53",
        "[127.0.0.1]:53", "localhost:53", "[::1]53", "127.0.0.1:53x"}) {
    std::string error;
    EXPECT_FALSE(ParseSocketAddress(text, &error)) << text;
    EXPECT_NE(error.find("say ADDRESS:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy::listen
