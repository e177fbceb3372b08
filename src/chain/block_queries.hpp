// Answers about blocks and the chain's Merkle mountain range.
#pragma once

#include "merkle/mmr.hpp"
#include "protocol/block.hpp"

namespace miden {

struct SignedHeader {
  BlockHeader header;
  Signature signature;
  Word commitment;  // of the header
  friend bool operator==(const SignedHeader&, const SignedHeader&) = default;
};

// Both ends included.
struct BlockRange {
  BlockNum from;
  BlockNum to;
};

enum class Finality { kCommitted, kProven };

// spec/store-rpc.md §17.7
struct ChainMmrSync {
  BlockNum from;        // the caller's height
  SignedHeader target;  // the tip or the proven tip
  MmrDelta delta;       // from + 1 leaves to target leaves: hashes to the target's chain_commitment
};

}  // namespace miden
