// What changes when a block is applied: every row of it, checked against the commitments of its
// header.
#pragma once

#include "base/executor.hpp"
#include "chain/block_write.hpp"

namespace miden {

// A block with what is made of it once.
struct EncodedBlock {
  const SignedBlock& block;
  const Word& commitment;
  ByteView bytes;  // of `block`
};

// Fills `write` with the whole block. `before` is the chain up to the block's parent; the header's
// links and signature have been checked. On an error `write` holds a part of the block: throw it
// away.
//
// Errors: DuplicatedNullifiers, NewBlockInvalidChainCommitment, NewBlockInvalidNullifierRoot,
// NewBlockDuplicateAccountIdPrefix, NewBlockInvalidAccountRoot, NewBlockInvalidNoteRoot, those of
// block_note_tree and compute_account_changes.
Result<void> stage_block(BlockWrite& write, const ChainReader& before, const EncodedBlock& encoded,
                         Executor& executor);

}  // namespace miden
