#include "crypto/ecdsa.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "crypto/keccak.hpp"

namespace miden {
namespace {

SecretKey key_of(std::string_view hex) { return SecretKey::from_hex(hex).value(); }

Word word_of(std::string_view hex) { return Word::from_hex(hex).value(); }

template <class T>
T parsed(std::string_view hex) {
  return from_bytes<T>(from_hex(hex).value()).value();
}

std::string hex_of(const Signature& signature) { return to_hex(to_bytes(signature)); }

constexpr std::string_view kKey =
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
const Word kMessage = Word::of(1, 2, 3, 4);

struct Vector {
  std::string_view secret_key;
  std::string_view public_key;
  std::string_view commitment;
  std::array<std::string_view, 4> signatures;  // of kMessages
};

constexpr std::array<std::string_view, 4> kMessages = {
    "0x0000000000000000000000000000000000000000000000000000000000000000",
    "0x0100000000000000020000000000000003000000000000000400000000000000",
    "0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff",
    "0x0700000000000000000000000000000000000000000000800500000000000000",
};

// Made with miden-crypto 0.25.1.
constexpr std::array<Vector, 3> kVectors = {{
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
     "0xe7bcb6083533e73777b9d79ffbe069de72c37a05b56e0f7293aabb7fba7f74d4",
     {"dd5b1cc34a5ba2f8f9800c3aa4dc9ce9117b62ec53fc5b9283984c20f9d9ea59"
      "17890b6cb86061337742efc37fd01e34915aa3dcf63ec6a8413120daaf76c49601",
      "3cbce83c829f53fb5b581e1eb4fbda6e50479baae95d01778ff959eb7b2bd0c8"
      "24321216fbec9ed541604af90fd86d7891090d824ddc13c17dffbe5822e12e4201",
      "1499c80dd2534c8813e11671c1ae5a328dcd98d97c7405013150ea362af45821"
      "617999e953625dcd71a1dd1e551ce742064ea0c87ae6bd65ad1b3ad7cc96624800",
      "888a19dd448873dca4fd4291922c11c0bd0949b80a7599334d5b5461397c2758"
      "15a0c21dc2db9f7cd446d693a2763724f95bc4788f82685566da7e57399f99ee00"}},
    {"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
     "0284bf7562262bbd6940085748f3be6afa52ae317155181ece31b66351ccffa4b0",
     "0xb9a6d9b4571bfeeafd2ef119724d412c2299870b75c6638044120a7b41cd4230",
     {"0ae74880221d190deca917f147ee938683d3bd35716576911eb583dea5e43b27"
      "4a79319cfb86dbb0c97bcfbf3c56ee8680456b5b26e8fca956a96c643912b83001",
      "da194faf991b0ff9cc719a07d1a0d862d61346d163475b335cfd541f90369d1a"
      "5b035ff7fb96947181e81e594a29a2d25435ebdf9b966ecbb99be02f276952bd01",
      "4a766917abf4ca1092b1c2aab9edfe82d85d1d4a3655b463d5505c074d1664de"
      "45a0db4846da796517b625ac4cad48d0b320fa25d40a1290a5f9653a19e440d700",
      "a498211ef0f51da7dea9d25a89724210e50650bb544953a288d2cf4d4e05fa39"
      "74d5174507592a23d67327305495d90cbbafb66a8a297dad84a605658243c80500"}},
    {"abababababababababababababababababababababababababababababababab",
     "0381aaadc8a5e83f4576df823cf22a5b1969cf704a0d5f6f68bd757410c9917aac",
     "0xbb41b1555692f126146a97e8deefef5fee98ee1ccfa74ed1f05fddc94a256702",
     {"48df543fd8e2ddf11360a10780677bd22da7fc387100a2eaf510b73007effedf"
      "227e856b3ed9aec9dca2806d18358b4fd5fe0d8e05880ecf2584746ad427196301",
      "580adc1fc53428b5d7fcf30d0fd118bd602e7e2fa12f70a306f97443f4b34cf5"
      "37f3717dfd92b58f28507e979f1f8160235ee47b4b160e94f0fbea5a8525857b01",
      "d0c5fc6f2c3eec8e8458c773dcae2314a7acac99a699d5454535522ecbe6c201"
      "01069e85b1d4f589b454e441df139cdca70a0b7ed9baaca4da6834d8c82d5dde01",
      "37a4a2b2733b9cafeaae9db58565c5b05e1e280af23cb6bb0022f53b1ede5ca0"
      "3af90aaab67d18220c43f9b9e45642a647aa0217a9837bb1a8c4ac5ecb73118d01"}},
}};

TEST(Ecdsa, SignsAsTheReference) {
  for (const Vector& vector : kVectors) {
    const SecretKey key = key_of(vector.secret_key);
    EXPECT_EQ(key.public_key().to_hex(), vector.public_key);
    EXPECT_EQ(key.public_key().commitment().to_hex(), vector.commitment);
    for (size_t i = 0; i < kMessages.size(); ++i) {
      const Signature signature = key.sign(word_of(kMessages[i]));
      EXPECT_EQ(hex_of(signature), vector.signatures[i]);
      EXPECT_TRUE(key.public_key().verify(word_of(kMessages[i]), signature));
      EXPECT_EQ(PublicKey::recover(word_of(kMessages[i]), signature), key.public_key());
    }
  }
}

// spec/crypto.md §6.1: the vector documented by the k256 crate.
TEST(Ecdsa, SignsADigest) {
  const Bytes transaction =
      from_hex(
          "e9808504e3b29200831e848094f0109fc8df283027b6285cc889f5aa624eac1f55843b9aca0080018080")
          .value();
  const Signature signature =
      key_of("0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
          .sign_digest(keccak256(transaction));
  EXPECT_EQ(hex_of(signature),
            "c9cf86333bcb065d140032ecaab5d9281bde80f21b9687b3e94161de42d51895"
            "727a108a0b8d101465414033c3f705a9c7b826e596766046ee1183dbc8aeaa6800");
}

TEST(Ecdsa, RejectsAnotherMessageKeyOrSignature) {
  const SecretKey key = key_of(kKey);
  const Signature signature = key.sign(kMessage);
  EXPECT_FALSE(key.public_key().verify(Word::of(1, 2, 3, 5), signature));
  EXPECT_FALSE(key_of(kVectors[2].secret_key).public_key().verify(kMessage, signature));
  for (size_t bit = 0; bit < 512; ++bit) {
    Signature damaged = signature;
    (bit < 256 ? damaged.r : damaged.s)[bit % 256 / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(key.public_key().verify(kMessage, damaged)) << "bit " << bit;
  }
}

TEST(Ecdsa, IgnoresVInVerificationButNotInRecovery) {
  const PublicKey key = key_of(kKey).public_key();
  Signature signature = key_of(kKey).sign(kMessage);
  ASSERT_EQ(signature.v, 1);
  for (const uint8_t v : std::initializer_list<uint8_t>{0, 1, 2, 3}) {
    signature.v = v;
    EXPECT_TRUE(key.verify(kMessage, signature)) << "v " << int{v};
  }
  signature.v = 0;
  EXPECT_EQ(PublicKey::recover(kMessage, signature)->to_hex(),
            "02c7939830e2a76af6ed58ba17dac71d414eacb01fcf5a09ad6cf7fe5e72caeab9");
  for (const uint8_t v : std::initializer_list<uint8_t>{2, 3, 4, 255}) {
    signature.v = v;
    EXPECT_EQ(PublicKey::recover(kMessage, signature).error().code, "RecoveryFailed");
  }
}

TEST(Ecdsa, RejectsAHighS) {
  // n - s for the s of kKey's signature of kMessage, v flipped.
  const auto high = parsed<Signature>(
      "da194faf991b0ff9cc719a07d1a0d862d61346d163475b335cfd541f90369d1a"
      "a4fca00804696b8e7e17e1a6b5d65d2c6678f10713b2317006367e5da8ccee8400");
  EXPECT_FALSE(key_of(kKey).public_key().verify(kMessage, high));
  EXPECT_EQ(PublicKey::recover(kMessage, high).error().code, "RecoveryFailed");
}

TEST(Ecdsa, RejectsScalarsOutsideTheGroupOrder) {
  constexpr std::string_view kZero =
      "0000000000000000000000000000000000000000000000000000000000000000";
  constexpr std::string_view kOne =
      "0000000000000000000000000000000000000000000000000000000000000001";
  constexpr std::string_view kOrder =
      "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  constexpr std::string_view kAllOnes =
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
  for (const std::string_view scalar : {kZero, kOrder, kAllOnes}) {
    for (const std::string& scalars :
         {std::string(scalar) + std::string(kOne), std::string(kOne) + std::string(scalar)}) {
      // Decoding does not look at the scalars (spec/crypto.md §6.1).
      const auto signature = parsed<Signature>(scalars + "00");
      EXPECT_FALSE(key_of(kKey).public_key().verify(kMessage, signature)) << scalars;
      EXPECT_EQ(PublicKey::recover(kMessage, signature).error().code, "RecoveryFailed") << scalars;
    }
    EXPECT_EQ(SecretKey::from_hex(scalar).error().code, "InvalidValue") << scalar;
  }
}

TEST(Ecdsa, DecodesSignaturesWithVUpTo3) {
  Bytes bytes = to_bytes(key_of(kKey).sign(kMessage));
  ASSERT_EQ(bytes.size(), Signature::kSize);
  for (const uint8_t v : std::initializer_list<uint8_t>{0, 1, 2, 3}) {
    bytes.back() = v;
    EXPECT_EQ(to_bytes(from_bytes<Signature>(bytes).value()), bytes);
  }
  for (const uint8_t v : std::initializer_list<uint8_t>{4, 27, 255}) {
    bytes.back() = v;
    EXPECT_EQ(from_bytes<Signature>(bytes).error().message, "invalid value: Invalid recovery ID");
  }
  bytes.pop_back();
  EXPECT_EQ(from_bytes<Signature>(bytes).error().code, "UnexpectedEOF");
}

TEST(Ecdsa, DecodesThePublicKeysTheReferenceDecodes) {
  Bytes bytes = to_bytes(key_of(kKey).public_key());
  const auto with_tag = [&](uint8_t tag) {
    bytes[0] = tag;
    return from_bytes<PublicKey>(bytes);
  };
  EXPECT_EQ(to_bytes(with_tag(2).value())[0], 2);
  EXPECT_EQ(to_bytes(with_tag(3).value())[0], 3);
  EXPECT_EQ(with_tag(5), with_tag(2));
  for (const uint8_t tag : std::initializer_list<uint8_t>{0, 1, 4, 6, 7, 255}) {
    EXPECT_EQ(with_tag(tag).error().message, "invalid value: Invalid public key") << int{tag};
  }
  // x = 5 lies on no point, x >= p is no coordinate.
  EXPECT_FALSE(from_bytes<PublicKey>(from_hex("02" + std::string(63, '0') + "5").value()));
  EXPECT_FALSE(from_bytes<PublicKey>(from_hex("02" + std::string(64, 'f')).value()));
  EXPECT_EQ(from_bytes<PublicKey>(Bytes(32)).error().code, "UnexpectedEOF");
}

TEST(Ecdsa, ReadsAndPrintsSecretKeys) {
  EXPECT_EQ(key_of(kKey).to_hex(), kKey);
  EXPECT_EQ(key_of("0x" + std::string(kKey)).to_hex(), kKey);
  EXPECT_EQ(SecretKey::from_hex(kKey.substr(1)).error().code, "InvalidHex");
  EXPECT_EQ(SecretKey::from_hex("0y" + std::string(kKey.substr(2))).error().code, "InvalidHex");
  EXPECT_EQ(to_hex(to_bytes(key_of(kKey))), kKey);
  EXPECT_NE(SecretKey::generate().to_hex(), SecretKey::generate().to_hex());
}

TEST(Ecdsa, WipesASecretKeyThatGoes) {
  alignas(SecretKey) std::array<uint8_t, sizeof(SecretKey)> memory;
  auto* key = new (memory.data()) SecretKey(key_of(kKey));
  key->~SecretKey();
  // Read as plain bytes: the object is gone.
  EXPECT_THAT(memory, testing::Each(0));
}

TEST(Ecdsa, WorksFromManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> failures = 0;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([t, &failures] {
      const SecretKey key = SecretKey::generate();
      for (uint64_t i = 0; i < 50; ++i) {
        const Word message = Word::of(t, i, 0, 0);
        if (PublicKey::recover(message, key.sign(message)) != key.public_key()) ++failures;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace miden
