#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace miden {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  Bytes bytes(256);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  const std::string text = to_hex(bytes);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(504), "fcfdfeff");
  EXPECT_EQ(from_hex(text), bytes);
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(from_hex(""), Bytes());
}

TEST(Hex, AcceptsBothCases) { EXPECT_EQ(from_hex("aBCdEF"), (Bytes{0xab, 0xcd, 0xef})); }

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  EXPECT_EQ(from_hex("abc").error().code, "InvalidHex");
  // The neighbours of the digits' ranges, a prefix, a byte above ASCII.
  for (const std::string_view text : {"0/", ":0", "0@", "G0", "0`", "g0", "0x", " 0",
                                      "\xff"
                                      "0"}) {
    EXPECT_EQ(from_hex(text).error().code, "InvalidHex") << text;
  }
}

}  // namespace
}  // namespace miden
