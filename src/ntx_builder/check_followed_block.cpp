#include "ntx_builder/check_followed_block.hpp"

#include <vector>

#include "chain/check_block.hpp"
#include "merkle/smt.hpp"

namespace miden {
namespace {

// The chain's range with the tip as its last leaf is what the next header commits to.
Result<void> check_chain_commitment(const BlockHeader& header, const ChainTip& tip) {
  MmrPeaks peaks = tip.blockchain.mmr().peaks();
  peaks.add(tip.commitment);
  if (peaks.hash() == header.chain_commitment) return {};
  return fail("ChainCommitmentMismatch", "the block builds on a chain with commitment " +
                                             header.chain_commitment.to_hex() + ", ours has " +
                                             peaks.hash().to_hex());
}

Result<void> check_account_root(const SignedBlock& block) {
  std::vector<SmtEntry> entries;
  entries.reserve(block.body.updated_accounts.size());
  for (const BlockAccountUpdate& update : block.body.updated_accounts) {
    entries.push_back({account_tree_key(update.account_id), update.final_commitment});
  }
  const Smt tree = TRY(Smt::from_entries(entries));
  if (tree.root() == block.header.account_root) return {};
  return fail("InvalidGenesis", "the genesis block's accounts have root " + tree.root().to_hex() +
                                    ", its header says " + block.header.account_root.to_hex());
}

}  // namespace

Result<void> check_followed_block(const SignedBlock& block, const ChainTip& tip) {
  TRY(check_links(block.header, {tip.header, {}, tip.commitment}));
  TRY(check_chain_commitment(block.header, tip));
  if (block.header.validator_key != tip.header.validator_key) {
    return fail("ValidatorKeyChanged", "the block names another validator key than the chain");
  }
  return block.validate();
}

Result<void> check_whole_genesis(const SignedBlock& block) {
  TRY(check_genesis(block));
  if (const Result<void> valid = block.validate(); !valid) {
    return fail("InvalidGenesis", valid.error().message);
  }
  return check_account_root(block);
}

AccountTransitions::AccountTransitions(const SignedBlock& block) {
  for (const TransactionHeader& transaction : block.body.transactions.transactions) {
    if (transaction.initial_commitment == transaction.final_commitment) continue;
    steps_.emplace(std::pair(transaction.account_id, transaction.initial_commitment),
                   transaction.final_commitment);
  }
}

Word AccountTransitions::final_commitment(const AccountId& account, const Word& initial) const {
  Word commitment = initial;
  // Nonces grow, so no state comes twice; a validator that signed otherwise does not hang us.
  for (size_t taken = 0; taken < steps_.size(); ++taken) {
    const auto step = steps_.find({account, commitment});
    if (step == steps_.end()) break;
    commitment = step->second;
  }
  return commitment;
}

}  // namespace miden
