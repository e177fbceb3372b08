// The reference's binary serialization (spec/types.md §1): little endian, lengths as vint64.
//
// A type takes part by two members:
//   void encode(ByteWriter&) const;
//   static Result<T> decode(ByteReader&);   // all validation rules of the type included
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace miden {

static_assert(std::endian::native == std::endian::little,
              "the byte readers copy integers as they lie");

class ByteWriter {
 public:
  void u8(uint8_t value) { out_.push_back(value); }
  void u16(uint16_t value) { raw(&value, sizeof value); }
  void u32(uint32_t value) { raw(&value, sizeof value); }
  void u64(uint64_t value) { raw(&value, sizeof value); }
  void boolean(bool value) { u8(value ? 1 : 0); }
  void bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  // A length or other usize: 1 to 9 bytes, minimal.
  void vint(uint64_t value) {
    if (value < 0x80) return u8(static_cast<uint8_t>(value << 1 | 1));
    long_vint(value);
  }
  // vint length, then the bytes.
  void length_prefixed(ByteView value) {
    vint(value.size());
    bytes(value);
  }
  void string(std::string_view text) { length_prefixed(as_bytes(text)); }

  void reserve(size_t more) { out_.reserve(out_.size() + more); }
  size_t size() const { return out_.size(); }
  ByteView view() const { return out_; }
  Bytes take() && { return std::move(out_); }

 private:
  void long_vint(uint64_t value);
  void raw(const void* data, size_t size) {
    const auto* first = static_cast<const uint8_t*>(data);
    out_.insert(out_.end(), first, first + size);
  }
  Bytes out_;
};

// Reads from a borrowed span, never past its end; trailing bytes are the caller's to judge (the
// reference ignores them everywhere). Errors: UnexpectedEOF, InvalidValue.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  Result<uint8_t> u8() { return fixed<uint8_t>(); }
  Result<uint16_t> u16() { return fixed<uint16_t>(); }
  Result<uint32_t> u32() { return fixed<uint32_t>(); }
  Result<uint64_t> u64() { return fixed<uint64_t>(); }
  Result<bool> boolean();
  // Accepts encodings longer than needed, as the reference does.
  Result<uint64_t> vint() {
    if (!rest_.empty() && (rest_.front() & 1) != 0) {
      const uint64_t value = rest_.front() >> 1;
      rest_ = rest_.subspan(1);
      return value;
    }
    return long_vint();
  }
  // The next `count` bytes, borrowed.
  Result<ByteView> bytes(uint64_t count) {
    if (count > rest_.size()) return end_of_file();
    const ByteView taken = rest_.first(static_cast<size_t>(count));
    rest_ = rest_.subspan(static_cast<size_t>(count));
    return taken;
  }
  Result<ByteView> length_prefixed() { return bytes(TRY(vint())); }
  // vint length and UTF-8 text. Error: InvalidValue when it is not UTF-8.
  Result<std::string> string();
  // The same, borrowed.
  Result<std::string_view> text();
  // A vint element count that the bytes left could hold at `min_size` bytes (at least 1) each: what
  // a decoder may reserve.
  Result<size_t> count(size_t min_size) { return checked_count(TRY(vint()), min_size); }
  // The same check for a count that was read in another width.
  Result<size_t> checked_count(uint64_t count, size_t min_size) {
    if (count > rest_.size() / min_size) return end_of_file();
    return static_cast<size_t>(count);
  }

  ByteView rest() const { return rest_; }
  size_t remaining() const { return rest_.size(); }
  // The byte the next read starts with. Error: UnexpectedEOF.
  Result<uint8_t> peek() const {
    if (rest_.empty()) return end_of_file();
    return rest_.front();
  }

  static std::unexpected<Error> end_of_file();

 private:
  Result<uint64_t> long_vint();
  template <class T>
  Result<T> fixed() {
    if (rest_.size() < sizeof(T)) [[unlikely]]
      return end_of_file();
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  ByteView rest_;
};

// The error of a decoder that met a value its type does not allow; its text reads as the
// reference's.
std::unexpected<Error> invalid_value(std::string message);

template <class T>
concept Serializable = requires(const T& value, ByteWriter& writer, ByteReader& reader) {
  value.encode(writer);
  { T::decode(reader) } -> std::same_as<Result<T>>;
};

template <Serializable T>
Bytes to_bytes(const T& value) {
  ByteWriter writer;
  value.encode(writer);
  return std::move(writer).take();
}

// Trailing bytes are ignored, as by the reference's read_from_bytes.
template <Serializable T>
Result<T> from_bytes(ByteView bytes) {
  ByteReader reader(bytes);
  return T::decode(reader);
}

template <Serializable T>
void encode_items(ByteWriter& writer, const std::vector<T>& items) {
  for (const T& item : items) item.encode(writer);
}

// Vec<T>: vint count, then the items.
template <Serializable T>
void encode_vec(ByteWriter& writer, const std::vector<T>& items) {
  writer.vint(items.size());
  encode_items(writer, items);
}

// `count` must have passed ByteReader::count.
template <Serializable T>
Result<std::vector<T>> decode_items(ByteReader& reader, size_t count) {
  std::vector<T> items;
  items.reserve(count < 1024 ? count : 1024);
  for (size_t i = 0; i < count; ++i) items.push_back(TRY(T::decode(reader)));
  return items;
}

template <Serializable T>
Result<std::vector<T>> decode_vec(ByteReader& reader) {
  return decode_items<T>(reader, TRY(reader.count(1)));
}

template <Serializable T>
void encode_option(ByteWriter& writer, const std::optional<T>& value) {
  writer.boolean(value.has_value());
  if (value) value->encode(writer);
}

template <Serializable T>
Result<std::optional<T>> decode_option(ByteReader& reader) {
  if (!TRY(reader.boolean())) return std::optional<T>();
  return std::optional<T>(TRY(T::decode(reader)));
}

// BTreeMap<K, V>: vint count, pairs ascending by key.
template <Serializable K, Serializable V>
void encode_map(ByteWriter& writer, const std::map<K, V>& map) {
  writer.vint(map.size());
  for (const auto& [key, value] : map) {
    key.encode(writer);
    value.encode(writer);
  }
}

// Any order is accepted and the last of equal keys wins, as the reference's reader does.
template <Serializable K, Serializable V>
Result<std::map<K, V>> decode_map(ByteReader& reader) {
  const size_t count = TRY(reader.count(1));
  std::map<K, V> map;
  for (size_t i = 0; i < count; ++i) {
    K key = TRY(K::decode(reader));
    V value = TRY(V::decode(reader));
    map.insert_or_assign(std::move(key), std::move(value));
  }
  return map;
}

}  // namespace miden
