// Keys of rows: fields one after the other, integers big endian, so that the store's byte order is
// the order of the fields.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "base/bytes.hpp"

namespace miden {

// Built in place, without an allocation.
class Key {
 public:
  static constexpr size_t kMaxSize = 96;

  Key() = default;

  Key& u8(uint8_t value) { return big_endian(value, 1); }
  Key& u16(uint16_t value) { return big_endian(value, 2); }
  Key& u32(uint32_t value) { return big_endian(value, 4); }
  Key& u64(uint64_t value) { return big_endian(value, 8); }
  // The low `size` bytes of `value`.
  Key& big_endian(uint64_t value, size_t size) {
    uint8_t digits[8];
    for (size_t i = 0; i < size; ++i) digits[size - 1 - i] = static_cast<uint8_t>(value >> (8 * i));
    return bytes({digits, size});
  }
  Key& bytes(ByteView value) {
    if (value.size() > kMaxSize - size_) throw std::length_error("a row's key is too long");
    std::memcpy(bytes_.data() + size_, value.data(), value.size());
    size_ = static_cast<uint8_t>(size_ + value.size());
    return *this;
  }

  ByteView view() const { return {bytes_.data(), size_}; }
  size_t size() const { return size_; }

  // The least key that is greater than every key with this prefix. The prefix must not be all 0xff.
  Key after_prefix() const {
    Key next = *this;
    while (next.size_ > 0 && next.bytes_[next.size_ - 1] == 0xff) --next.size_;
    if (next.size_ == 0) throw std::logic_error("no key lies behind this prefix");
    ++next.bytes_[next.size_ - 1];
    return next;
  }

  friend bool operator==(const Key& a, const Key& b) {
    return as_string_view(a.view()) == as_string_view(b.view());
  }
  friend std::strong_ordering operator<=>(const Key& a, const Key& b) {
    return as_string_view(a.view()) <=> as_string_view(b.view());
  }

 private:
  std::array<uint8_t, kMaxSize> bytes_;
  uint8_t size_ = 0;
};

// Takes the fields out again, in the same order. Keys come from our own rows: one that is too short
// is a damaged store, so reading throws instead of returning an error.
class KeyReader {
 public:
  explicit KeyReader(ByteView key) : rest_(key) {}
  uint8_t u8() { return static_cast<uint8_t>(big_endian(1)); }
  uint16_t u16() { return static_cast<uint16_t>(big_endian(2)); }
  uint32_t u32() { return static_cast<uint32_t>(big_endian(4)); }
  uint64_t u64() { return big_endian(8); }
  uint64_t big_endian(size_t size) {
    uint64_t value = 0;
    for (const uint8_t byte : bytes(size)) value = value << 8 | byte;
    return value;
  }
  ByteView bytes(size_t size);
  ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
};

}  // namespace miden
