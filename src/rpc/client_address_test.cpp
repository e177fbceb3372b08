#include "rpc/client_address.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

TEST(ClientAddress, ComesFromTheFirstHeaderThatNamesOne) {
  const std::string peer = "ipv4:10.0.0.1:4711";
  EXPECT_EQ(client_address({.x_forwarded_for = "unknown, 1.2.3.4, 5.6.7.8", .x_real_ip = "9.9.9.9"},
                           peer),
            "1.2.3.4");
  EXPECT_EQ(client_address({.x_forwarded_for = "proxy", .x_real_ip = " 9.9.9.9 "}, peer),
            "9.9.9.9");
  EXPECT_EQ(client_address({.forwarded = "by=1.1.1.1; For=\"[2001:db8::1]:80\""}, peer),
            "2001:db8::1");
  EXPECT_EQ(client_address({.forwarded = "for=_hidden, for=2.2.2.2:80"}, peer), "2.2.2.2");
  EXPECT_EQ(client_address({}, peer), "10.0.0.1");
  EXPECT_EQ(client_address({}, "ipv6:%5B::1%5D:4711"), "::1");
  EXPECT_EQ(client_address({}, "unix:/tmp/socket"), "unix:/tmp/socket");
}

}  // namespace
}  // namespace miden
