// Keccak-256 and BLAKE3 are libraries; the vectors say that the right variants are wired.
#include <gtest/gtest.h>

#include "crypto/blake3.hpp"
#include "crypto/keccak.hpp"

namespace miden {
namespace {

TEST(Keccak256, UsesTheOriginalPadding) {
  EXPECT_EQ(to_hex(keccak256({})),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(to_hex(keccak256(as_bytes("a"))),
            "3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb");
  EXPECT_EQ(to_hex(keccak256(as_bytes("abc"))),
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

TEST(Blake3, HashesShortAndLongInputs) {
  EXPECT_EQ(to_hex(blake3({})), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  EXPECT_EQ(to_hex(blake3(as_bytes("abc"))),
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
  // From BLAKE3's published test vectors: bytes 0 to 250 repeated; long enough for every SIMD
  // width.
  Bytes bytes(102400);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i % 251);
  EXPECT_EQ(to_hex(blake3(bytes)),
            "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085");
}

// Made with miden-core 0.23.5.
TEST(Blake3, DerivesWordsFromNames) {
  EXPECT_EQ(hash_string_to_word("").to_hex(),
            "0xaf1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  EXPECT_EQ(
      hash_string_to_word("miden::standards::auth::network_account::allowed_note_scripts").to_hex(),
      "0x22df43fa908d811d3bf2a238ffd0c2f0f403856adab191facfd62bced2c3af41");
  EXPECT_EQ(
      hash_string_to_word("miden::protocol::faucet::callback::on_before_asset_added_to_account")
          .to_hex(),
      "0x6228ab2fc721d9f053b47449d183f921bb94e1b5ad1c27f49f53ff2435016eb0");
}

}  // namespace
}  // namespace miden
