// Block headers and what a chain of them commits to. spec/types.md §12.1, §12.2.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "crypto/ecdsa.hpp"
#include "protocol/account_id.hpp"
#include "protocol/ids.hpp"

namespace miden {

struct FeeParameters {
  AccountId fee_faucet_id;
  uint32_t verification_base_fee = 0;
  void encode(ByteWriter& writer) const;
  static Result<FeeParameters> decode(ByteReader& reader);
  friend bool operator==(const FeeParameters&, const FeeParameters&) = default;
};

struct BlockHeader {
  uint32_t version = 0;  // genesis: from its configuration; every later block: 0
  Word prev_block_commitment;
  BlockNum block_num;
  Word chain_commitment;  // hashed MMR peaks over blocks 0 .. block_num - 1
  Word account_root;
  Word nullifier_root;
  Word note_root;
  Word tx_commitment;
  Word tx_kernel_commitment;
  PublicKey validator_key;
  FeeParameters fee_parameters;
  uint32_t timestamp = 0;  // Unix seconds

  Word sub_commitment() const;
  Word commitment() const;
  void encode(ByteWriter& writer) const;  // 288 bytes
  static Result<BlockHeader> decode(ByteReader& reader);
  friend bool operator==(const BlockHeader&, const BlockHeader&) = default;
};

// What sub_commitment() hashes; the key's commitment is apart, so that a chain of headers with one
// key hashes it once.
std::array<Felt, 40> sub_commitment_preimage(const BlockHeader& header,
                                             const Word& validator_key_commitment);
// commitment() of each, hashed side by side.
std::vector<Word> block_commitments(std::span<const BlockHeader* const> headers);

}  // namespace miden
