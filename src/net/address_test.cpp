#include "net/address.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

TEST(SocketAddress, TakesIpAndPort) {
  EXPECT_EQ(*SocketAddress::parse("127.0.0.1:57291"), (SocketAddress{"127.0.0.1", 57291, false}));
  EXPECT_EQ(*SocketAddress::parse("0.0.0.0:0"), (SocketAddress{"0.0.0.0", 0, false}));
  EXPECT_EQ(*SocketAddress::parse("[::1]:80"), (SocketAddress{"::1", 80, true}));
  EXPECT_EQ(SocketAddress::parse("[::1]:80")->to_string(), "[::1]:80");
}

TEST(SocketAddress, RefusesEverythingElse) {
  for (const auto* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
        "localhost:80", "::1:80", "[::1]", "[127.0.0.1]:80", "[::1:80", "1.2.3:80", ":80"}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "InvalidSocketAddress");
  }
}

TEST(ServiceUrl, TakesSchemeHostAndPort) {
  EXPECT_EQ(*ServiceUrl::parse("http://127.0.0.1:50101"), (ServiceUrl{false, "127.0.0.1", 50101}));
  EXPECT_EQ(*ServiceUrl::parse("https://rpc.example.org/"),
            (ServiceUrl{true, "rpc.example.org", 443}));
  EXPECT_EQ(*ServiceUrl::parse("http://node"), (ServiceUrl{false, "node", 80}));
  EXPECT_EQ(ServiceUrl::parse("http://[::1]:7")->authority(), "[::1]:7");
  EXPECT_EQ(ServiceUrl::parse("https://a")->to_string(), "https://a:443");
}

TEST(ServiceUrl, RefusesEverythingElse) {
  for (const auto* text :
       {"", "127.0.0.1:50101", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:b",
        "http://a/path", "http://a b", "http://a?x", "http://u@a", "http://[::g]:1"}) {
    const auto parsed = ServiceUrl::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "InvalidUrl");
  }
}

}  // namespace
}  // namespace miden
