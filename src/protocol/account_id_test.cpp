#include "protocol/account_id.hpp"

#include <gtest/gtest.h>

#include "protocol/bech32.hpp"
#include "protocol/test_support/decoding_checks.hpp"

namespace miden {
namespace {

Felt felt(uint64_t value) { return Felt::from_canonical(value); }

// Ids and texts that the reference made.
constexpr std::string_view kPublicHex = "0x6336146d9f30dc1123a7959b33d293";
constexpr std::string_view kPrivateHex = "0x44794cdb0550abe131af9b3408daca";

TEST(AccountId, ReadsAndWritesTheReferencesTexts) {
  const AccountId id = AccountId::parse(kPublicHex).value();
  EXPECT_EQ(id.prefix(), felt(0x6336146d9f30dc11));
  EXPECT_EQ(id.suffix(), felt(0x23a7959b33d29300));
  EXPECT_TRUE(id.is_public());
  EXPECT_EQ(id.to_hex(), kPublicHex);
  EXPECT_EQ(id.to_bech32("mtst"), "mtst1ap3nv9rdnucdcyfr572ekv7jjvd27jj2");
  EXPECT_EQ(AccountId::parse("mtst1ap3nv9rdnucdcyfr572ekv7jjvd27jj2"), id);
  EXPECT_EQ(AccountId::parse("MM1AP3NV9RDNUCDCYFR572EKV7JJV6V9VMM"), id);
  EXPECT_EQ(AccountId::parse("0X6336146D9F30DC1123A7959B33D293"), id);
  EXPECT_EQ(to_hex(to_bytes(id)), kPublicHex.substr(2));

  const AccountId other = AccountId::parse(kPrivateHex).value();
  EXPECT_FALSE(other.is_public());
  EXPECT_EQ(other.to_bech32("mtst"), "mtst1apz8jnxmq4g2hcf347dngzx6egxhxful");
}

TEST(AccountId, WritesWhatItParsesUnderAnyHumanReadablePart) {
  const AccountId id = AccountId::parse(kPublicHex).value();
  for (const std::string& part : {std::string("mdev"), std::string("a1b"), std::string(83, 'x')}) {
    EXPECT_EQ(AccountId::parse(id.to_bech32(part)), id) << part;
  }
}

TEST(AccountId, RefusesTextsThatAreNotIds) {
  const std::string good = "mtst1ap3nv9rdnucdcyfr572ekv7jjvd27jj2";
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'q' ? 'p' : 'q';
    EXPECT_EQ(outcome(AccountId::parse(changed)), "Bech32DecodeError") << changed;
  }
  const AccountId id = AccountId::parse(kPublicHex).value();
  Bytes data = {232};
  for (const uint8_t byte : id.to_wire()) data.push_back(byte);
  EXPECT_EQ(AccountId::parse(encode_bech32m("mm", data)), id);
  data[0] = 16;
  EXPECT_EQ(outcome(AccountId::parse(encode_bech32m("mm", data))), "Bech32DecodeError");
  data[0] = 232;
  data.push_back(5);
  EXPECT_EQ(outcome(AccountId::parse(encode_bech32m("mm", data))), "Bech32DecodeError");
  for (const std::string_view text :
       {"", "1", "mm1", "invalid_string", "Mtst1ap3nv9rdnucdcyfr572ekv7jjvd27jj2",
        "mtst1ap3nv9rdnucdcyfr572ekv7jjvd27jjb"}) {
    EXPECT_EQ(outcome(AccountId::parse(text)), "Bech32DecodeError") << text;
  }
  for (const std::string_view text :
       {"0x", "0xinvalid", "0x6336146d9f30dc1123a7959b33d2", "0x6336146d9f30dc1123a7959b33d29300",
        "0x6336146d9f30dc1123a7959b33d29z"}) {
    EXPECT_EQ(outcome(AccountId::parse(text)), "AccountIdHexParseError") << text;
  }
}

TEST(AccountId, AllowsOnlyVersionOneAndAShapedSuffix) {
  EXPECT_TRUE(AccountId::from_limbs(felt(0x7ffffffffffffff1), felt(0x7fffffffffffff00)));
  EXPECT_TRUE(AccountId::from_limbs(felt(0xfffffffe00000001), felt(0)));
  EXPECT_EQ(outcome(AccountId::from_limbs(felt(0x10), felt(0))), "UnknownAccountIdVersion");
  EXPECT_EQ(outcome(AccountId::from_limbs(felt(0x12), felt(0))), "UnknownAccountIdVersion");
  EXPECT_EQ(outcome(AccountId::from_limbs(felt(1), felt(0x8000000000000000))),
            "AccountIdSuffixMostSignificantBitMustBeZero");
  EXPECT_EQ(outcome(AccountId::from_limbs(felt(1), felt(0x101))),
            "AccountIdSuffixLeastSignificantByteMustBeZero");
}

TEST(AccountId, RefusesBytesThatAreNotFieldElements) {
  Bytes wire(15, 0);
  wire[7] = 1;
  EXPECT_EQ(outcome(AccountId::from_wire(wire)), "ok");
  for (size_t i = 0; i < 4; ++i) wire[i] = 0xff;  // p is 0xffffffff00000001
  wire[6] = 1;
  EXPECT_EQ(outcome(AccountId::from_wire(wire)), "AccountIdInvalidPrefixFieldElement");
  EXPECT_EQ(outcome(from_bytes<AccountId>(wire)), "InvalidValue");
  wire = Bytes(15, 0);
  wire[7] = 1;
  for (size_t i = 8; i < 15; ++i) wire[i] = 0xff;
  EXPECT_EQ(outcome(AccountId::from_wire(wire)), "AccountIdInvalidSuffixFieldElement");
  EXPECT_EQ(outcome(AccountId::from_wire(ByteView(wire).first(14))), "UnexpectedEOF");
}

TEST(AccountId, IgnoresBytesAfterItAsTheReferenceDoes) {
  Bytes wire = *from_hex(kPublicHex.substr(2));
  wire.push_back(0xab);
  EXPECT_EQ(from_bytes<AccountId>(wire), AccountId::parse(kPublicHex));
  EXPECT_EQ(AccountId::from_wire(wire), AccountId::parse(kPublicHex));
}

TEST(AccountId, SurvivesDamage) { expect_robust_encoding(AccountId::parse(kPublicHex).value()); }

TEST(AccountId, IsOrderedAsOneNumber) {
  const AccountId low = *AccountId::from_limbs(felt(0x101), felt(0x7fffffffffffff00));
  const AccountId high = *AccountId::from_limbs(felt(0x201), felt(0));
  EXPECT_LT(low, high);
  EXPECT_LT(high, *AccountId::from_limbs(felt(0x201), felt(0x100)));
}

}  // namespace
}  // namespace miden
