#include "protocol/partial_blockchain.hpp"

#include "protocol/decoding.hpp"

namespace miden {

Result<PartialBlockchain> PartialBlockchain::make(PartialMmr mmr,
                                                  std::vector<BlockHeader> headers) {
  PartialBlockchain blockchain;
  for (BlockHeader& header : headers) {
    const BlockNum block_num = header.block_num;
    const std::string name = "block " + std::to_string(block_num.value);
    if (block_num.value >= mmr.num_leaves()) {
      return fail("BlockNumTooBig",
                  name + " lies beyond the chain of length " + std::to_string(mmr.num_leaves()));
    }
    if (!mmr.is_tracked(block_num.value)) {
      return fail("UntrackedBlock", "no authentication path is kept for " + name);
    }
    if (!blockchain.headers_.emplace(block_num, std::move(header)).second) {
      return fail("DuplicateBlock", name + " is given twice");
    }
  }

  std::vector<const BlockHeader*> sorted;
  sorted.reserve(blockchain.headers_.size());
  for (const auto& [block_num, header] : blockchain.headers_) sorted.push_back(&header);
  const std::vector<Word> commitments = block_commitments(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    // A tracked leaf opens to its peak (PartialMmr keeps that), so being that leaf is being in the
    // chain.
    if (mmr.tracked_leaf(sorted[i]->block_num.value) != commitments[i]) {
      return fail("BlockHeaderCommitmentMismatch",
                  "block " + std::to_string(sorted[i]->block_num.value) + " with commitment " +
                      commitments[i].to_hex() + " is not the chain's");
    }
  }
  blockchain.mmr_ = std::move(mmr);
  return blockchain;
}

const BlockHeader* PartialBlockchain::find(BlockNum block_num) const {
  const auto found = headers_.find(block_num);
  return found == headers_.end() ? nullptr : &found->second;
}

Result<void> PartialBlockchain::add(const BlockHeader& header, bool track) {
  if (header.block_num.value != chain_length()) {
    return fail("BlockNumMismatch", "block " + std::to_string(header.block_num.value) +
                                        " does not follow a chain of length " +
                                        std::to_string(chain_length()));
  }
  mmr_.add(header.commitment(), track);
  if (track) headers_.insert_or_assign(header.block_num, header);
  return {};
}

void PartialBlockchain::encode(ByteWriter& writer) const {
  mmr_.encode(writer);
  encode_map(writer, headers_);
}

Result<PartialBlockchain> PartialBlockchain::decode(ByteReader& reader) {
  PartialMmr mmr = TRY(PartialMmr::decode(reader));
  // The keys on the wire only decide, as in the reference's map, which of two headers stays.
  std::map<BlockNum, BlockHeader> by_key = TRY((decode_map<BlockNum, BlockHeader>(reader)));
  std::vector<BlockHeader> headers;
  headers.reserve(by_key.size());
  for (auto& [key, header] : by_key) headers.push_back(std::move(header));
  return as_invalid_value(make(std::move(mmr), std::move(headers)));
}

}  // namespace miden
