#include "crypto/ecdsa.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "crypto/keccak.hpp"
#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

void fill_with_randomness(std::array<uint8_t, 32>& bytes) {
  if (getentropy(bytes.data(), bytes.size()) != 0) {
    throw std::runtime_error("the system gives no randomness");
  }
}

// Made once and never changed afterwards, so every thread may use it; blinded against side
// channels.
const secp256k1_context* context() {
  static const secp256k1_context* const shared = [] {
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    std::array<uint8_t, 32> seed;
    fill_with_randomness(seed);
    if (made == nullptr || secp256k1_context_randomize(made, seed.data()) != 1) {
      throw std::runtime_error("libsecp256k1 gives no context");
    }
    explicit_bzero(seed.data(), seed.size());
    return made;
  }();
  return shared;
}

Digest256 digest_of(const Word& message) { return keccak256(message.to_wire()); }

std::array<uint8_t, 64> compact(const Signature& signature) {
  std::array<uint8_t, 64> bytes;
  std::copy(signature.r.begin(), signature.r.end(), bytes.begin());
  std::copy(signature.s.begin(), signature.s.end(), bytes.begin() + 32);
  return bytes;
}

std::array<uint8_t, PublicKey::kSize> compressed(const secp256k1_pubkey& key) {
  std::array<uint8_t, PublicKey::kSize> bytes;
  size_t size = bytes.size();
  secp256k1_ec_pubkey_serialize(context(), bytes.data(), &size, &key, SECP256K1_EC_COMPRESSED);
  return bytes;
}

std::unexpected<Error> recovery_failed() {
  return fail("RecoveryFailed", "no public key can be recovered from the message and signature");
}

}  // namespace

void Signature::encode(ByteWriter& writer) const {
  writer.bytes(r);
  writer.bytes(s);
  writer.u8(v);
}

Result<Signature> Signature::decode(ByteReader& reader) {
  Signature signature;
  const ByteView scalars = TRY(reader.bytes(64));
  std::copy_n(scalars.begin(), 32, signature.r.begin());
  std::copy_n(scalars.begin() + 32, 32, signature.s.begin());
  signature.v = TRY(reader.u8());
  if (signature.v > 3) return invalid_value("Invalid recovery ID");
  return signature;
}

Result<PublicKey> PublicKey::decode(ByteReader& reader) {
  constexpr uint8_t kEven = 2;
  constexpr uint8_t kCompact = 5;
  std::array<uint8_t, kSize> wire;
  std::ranges::copy(TRY(reader.bytes(kSize)), wire.begin());
  if (wire[0] == kCompact) wire[0] = kEven;
  secp256k1_pubkey parsed;
  if (secp256k1_ec_pubkey_parse(context(), &parsed, wire.data(), wire.size()) != 1) {
    return invalid_value("Invalid public key");
  }
  return PublicKey(wire);
}

bool PublicKey::verify(const Word& message, const Signature& signature) const {
  return verify_digest(digest_of(message), signature);
}

bool PublicKey::verify_digest(const Digest256& digest, const Signature& signature) const {
  secp256k1_pubkey key;
  secp256k1_ecdsa_signature parsed;
  return secp256k1_ec_pubkey_parse(context(), &key, wire_.data(), wire_.size()) == 1 &&
         secp256k1_ecdsa_signature_parse_compact(context(), &parsed, compact(signature).data()) ==
             1 &&
         secp256k1_ecdsa_verify(context(), &parsed, digest.data(), &key) == 1;
}

Result<PublicKey> PublicKey::recover(const Word& message, const Signature& signature) {
  if (signature.v > 3) return recovery_failed();
  const Digest256 digest = digest_of(message);
  secp256k1_ecdsa_recoverable_signature parsed;
  secp256k1_pubkey recovered;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(
          context(), &parsed, compact(signature).data(), signature.v) != 1 ||
      secp256k1_ecdsa_recover(context(), &recovered, &parsed, digest.data()) != 1) {
    return recovery_failed();
  }
  // Recovery itself takes a high s; the reference verifies what it recovered, which does not.
  const PublicKey key(compressed(recovered));
  if (!key.verify_digest(digest, signature)) return recovery_failed();
  return key;
}

Word PublicKey::commitment() const {
  std::array<Felt, (kSize + 3) / 4> elements;
  for (size_t i = 0; i < elements.size(); ++i) {
    uint32_t packed = 0;
    memcpy(&packed, wire_.data() + 4 * i, std::min<size_t>(4, kSize - 4 * i));
    elements[i] = Felt::from_canonical(packed);
  }
  return hash_elements(elements);
}

std::string PublicKey::to_hex() const { return miden::to_hex(wire_); }

SecretKey::~SecretKey() { explicit_bzero(scalar_.data(), scalar_.size()); }

SecretKey SecretKey::generate() {
  SecretKey key;
  do {
    fill_with_randomness(key.scalar_);
  } while (secp256k1_ec_seckey_verify(context(), key.scalar_.data()) != 1);
  return key;
}

Result<SecretKey> SecretKey::from_hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  if (text.size() != 2 * kSize) return fail("InvalidHex", "a secret key has 64 hexadecimal digits");
  Bytes bytes = TRY(miden::from_hex(text));
  Result<SecretKey> key = from_bytes<SecretKey>(bytes);
  explicit_bzero(bytes.data(), bytes.size());
  return key;
}

PublicKey SecretKey::public_key() const {
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_create(context(), &key, scalar_.data()) != 1) {
    throw std::logic_error("a secret key lost its scalar");
  }
  return PublicKey(compressed(key));
}

Signature SecretKey::sign(const Word& message) const { return sign_digest(digest_of(message)); }

Signature SecretKey::sign_digest(const Digest256& digest) const {
  secp256k1_ecdsa_recoverable_signature made;
  if (secp256k1_ecdsa_sign_recoverable(context(), &made, digest.data(), scalar_.data(),
                                       secp256k1_nonce_function_rfc6979, nullptr) != 1) {
    throw std::logic_error("a secret key lost its scalar");
  }
  std::array<uint8_t, 64> scalars;
  int v = 0;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), scalars.data(), &v, &made);
  Signature signature;
  std::copy_n(scalars.begin(), 32, signature.r.begin());
  std::copy_n(scalars.begin() + 32, 32, signature.s.begin());
  signature.v = static_cast<uint8_t>(v);
  return signature;
}

std::string SecretKey::to_hex() const { return miden::to_hex(scalar_); }

Result<SecretKey> SecretKey::decode(ByteReader& reader) {
  SecretKey key;
  std::ranges::copy(TRY(reader.bytes(kSize)), key.scalar_.begin());
  if (secp256k1_ec_seckey_verify(context(), key.scalar_.data()) != 1) {
    return invalid_value("Invalid secret key");
  }
  return key;
}

}  // namespace miden
