// Four field elements: the digest of every hash, the key and value of every tree. spec/crypto.md
// §2.
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "crypto/felt.hpp"

namespace miden {

struct Word {
  std::array<Felt, 4> elements{};

  constexpr Word() = default;
  constexpr Word(Felt a, Felt b, Felt c, Felt d) : elements{a, b, c, d} {}
  // From integers below p.
  static constexpr Word of(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    return {Felt::from_canonical(a), Felt::from_canonical(b), Felt::from_canonical(c),
            Felt::from_canonical(d)};
  }
  // "0x" and exactly 64 digits of either case. Errors: InvalidHex, InvalidValue.
  static Result<Word> from_hex(std::string_view text);
  // "0x" and 64 lower-case digits: the 32 wire bytes in order.
  std::string to_hex() const;
  std::array<uint8_t, 32> to_wire() const;

  constexpr Felt operator[](size_t i) const { return elements[i]; }
  constexpr Felt& operator[](size_t i) { return elements[i]; }
  constexpr bool is_zero() const { return *this == Word(); }

  friend constexpr bool operator==(const Word&, const Word&) = default;
  // Element 3 weighs most, then 2, 1, 0: the order of every sorted set of words.
  friend constexpr std::strong_ordering operator<=>(const Word& a, const Word& b) {
    for (size_t i = 4; i-- > 0;) {
      if (const auto order = a.elements[i] <=> b.elements[i]; order != 0) return order;
    }
    return std::strong_ordering::equal;
  }

  // 32 bytes, element 0 first.
  void encode(ByteWriter& writer) const;
  static Result<Word> decode(ByteReader& reader);
};

static_assert(sizeof(Word) == 32);

// A Word with a meaning of its own: NoteId and Nullifier cannot be confused. `Tag` is any type.
template <class Tag>
struct TaggedWord {
  Word word;

  constexpr TaggedWord() = default;
  explicit constexpr TaggedWord(const Word& value) : word(value) {}
  friend constexpr auto operator<=>(const TaggedWord&, const TaggedWord&) = default;

  std::string to_hex() const { return word.to_hex(); }
  void encode(ByteWriter& writer) const { word.encode(writer); }
  static Result<TaggedWord> decode(ByteReader& reader) {
    return TaggedWord(TRY(Word::decode(reader)));
  }
};

// For hash maps: hash outputs are uniform, so folding the elements spreads well enough; keys chosen
// by an adversary need a seeded hash instead.
struct WordHash {
  size_t operator()(const Word& word) const noexcept {
    uint64_t h = 0;
    for (const Felt e : word.elements) h = (h ^ e.value()) * 0x9e3779b97f4a7c15;
    return static_cast<size_t>(h ^ (h >> 32));
  }
  template <class Tag>
  size_t operator()(const TaggedWord<Tag>& tagged) const noexcept {
    return (*this)(tagged.word);
  }
};

}  // namespace miden

template <>
struct std::hash<miden::Word> : miden::WordHash {};
template <class Tag>
struct std::hash<miden::TaggedWord<Tag>> : miden::WordHash {};
