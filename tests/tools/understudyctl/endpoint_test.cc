#include "tools/understudyctl/endpoint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/control/scratch_directory.h"

namespace understudy::ctl {
namespace {

class EndpointTest : public testing::Test {
 protected:
  std::string FileWith(const std::string& text) {
    const std::string path = scratch_.path() + "/token";
    std::ofstream(path) << text;
    return path;
  }
  absl::StatusOr<Endpoint> Of(const std::string& url) {
    return RemoteEndpoint(url, FileWith("secret\n"), "");
  }

  ScratchDirectory scratch_;
};

TEST_F(EndpointTest, AUrlIsAHostAndAPort) {
  const struct {
    const char* url;
    const char* host;
    const char* port;
  } cases[] = {{"https://edge1.example.net:8443", "edge1.example.net", "8443"},
               {"https://edge1.example.net", "edge1.example.net", "443"},
               {"https://edge1.example.net:8443/", "edge1.example.net", "8443"},
               {"https://192.0.2.1:1", "192.0.2.1", "1"},
               {"https://[2001:db8::1]:65535", "2001:db8::1", "65535"},
               {"https://[2001:db8::1]", "2001:db8::1", "443"}};
  for (const auto& [url, host, port] : cases) {
    const absl::StatusOr<Endpoint> endpoint = Of(url);
    ASSERT_TRUE(endpoint.ok()) << url << endpoint.status();
    EXPECT_EQ(endpoint->host, host);
    EXPECT_EQ(endpoint->port, port);
    EXPECT_EQ(endpoint->token, "secret");
    EXPECT_TRUE(endpoint->is_remote());
  }
  EXPECT_EQ(Of("https://[2001:db8::1]:8443")->Text(), "https://[2001:db8::1]:8443");
}

TEST_F(EndpointTest, AUrlThatIsNoneIsRefusedWithAnExample) {
  for (const char* url :
       {"http://edge1:8443", "edge1:8443", "https://", "https://:8443", "https://edge1:0",
        "https://edge1:65536", "https://edge1:x", "https://edge1:", "https://[2001:db8::1",
        "https://[]:1", "https://edge1/v1", "https://user@edge1", "https://2001:db8::1"}) {
    const absl::StatusOr<Endpoint> endpoint = Of(url);
    ASSERT_FALSE(endpoint.ok()) << url;
    EXPECT_NE(endpoint.status().message().find("--url"), std::string::npos);
    EXPECT_NE(endpoint.status().message().find(url), std::string::npos);
  }
}

TEST_F(EndpointTest, ATokenIsOneVisibleLine) {
  for (const char* text : {"", "\n", "two words", "line\nline", "\x01"}) {
    EXPECT_FALSE(RemoteEndpoint("https://h", FileWith(text), "").ok()) << text;
  }
  EXPECT_FALSE(RemoteEndpoint("https://h", FileWith(std::string(5000, 'x')), "").ok());
  EXPECT_FALSE(RemoteEndpoint("https://h", "/nonexistent", "").ok());
  EXPECT_FALSE(RemoteEndpoint("https://h", "", "").ok());
  EXPECT_FALSE(RemoteEndpoint("https://h", FileWith("x"), "/nonexistent").ok());
  EXPECT_TRUE(RemoteEndpoint("https://h", FileWith("  spaced \r\n"), "").ok());
}

}  // namespace
}  // namespace understudy::ctl
