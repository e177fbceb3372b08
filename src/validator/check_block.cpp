#include "validator/check_block.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace miden {
namespace {

Result<void> check_transactions(const ProposedBlock& proposal, const ValidatorView& view) {
  std::vector<std::string> unknown;
  for (const ProvenBatch& batch : proposal.batches.batches) {
    for (const TransactionHeader& transaction : batch.transactions.transactions) {
      if (!view.is_validated(transaction.id)) unknown.push_back(transaction.id.to_hex());
    }
  }
  if (unknown.empty()) return {};
  return fail("UnvalidatedTransactions", fmt::format("block contains unvalidated transactions [{}]",
                                                     fmt::join(unknown, ", ")));
}

Result<std::pair<BlockHeader, BlockBody>> build(const ProposedBlock& proposal,
                                                const ValidatorView& view) {
  TRY(proposal.verify());
  return proposal.build(view.tx_kernel_commitment);
}

// The block that the proposal must follow. Only the tip may be proposed again, never anything
// below.
Result<BlockHeader> parent_of(BlockNum block_num, const ValidatorView& view) {
  if (block_num == view.tip.block_num.next()) return view.tip;
  if (block_num != view.tip.block_num) {
    return fail("BlockNumberMismatch",
                fmt::format("block number mismatch: expected {}, got {}",
                            view.tip.block_num.next().value, block_num.value));
  }
  const auto parent = block_num == kGenesis ? std::nullopt : view.header({block_num.value - 1});
  if (!parent) {
    return fail("NoPrevBlockHeader", "no previous block header available for chain tip overwrite");
  }
  return *parent;
}

Result<void> check_reference_blocks(const ProposedBlock& proposal, const ValidatorView& view) {
  for (const ProvenBatch& batch : proposal.batches.batches) {
    const auto header = view.header(batch.reference_block_num);
    if (!header || header->commitment() != batch.reference_block_commitment) {
      return fail(
          "UnknownReferenceBlock",
          fmt::format("batch {} refers to block {} with commitment {}, which is not on this chain",
                      batch.id.to_hex(), batch.reference_block_num.value,
                      batch.reference_block_commitment.to_hex()));
    }
  }
  return {};
}

}  // namespace

Result<CheckedBlock> check_block(const ProposedBlock& proposal, const ValidatorView& view) {
  TRY(check_transactions(proposal, view));
  auto built = build(proposal, view);
  if (!built) {
    return fail("BlockBuildingFailed",
                fmt::format("failed to build block\ncaused by: {}", built.error().message));
  }
  CheckedBlock block{std::move(built->first), std::move(built->second)};

  const BlockHeader parent = TRY(parent_of(block.header.block_num, view));
  if (block.header.prev_block_commitment != parent.commitment()) {
    return fail("PrevBlockCommitmentMismatch",
                "previous block commitment does not match chain tip");
  }
  if (block.header.validator_key != view.key) {
    return fail("ValidatorKeyMismatch",
                "validator signing key does not match the block's validator key");
  }
  TRY(check_reference_blocks(proposal, view));
  if (block.header.block_num == view.tip.block_num) {
    block.is_tip = block.header.commitment() == view.tip.commitment();
    block.replaces_tip = !block.is_tip;
  }
  return block;
}

}  // namespace miden
