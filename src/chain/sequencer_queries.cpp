// What admitting transactions and building batches and blocks ask of the chain. spec/store-rpc.md
// §9
#include "chain/note_rows.hpp"
#include "chain/state_view.hpp"
#include "chain/stored_tree.hpp"

namespace miden {
namespace {

std::map<NoteId, NoteInclusionProof> inclusion_proofs(const ChainReader& reader,
                                                      const std::set<NoteId>& notes) {
  std::map<NoteId, NoteInclusionProof> proofs;
  for (const NoteId& id : notes) {
    if (std::optional<NoteRecord> note = find_note(reader, id)) {
      proofs.emplace(id, std::move(note->inclusion_proof));
    }
  }
  return proofs;
}

std::set<BlockNum> with_note_blocks(std::set<BlockNum> blocks,
                                    const std::map<NoteId, NoteInclusionProof>& proofs) {
  for (const auto& [id, proof] : proofs) blocks.insert(proof.block_num);
  return blocks;
}

}  // namespace

TransactionStanding StateView::transaction_standing(
    const AccountId& account, std::span<const Nullifier> nullifiers,
    std::span<const NoteId> unauthenticated_notes) const {
  TransactionStanding standing;
  standing.tip = tip();
  const AccountWitness witness = expect_sound(account_witness(account, tip()));
  if (witness.id == account && !witness.commitment.is_zero()) {
    standing.account_commitment = witness.commitment;
  } else if (witness.id != account) {
    standing.account_id_prefix_is_unique = false;
    return standing;
  }

  std::vector<Word> keys;
  for (const Nullifier& nullifier : nullifiers) keys.push_back(nullifier.word);
  const StoredTree tree(*reader_, nullifier_tree());
  const std::vector<Word> values = expect_sound(smt_get_many(tree, keys));
  for (size_t i = 0; i < nullifiers.size(); ++i) {
    standing.nullifiers.emplace_back(nullifiers[i], expect_sound(nullifier_block(values[i])));
  }
  for (const NoteId& id : unauthenticated_notes) {
    if (!places_of_note(*reader_, id).empty()) standing.found_unauthenticated_notes.insert(id);
  }
  return standing;
}

Result<BatchInputs> StateView::batch_inputs(const std::set<BlockNum>& reference_blocks,
                                            const std::set<NoteId>& unauthenticated_notes) const {
  std::map<NoteId, NoteInclusionProof> proofs = inclusion_proofs(*reader_, unauthenticated_notes);
  const std::set<BlockNum> blocks = with_note_blocks(reference_blocks, proofs);
  if (blocks.empty()) return fail("NoBlocks", "a batch refers to no block at all");
  return BatchInputs{tip_.header, TRY(partial_blockchain(blocks)), std::move(proofs)};
}

Result<BlockInputs> StateView::block_inputs(const std::set<AccountId>& accounts,
                                            const std::set<Nullifier>& nullifiers,
                                            const std::set<NoteId>& unauthenticated_notes,
                                            const std::set<BlockNum>& reference_blocks) const {
  std::map<NoteId, NoteInclusionProof> proofs = inclusion_proofs(*reader_, unauthenticated_notes);
  BlockInputs inputs{
      .prev_block_header = tip_.header,
      .blockchain = TRY(partial_blockchain(with_note_blocks(reference_blocks, proofs))),
      .account_witnesses = {},
      .nullifier_witnesses = {},
      .note_proofs = std::move(proofs),
  };

  std::vector<Word> account_keys;
  for (const AccountId& account : accounts) account_keys.push_back(account_tree_key(account));
  const StoredTree account_leaves(*reader_, account_tree());
  std::vector<SmtProof> openings = expect_sound(smt_open_many(account_leaves, account_keys));
  size_t place = 0;
  for (const AccountId& account : accounts) {
    inputs.account_witnesses.emplace(account,
                                     witness_of_opening(account, std::move(openings[place++])));
  }

  std::vector<Word> nullifier_keys;
  for (const Nullifier& nullifier : nullifiers) nullifier_keys.push_back(nullifier.word);
  const StoredTree nullifier_leaves(*reader_, nullifier_tree());
  std::vector<SmtProof> witnesses = expect_sound(smt_open_many(nullifier_leaves, nullifier_keys));
  place = 0;
  for (const Nullifier& nullifier : nullifiers) {
    inputs.nullifier_witnesses.emplace(nullifier, std::move(witnesses[place++]));
  }
  return inputs;
}

}  // namespace miden
