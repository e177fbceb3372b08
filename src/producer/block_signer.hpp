// Who signs blocks: the validator, as block production sees it. spec/block-production.md §12.
#pragma once

#include <functional>
#include <stop_token>

#include "net/status.hpp"
#include "protocol/block.hpp"

namespace miden {

struct BlockSignature {
  Signature signature;
  Word block_commitment;  // of the header that was signed
};

// Safe from any thread; a stop that is requested ends a call early. A status says what to make of a
// failure, see judge_status.
class BlockSigner {
 public:
  virtual ~BlockSigner() = default;
  // `proposed_block`: ProposedBlock. Signing the same proposal again gives the same answer.
  virtual Answer<BlockSignature> sign(ByteView proposed_block, const std::stop_token& stop) = 0;
  // The highest block it has signed.
  virtual Answer<BlockNum> signed_tip(const std::stop_token& stop) = 0;
  // The blocks it has signed, SignedBlock each, from `first` to its tip, in order, until `take`
  // returns false or the stop is requested.
  virtual Answer<> signed_blocks(BlockNum first, const std::function<bool(Bytes)>& take,
                                 const std::stop_token& stop) = 0;
};

}  // namespace miden
