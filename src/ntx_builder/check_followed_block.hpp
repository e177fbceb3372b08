// May this block follow, and has the validator signed all of it that a builder acts on?
#pragma once

#include <map>

#include "ntx_builder/builder_state.hpp"

namespace miden {

// A header covers its block's transactions and notes, but the accounts only through the root of a
// tree that a builder does not have. So account updates are held against the transactions: a block
// that passes has, for every account, the state its transactions lead to.

// Errors: as BuilderState::apply_block, except that of wrong deltas.
Result<void> check_followed_block(const SignedBlock& block, const ChainTip& tip);
// The genesis block stands for itself: the tree of its accounts is whole. Error: InvalidGenesis.
Result<void> check_whole_genesis(const SignedBlock& block);

// Where the block's transactions take an account that was in state `initial` (zero: not on chain):
// from one to the next that begins where it ended, in whatever order they stand in the block.
class AccountTransitions {
 public:
  explicit AccountTransitions(const SignedBlock& block);
  Word final_commitment(const AccountId& account, const Word& initial) const;

 private:
  // account, initial -> final, of transactions that change their account
  std::map<std::pair<AccountId, Word>, Word> steps_;
};

}  // namespace miden
