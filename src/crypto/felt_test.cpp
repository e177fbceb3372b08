#include "crypto/felt.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace miden {
namespace {

using uint128 = unsigned __int128;

constexpr uint64_t kP = Felt::kModulus;

// Where carries and reductions begin and end.
constexpr std::array<uint64_t, 12> kEdges = {
    0,          1,          2,      0xfffffffe, 0xffffffff,        0x100000000, 0x7fffffff80000000,
    1ull << 63, kP / 2 + 1, kP - 2, kP - 1,     0xfffffffe00000001};

void expect_field_operations(uint64_t a, uint64_t b) {
  const Felt x = Felt::from_canonical(a);
  const Felt y = Felt::from_canonical(b);
  EXPECT_EQ((x + y).value(), static_cast<uint64_t>((uint128{a} + b) % kP)) << a << " + " << b;
  EXPECT_EQ((x - y).value(), static_cast<uint64_t>((uint128{a} + kP - b) % kP)) << a << " - " << b;
  EXPECT_EQ((x * y).value(), static_cast<uint64_t>(uint128{a} * b % kP)) << a << " * " << b;
}

TEST(Felt, AgreesWithWideIntegerArithmetic) {
  for (const uint64_t a : kEdges) {
    for (const uint64_t b : kEdges) expect_field_operations(a, b);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) expect_field_operations(random() % kP, random() % kP);
}

TEST(Felt, DecodesCanonicalValuesOnly) {
  for (const uint64_t value : kEdges) {
    ByteWriter writer;
    writer.u64(value);
    EXPECT_EQ(from_bytes<Felt>(writer.view()), Felt::from_canonical(value));
    EXPECT_EQ(to_bytes(Felt::from_canonical(value)), std::move(writer).take());
  }
  for (const uint64_t value : {kP, kP + 1, ~uint64_t{0}}) {
    ByteWriter writer;
    writer.u64(value);
    EXPECT_EQ(from_bytes<Felt>(writer.view()).error().code, "InvalidValue");
    EXPECT_EQ(Felt::reduce(value).value(), value - kP);
  }
  EXPECT_EQ(Felt::parse(kP).error().message,
            "invalid value: value 18446744069414584321 is not a valid felt");
}

}  // namespace
}  // namespace miden
