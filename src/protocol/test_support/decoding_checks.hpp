// What every encoding must stand: cut anywhere and flipped anywhere.
#pragma once

#include <gtest/gtest.h>

#include "base/serialize.hpp"

namespace miden {

// decode(encode(value)) encodes to the same bytes.
template <Serializable T>
void expect_bytes_survive_decoding(const T& value) {
  const Bytes bytes = to_bytes(value);
  const Result<T> decoded = from_bytes<T>(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(to_hex(to_bytes(*decoded)), to_hex(bytes));
}

// Bytes whose last field is mandatory cannot lose their end.
template <Serializable T>
void expect_every_cut_is_refused(const T& value) {
  const Bytes bytes = to_bytes(value);
  for (size_t length = 0; length < bytes.size(); ++length) {
    // Copied, so that reading past the end is found by the sanitizer.
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    ASSERT_FALSE(from_bytes<T>(cut)) << length << " of " << bytes.size() << " bytes decoded";
  }
}

// Flips each bit in turn: either refused, or a value whose encoding decodes to itself.
template <Serializable T>
void expect_flipped_bits_do_no_harm(const T& value) {
  Bytes bytes = to_bytes(value);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<uint8_t>(1 << bit % 8);
    bytes[bit / 8] ^= mask;
    if (const Result<T> decoded = from_bytes<T>(bytes)) {
      const Bytes again = to_bytes(*decoded);
      const Result<T> twice = from_bytes<T>(again);
      ASSERT_TRUE(twice) << "bit " << bit << ": " << twice.error().message;
      ASSERT_EQ(to_hex(to_bytes(*twice)), to_hex(again)) << "bit " << bit;
    }
    bytes[bit / 8] ^= mask;
  }
}

template <Serializable T>
void expect_robust_encoding(const T& value) {
  expect_bytes_survive_decoding(value);
  expect_every_cut_is_refused(value);
  expect_flipped_bits_do_no_harm(value);
}

// The code of the error, or "ok": compares well and prints well.
template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : std::string(result.error().code);
}

}  // namespace miden
