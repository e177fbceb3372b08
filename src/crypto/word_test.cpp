#include "crypto/word.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace miden {
namespace {

constexpr uint64_t kP = Felt::kModulus;

TEST(Word, PrintsItsWireBytes) {
  EXPECT_EQ(Word::of(1, 0, 0, 0).to_hex(),
            "0x0100000000000000000000000000000000000000000000000000000000000000");
  EXPECT_EQ(Word::of(0x0123456789abcdef, 2, 3, kP - 1).to_hex(),
            "0xefcdab89674523010200000000000000030000000000000000000000ffffffff");
}

TEST(Word, ParsesWhatItPrintsInEitherCase) {
  const Word word = Word::of(0x0123456789abcdef, 2, 3, kP - 1);
  std::string text = word.to_hex();
  EXPECT_EQ(Word::from_hex(text), word);
  std::transform(text.begin() + 2, text.end(), text.begin() + 2, ::toupper);
  EXPECT_EQ(Word::from_hex(text), word);
}

TEST(Word, RefusesOtherTexts) {
  const std::string text = Word::of(1, 2, 3, 4).to_hex();
  EXPECT_EQ(Word::from_hex("").error().code, "InvalidHex");
  EXPECT_EQ(Word::from_hex(text.substr(2)).error().code, "InvalidHex");
  EXPECT_EQ(Word::from_hex(text.substr(0, 65)).error().code, "InvalidHex");
  EXPECT_EQ(Word::from_hex(text + "0").error().code, "InvalidHex");
  EXPECT_EQ(Word::from_hex("0X" + text.substr(2)).error().code, "InvalidHex");
  EXPECT_EQ(Word::from_hex("0x" + std::string(63, '0') + "g").error().code, "InvalidHex");
  // p itself in each element.
  for (size_t i = 0; i < 4; ++i) {
    std::string modulus(64, '0');
    modulus.replace(16 * i, 16, "01000000ffffffff");
    EXPECT_EQ(Word::from_hex("0x" + modulus).error().code, "InvalidValue") << "element " << i;
  }
}

TEST(Word, DecodesCanonicalElementsOnly) {
  const Word word = Word::of(kP - 1, 0, 1, kP - 1);
  EXPECT_EQ(from_bytes<Word>(to_bytes(word)), word);
  EXPECT_EQ(from_bytes<Word>(Bytes(31)).error().code, "UnexpectedEOF");
  EXPECT_EQ(from_bytes<Word>(Bytes(32, 0xff)).error().code, "InvalidValue");
}

TEST(Word, OrdersByTheLastElementFirst) {
  const std::vector<Word> ascending = {Word::of(9, 9, 9, 0), Word::of(0, 0, 0, 1),
                                       Word::of(1, 0, 0, 1), Word::of(0, 1, 0, 1),
                                       Word::of(0, 0, 1, 1), Word::of(0, 0, 0, kP - 1)};
  EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
  EXPECT_EQ(std::adjacent_find(ascending.begin(), ascending.end(), std::greater_equal<>()),
            ascending.end());
}

TEST(TaggedWord, KeepsTheWordsBytesAndOrder) {
  using Id = TaggedWord<struct IdTag>;
  const Id id(Word::of(1, 2, 3, 4));
  EXPECT_EQ(to_bytes(id), to_bytes(id.word));
  EXPECT_EQ(from_bytes<Id>(to_bytes(id)), id);
  EXPECT_LT(Id(Word::of(9, 9, 9, 0)), id);
}

}  // namespace
}  // namespace miden
