#include "chain/state_view.hpp"

#include "chain/chain_reader.hpp"
#include "chain/stored_tree.hpp"

namespace miden {

StateView::StateView(std::unique_ptr<const ChainReader> reader, SignedHeader tip,
                     BlockNum proven_tip, Word genesis_commitment)
    : reader_(std::move(reader)),
      tip_(std::move(tip)),
      proven_tip_(proven_tip),
      genesis_commitment_(genesis_commitment),
      upper_accounts_(std::make_unique<UpperLevels>()) {}

StateView::~StateView() = default;

std::optional<SignedHeader> StateView::block_header(BlockNum block_num) const {
  if (block_num == tip()) return tip_;
  if (block_num > tip()) return std::nullopt;
  return reader_->header(block_num);
}

std::optional<Word> StateView::block_commitment(BlockNum block_num) const {
  if (block_num > tip()) return std::nullopt;
  const std::optional<Bytes> row = reader_->rows().get(kHeaders, block_key(block_num));
  if (!row) throw_corrupt("a block's header is missing");
  return decode_stored<Word>(*row);
}

std::optional<Bytes> StateView::block(BlockNum block_num) const {
  return reader_->rows().get(kBlocks, block_key(block_num));
}

std::optional<Bytes> StateView::proof(BlockNum block_num) const {
  return reader_->rows().get(kProofs, block_key(block_num));
}

std::optional<Bytes> StateView::proving_inputs(BlockNum block_num) const {
  return reader_->rows().get(kProvingInputs, block_key(block_num));
}

Result<MmrProof> StateView::block_opening(BlockNum block_num) const {
  return block_opening(block_num, uint64_t{tip().value} + 1);
}

Result<MmrProof> StateView::block_opening(BlockNum block_num, uint64_t chain_length) const {
  if (block_num.value >= chain_length || chain_length > uint64_t{tip().value} + 1) {
    return fail("PositionNotFound",
                "the chain's range does not reach block " + std::to_string(block_num.value));
  }
  return mmr_open_at(chain_length, block_num.value, reader_->chain_nodes());
}

MmrPeaks StateView::chain_peaks(uint64_t chain_length) const {
  return mmr_peaks_at(chain_length, reader_->chain_nodes());
}

Result<PartialBlockchain> StateView::partial_blockchain(const std::set<BlockNum>& blocks) const {
  const uint64_t length = tip().value;
  PartialMmr range = PartialMmr::from_peaks(chain_peaks(length));
  std::vector<BlockHeader> headers;
  for (const BlockNum block_num : blocks) {
    if (block_num > tip()) {
      return fail("BlockAboveTip", "block " + std::to_string(block_num.value) +
                                       " is above the chain tip " + std::to_string(tip().value));
    }
    if (block_num == tip()) continue;
    const std::optional<SignedHeader> header = reader_->header(block_num);
    if (!header) throw_corrupt("a block's header is missing");
    const MmrProof opening = expect_sound(block_opening(block_num, length));
    expect_sound(range.track(block_num.value, header->commitment, opening.path));
    headers.push_back(header->header);
  }
  return expect_sound(PartialBlockchain::make(std::move(range), std::move(headers)));
}

}  // namespace miden
