#include "base/serialize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace miden {
namespace {

// A type of one byte that refuses 0xff; enough to see what the containers do.
struct Small {
  uint8_t value = 0;

  friend auto operator<=>(const Small&, const Small&) = default;
  void encode(ByteWriter& writer) const { writer.u8(value); }
  static Result<Small> decode(ByteReader& reader) {
    const uint8_t value = TRY(reader.u8());
    if (value == 0xff) return invalid_value("too large");
    return Small{value};
  }
};

Bytes bytes_of(std::string_view hex) { return from_hex(hex).value(); }

std::string vint_hex(uint64_t value) {
  ByteWriter writer;
  writer.vint(value);
  return to_hex(writer.view());
}

Result<uint64_t> read_vint(std::string_view hex) {
  const Bytes bytes = bytes_of(hex);
  ByteReader reader(bytes);
  return reader.vint();
}

TEST(ByteWriter, WritesIntegersLittleEndian) {
  ByteWriter writer;
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090a0b0c0d0e0f);
  writer.boolean(true);
  writer.boolean(false);
  writer.string("ab");
  EXPECT_EQ(to_hex(writer.view()),
            "01"
            "0302"
            "07060504"
            "0f0e0d0c0b0a0908"
            "01"
            "00"
            "056162");
}

// spec/types.md §1.
TEST(Vint, EncodesTheKnownExamples) {
  EXPECT_EQ(vint_hex(0), "01");
  EXPECT_EQ(vint_hex(1), "03");
  EXPECT_EQ(vint_hex(11), "17");
  EXPECT_EQ(vint_hex(127), "ff");
  EXPECT_EQ(vint_hex(128), "0202");
  EXPECT_EQ(vint_hex(300), "b204");
  EXPECT_EQ(vint_hex(~uint64_t{0}), "00ffffffffffffffff");
}

TEST(Vint, IsMinimalAndRoundTripsAroundEveryLength) {
  for (size_t length = 1; length <= 9; ++length) {
    const uint64_t first = length == 1 ? 0 : uint64_t{1} << (7 * (length - 1));
    const uint64_t last = length == 9 ? ~uint64_t{0} : (uint64_t{1} << (7 * length)) - 1;
    for (const uint64_t value : {first, first + 1, last - 1, last}) {
      const std::string hex = vint_hex(value);
      EXPECT_EQ(hex.size(), 2 * length) << value;
      EXPECT_EQ(read_vint(hex), value) << hex;
    }
  }
}

TEST(Vint, AcceptsEncodingsLongerThanNeeded) {
  EXPECT_EQ(read_vint("0200"), 0);
  EXPECT_EQ(read_vint("0600"), 1);
  EXPECT_EQ(read_vint("8000000000000000"), 0);
  EXPECT_EQ(read_vint("8001000000000000"), 1);
  EXPECT_EQ(read_vint("000b00000000000000"), 11);
}

TEST(Vint, NeedsAllItsBytes) {
  for (const std::string_view hex : {"", "02", "0400", "80000000000000", "0011223344556677"}) {
    EXPECT_EQ(read_vint(hex).error().code, "UnexpectedEOF") << hex;
  }
}

TEST(ByteReader, NeverReadsPastTheEnd) {
  const Bytes bytes = {1, 2, 3};
  EXPECT_EQ(ByteReader(bytes).u32().error(), (Error{"UnexpectedEOF", "unexpected end of file"}));
  EXPECT_EQ(ByteReader(bytes).u64().error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader(bytes).bytes(4).error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader(bytes).bytes(~uint64_t{0}).error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader({}).u8().error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader({}).peek().error().code, "UnexpectedEOF");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0201);
  EXPECT_EQ(reader.peek(), 3);
  EXPECT_EQ(reader.remaining(), 1);
  EXPECT_EQ(reader.u16().error().code, "UnexpectedEOF");
}

TEST(ByteReader, TakesOnly0And1ForABoolean) {
  EXPECT_EQ(ByteReader(Bytes{0}).boolean(), false);
  EXPECT_EQ(ByteReader(Bytes{1}).boolean(), true);
  EXPECT_EQ(ByteReader(Bytes{2}).boolean().error(),
            (Error{"InvalidValue", "invalid value: 2 is not a boolean value"}));
}

Result<std::string> read_string(std::string_view content) {
  ByteWriter writer;
  writer.string(content);
  const Bytes bytes = std::move(writer).take();
  return ByteReader(bytes).string();
}

TEST(ByteReader, ReadsUtf8) {
  for (const std::string_view text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
        "a\xe2\x82\xac"
        "b"}) {
    EXPECT_EQ(read_string(text), text) << to_hex(as_bytes(text));
  }
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(read_string("a\0b"sv), "a\0b"sv);
}

TEST(ByteReader, RefusesWhatIsNotUtf8) {
  for (const std::string_view text : {
           "\x80",
           "\xbf",  // continuation without a lead
           "\xc2",
           "\xe2\x82",
           "\xf0\x9f\x98",  // cut short
           "\xc2\x41",
           "\xe2\x28\xa1",
           "\xe2\x82\x28",
           "\xf0\x9f\x98\x28",
           "\xc0\x80",
           "\xc1\xbf",
           "\xe0\x9f\xbf",
           "\xf0\x8f\xbf\xbf",  // overlong
           "\xed\xa0\x80",
           "\xed\xbf\xbf",  // surrogates
           "\xf4\x90\x80\x80",
           "\xf5\x80\x80\x80",  // above U+10FFFF
           "\xf8\x88\x80\x80\x80",
           "\xff",  // no such lead
           "fine\xe2\x82",
       }) {
    EXPECT_EQ(read_string(text).error(),
              (Error{"InvalidValue", "invalid value: invalid utf-8 sequence"}))
        << to_hex(as_bytes(text));
  }
}

TEST(ByteReader, RefusesHostileLengthsBeforeReserving) {
  ByteWriter writer;
  writer.vint(uint64_t{1} << 60);
  writer.u64(0);
  const ByteView bytes = writer.view();
  EXPECT_EQ(ByteReader(bytes).string().error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader(bytes).length_prefixed().error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader(bytes).count(1).error().code, "UnexpectedEOF");
  ByteReader vec_reader(bytes);
  EXPECT_EQ(decode_vec<Small>(vec_reader).error().code, "UnexpectedEOF");
  ByteReader map_reader(bytes);
  EXPECT_EQ((decode_map<Small, Small>(map_reader).error().code), "UnexpectedEOF");
}

TEST(ByteReader, CountsWhatTheRestCouldHold) {
  const Bytes bytes(64);
  EXPECT_EQ(ByteReader(bytes).checked_count(2, 32), 2);
  EXPECT_EQ(ByteReader(bytes).checked_count(3, 32).error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader(bytes).checked_count(~uint64_t{0}, 32).error().code, "UnexpectedEOF");
  EXPECT_EQ(ByteReader({}).checked_count(0, 32), 0);
}

TEST(Containers, RoundTrip) {
  ByteWriter writer;
  encode_vec(writer, std::vector<Small>{{3}, {1}, {2}});
  encode_option(writer, std::optional<Small>());
  encode_option(writer, std::optional(Small{7}));
  encode_map(writer, std::map<Small, Small>{{{2}, {20}}, {{1}, {10}}});
  EXPECT_EQ(to_hex(writer.view()),
            "07030102"
            "00"
            "0107"
            "05010a0214");
  ByteReader reader(writer.view());
  EXPECT_EQ(decode_vec<Small>(reader), (std::vector<Small>{{3}, {1}, {2}}));
  EXPECT_EQ(decode_option<Small>(reader).value(), std::nullopt);
  EXPECT_EQ(decode_option<Small>(reader).value(), Small{7});
  EXPECT_EQ((decode_map<Small, Small>(reader)), (std::map<Small, Small>{{{1}, {10}}, {{2}, {20}}}));
  EXPECT_EQ(reader.remaining(), 0);
}

TEST(Containers, TakeMapsInAnyOrderAndTheLastOfEqualKeys) {
  const Bytes bytes = bytes_of(
      "07"
      "0214"
      "010a"
      "021e");
  ByteReader reader(bytes);
  EXPECT_EQ((decode_map<Small, Small>(reader)), (std::map<Small, Small>{{{1}, {10}}, {{2}, {30}}}));
}

TEST(Containers, PassOnTheErrorOfAnItem) {
  const Bytes bytes = bytes_of(
      "05"
      "01"
      "ff");
  ByteReader reader(bytes);
  EXPECT_EQ(decode_vec<Small>(reader).error().message, "invalid value: too large");
}

TEST(Containers, IgnoreTrailingBytes) {
  EXPECT_EQ(from_bytes<Small>(bytes_of("05aabbcc")), Small{5});
}

// Damaged input ends in a value or an error, whatever it is.
TEST(Containers, SurviveRandomBytes) {
  constexpr unsigned kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes(random() % 24);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> (random() % 64));
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", input " + to_hex(bytes));
    ByteReader reader(bytes);
    if (const auto items = decode_vec<Small>(reader)) {
      EXPECT_LT(items->size(), 24);
    }
    reader = ByteReader(bytes);
    if (const auto text = reader.string()) {
      EXPECT_LT(text->size(), 24);
    }
  }
}

}  // namespace
}  // namespace miden
