// A proposed block's header and body. spec/types.md §12.5.
#include "merkle/partial_smt.hpp"
#include "protocol/proposed_block.hpp"

namespace miden {

namespace {

Result<Word> account_root_after(const ProposedBlock& block) {
  const Word& previous_root = block.prev_block_header.account_root;
  if (block.updated_accounts.empty()) return previous_root;

  std::vector<SmtProof> proofs;
  proofs.reserve(block.updated_accounts.size());
  std::map<uint64_t, Word> key_by_leaf;  // of the accounts that exist
  for (const auto& [account_id, update] : block.updated_accounts) {
    proofs.push_back(update.witness.to_proof());
    const SmtLeaf& leaf = proofs.back().leaf;
    if (leaf.entries.empty()) continue;
    const Word& key = leaf.entries.front().key;
    if (key_by_leaf.try_emplace(leaf.index, key).first->second != key) {
      return fail("AccountWitnessTracking",
                  "the witness of account " + account_id.to_hex() +
                      " shares its prefix with another witness's account");
    }
  }
  Result<PartialSmt> tree = PartialSmt::from_proofs(proofs);
  if (!tree) {
    return fail("AccountWitnessTracking",
                "the account witnesses are not of one tree: " + tree.error().message);
  }
  if (tree->root() != previous_root) {
    return fail("StaleAccountTreeRoot", "the previous block's account root is " +
                                            previous_root.to_hex() + ", that of the witnesses is " +
                                            tree->root().to_hex());
  }

  std::vector<SmtEntry> entries;
  entries.reserve(block.updated_accounts.size());
  for (const auto& [account_id, update] : block.updated_accounts) {
    const Word key = account_tree_key(account_id);
    if (key_by_leaf.try_emplace(leaf_index_of(key), key).first->second != key) {
      return fail("AccountIdPrefixDuplicate",
                  "another account has the prefix of " + account_id.to_hex());
    }
    entries.push_back({key, update.final_commitment});
  }
  if (const auto updated = tree->update(entries); !updated) {
    return fail("AccountIdPrefixDuplicate",
                "the accounts cannot be set: " + updated.error().message);
  }
  return tree->root();
}

Result<Word> nullifier_root_after(const ProposedBlock& block) {
  const Word& previous_root = block.prev_block_header.nullifier_root;
  if (block.created_nullifiers.empty()) return previous_root;

  std::vector<SmtProof> proofs;
  std::vector<SmtEntry> entries;
  proofs.reserve(block.created_nullifiers.size());
  entries.reserve(block.created_nullifiers.size());
  for (const auto& [nullifier, witness] : block.created_nullifiers) {
    const std::optional<Word> value = witness.value_of(nullifier.word);
    if (!value) {
      return fail("NullifierProofMissing",
                  "the witness for nullifier " + nullifier.to_hex() + " does not cover it");
    }
    if (!value->is_zero()) {
      return fail("NullifierSpent",
                  "the note with nullifier " + nullifier.to_hex() + " is already spent");
    }
    proofs.push_back(witness);
    entries.push_back({nullifier.word, nullifier_tree_value(block.block_num())});
  }
  Result<PartialSmt> tree = PartialSmt::from_proofs(proofs);
  if (!tree) {
    return fail("NullifierWitnessRootMismatch",
                "the nullifier witnesses are not of one tree: " + tree.error().message);
  }
  if (tree->root() != previous_root) {
    return fail("StaleNullifierTreeRoot",
                "the previous block's nullifier root is " + previous_root.to_hex() +
                    ", that of the witnesses is " + tree->root().to_hex());
  }
  TRY(tree->update(entries));
  return tree->root();
}

BlockBody body_of(const ProposedBlock& block) {
  BlockBody body;
  body.updated_accounts.reserve(block.updated_accounts.size());
  for (const auto& [account_id, update] : block.updated_accounts) {
    body.updated_accounts.push_back({account_id, update.final_commitment, update.details});
  }
  body.output_note_batches = block.output_note_batches;
  body.created_nullifiers.reserve(block.created_nullifiers.size());
  for (const auto& [nullifier, witness] : block.created_nullifiers) {
    body.created_nullifiers.push_back(nullifier);
  }
  body.transactions = block.batches.transactions();
  return body;
}

}  // namespace

Result<std::pair<BlockHeader, BlockBody>> ProposedBlock::build(
    const Word& tx_kernel_commitment) const {
  if (blockchain.chain_length() != prev_block_header.block_num.value ||
      prev_block_header.block_num.value == UINT32_MAX) {
    return fail("ChainLengthNotEqualToPreviousBlockNumber",
                "no block can follow block " + std::to_string(prev_block_header.block_num.value) +
                    " on a chain of length " + std::to_string(blockchain.chain_length()));
  }
  const Word account_root = TRY(account_root_after(*this));
  const Word nullifier_root = TRY(nullifier_root_after(*this));
  const Word note_root = TRY(block_note_tree(output_note_batches)).root();
  const Word prev_block_commitment = prev_block_header.commitment();
  MmrPeaks peaks = blockchain.mmr().peaks();
  peaks.add(prev_block_commitment);

  BlockBody body = body_of(*this);
  const BlockHeader header{
      .version = 0,
      .prev_block_commitment = prev_block_commitment,
      .block_num = block_num(),
      .chain_commitment = peaks.hash(),
      .account_root = account_root,
      .nullifier_root = nullifier_root,
      .note_root = note_root,
      .tx_commitment = body.transactions.commitment(),
      .tx_kernel_commitment = tx_kernel_commitment,
      .validator_key = prev_block_header.validator_key,
      .fee_parameters = prev_block_header.fee_parameters,
      .timestamp = timestamp,
  };
  return std::pair(header, std::move(body));
}

}  // namespace miden
