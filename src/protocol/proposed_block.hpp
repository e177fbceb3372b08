// From proven batches to a block's header and body. spec/types.md §12.4, §12.5.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "merkle/smt_proof.hpp"
#include "protocol/block.hpp"

namespace miden {

// What the chain's state must supply for a block: openings of exactly the accounts and nullifiers
// touched, proofs of notes the batches consumed unauthenticated.
struct BlockInputs {
  BlockHeader prev_block_header;
  PartialBlockchain blockchain;
  std::map<AccountId, AccountWitness> account_witnesses;
  std::map<Nullifier, SmtProof> nullifier_witnesses;
  std::map<NoteId, NoteInclusionProof> note_proofs;
  void encode(ByteWriter& writer) const;
  static Result<BlockInputs> decode(ByteReader& reader);
};

struct ProposedBlock {
  OrderedBatches batches;
  uint32_t timestamp = 0;
  std::vector<std::pair<AccountId, AccountUpdateWitness>> updated_accounts;  // ascending by id
  std::vector<OutputNoteBatch> output_note_batches;
  std::map<Nullifier, SmtProof> created_nullifiers;
  PartialBlockchain blockchain;
  BlockHeader prev_block_header;

  // All checks of types.md §12.4 in their order, error codes as named there. Witnesses of
  // nullifiers that no batch consumes are left out: kept, they would mark strangers' notes as
  // spent.
  static Result<ProposedBlock> make_at(const BlockInputs& inputs, std::vector<ProvenBatch> batches,
                                       uint32_t timestamp);
  BlockNum block_num() const { return prev_block_header.block_num.next(); }
  // Header and body, with this kernel's commitment. Errors: AccountWitnessTracking,
  // StaleAccountTreeRoot, AccountIdPrefixDuplicate, NullifierWitnessRootMismatch,
  // StaleNullifierTreeRoot, those of block_note_tree; and on what make_at or verify would have
  // refused: ChainLengthNotEqualToPreviousBlockNumber, NullifierProofMissing, NullifierSpent.
  Result<std::pair<BlockHeader, BlockBody>> build(const Word& tx_kernel_commitment) const;
  // Decoding checks only the parts; this derives again from the batches what make_at derives
  // (account updates, surviving notes, created nullifiers) and compares, so that nothing of a
  // hostile proposal is taken at face value. Its error code names the rule broken, or
  // AccountUpdatesMismatch, OutputNotesMismatch, NullifiersMismatch when a proposal holds other
  // things than its batches give.
  //
  // Not covered, because a proposal carries neither: the inclusion proofs by which inputs were
  // authenticated (so neither that such a note exists in the chain, nor that one which a later
  // batch creates existed before), and the transactions' proofs (so the batches are believed).
  // Whether the witnesses lead to the previous block's roots is what build() checks.
  Result<void> verify() const;
  void encode(ByteWriter& writer) const;
  static Result<ProposedBlock> decode(ByteReader& reader);
};

struct BlockProofRequest {
  OrderedBatches batches;
  BlockHeader header;
  BlockInputs inputs;
  void encode(ByteWriter& writer) const;
  static Result<BlockProofRequest> decode(ByteReader& reader);
};

}  // namespace miden
