// ECDSA over secp256k1 with Keccak-256: how the validator signs blocks. spec/crypto.md §6.1.
//
// A message is a Word; what is signed is the Keccak-256 digest of its 32 wire bytes. Everything
// here may be called from any thread.
#pragma once

#include <array>

#include "crypto/word.hpp"

namespace miden {

using Digest256 = std::array<uint8_t, 32>;

// r and s are whatever 32 bytes arrived: only verification says whether they are a signature. v is
// not covered by it (flipping v leaves a signature valid), so a signature's bytes identify nothing.
struct Signature {
  static constexpr size_t kSize = 65;

  std::array<uint8_t, 32> r{};  // big endian
  std::array<uint8_t, 32> s{};  // big endian
  uint8_t v = 0;                // 0 to 3: parity of R.y, plus 2 when R.x >= n

  friend bool operator==(const Signature&, const Signature&) = default;

  // r, s, v. Error: InvalidValue when v > 3.
  void encode(ByteWriter& writer) const;
  static Result<Signature> decode(ByteReader& reader);
};

class PublicKey {
 public:
  static constexpr size_t kSize = 33;

  // The key that made `signature` over `message`. Error: RecoveryFailed; also when s is high.
  static Result<PublicKey> recover(const Word& message, const Signature& signature);

  // False for r or s outside [1, n-1] and for s > n/2; v is ignored.
  bool verify(const Word& message, const Signature& signature) const;
  bool verify_digest(const Digest256& digest, const Signature& signature) const;

  // H of the 33 bytes, four to an element: how block headers commit to the validator's key.
  Word commitment() const;

  // SEC1 compressed: 02 or 03, then x big endian.
  const std::array<uint8_t, kSize>& to_wire() const { return wire_; }
  std::string to_hex() const;

  friend bool operator==(const PublicKey&, const PublicKey&) = default;

  // 33 bytes. Tag 05 (x with the even y) is accepted as well, as the reference does, and becomes
  // 02. Error: InvalidValue.
  void encode(ByteWriter& writer) const { writer.bytes(wire_); }
  static Result<PublicKey> decode(ByteReader& reader);

 private:
  friend class SecretKey;
  explicit PublicKey(const std::array<uint8_t, kSize>& wire) : wire_(wire) {}
  std::array<uint8_t, kSize> wire_;
};

// The scalar is wiped when the object goes; what to_hex() and encode() give out is the caller's to
// protect.
class SecretKey {
 public:
  static constexpr size_t kSize = 32;

  // From the system's randomness.
  static SecretKey generate();
  // 64 digits of either case, "0x" before them or not. Errors: InvalidHex, InvalidValue (0 or >=
  // n).
  static Result<SecretKey> from_hex(std::string_view text);

  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  PublicKey public_key() const;
  // Deterministic (RFC 6979 with SHA-256), low s: the same 65 bytes as the reference's.
  Signature sign(const Word& message) const;
  Signature sign_digest(const Digest256& digest) const;

  // 64 lower-case digits without a prefix.
  std::string to_hex() const;

  // 32 bytes big endian. Error: InvalidValue (0 or >= n).
  void encode(ByteWriter& writer) const { writer.bytes(scalar_); }
  static Result<SecretKey> decode(ByteReader& reader);

 private:
  SecretKey() = default;
  std::array<uint8_t, kSize> scalar_{};
};

}  // namespace miden
