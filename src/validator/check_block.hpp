// May this proposed block be signed? spec/node-and-validator.md §8.3.
#pragma once

#include <functional>
#include <optional>

#include "protocol/proposed_block.hpp"

namespace miden {

// What the validator knows, as questions, so that the rules need no store.
struct ValidatorView {
  BlockHeader tip;
  std::function<std::optional<BlockHeader>(BlockNum)> header;  // of a block it signed
  std::function<bool(const TransactionId&)> is_validated;
  PublicKey key;
  Word tx_kernel_commitment;
};

struct CheckedBlock {
  BlockHeader header;
  BlockBody body;
  bool replaces_tip = false;  // another block of the tip's height
  bool is_tip = false;        // the very block already signed
};

// Everything but the policy on replacing the tip, which is the caller's. Beyond the reference,
// whose validator takes a proposal's derived fields at face value, the proposal's own rules are run
// again and every batch's reference block must be on this chain.
//
// Errors, in the order of checking: UnvalidatedTransactions, BlockBuildingFailed,
// BlockNumberMismatch, NoPrevBlockHeader, PrevBlockCommitmentMismatch, ValidatorKeyMismatch,
// UnknownReferenceBlock.
Result<CheckedBlock> check_block(const ProposedBlock& proposal, const ValidatorView& view);

}  // namespace miden
