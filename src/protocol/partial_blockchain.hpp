// The headers of some past blocks with proof that they are in the chain. spec/types.md §10.7.
#pragma once

#include <map>

#include "merkle/mmr.hpp"
#include "protocol/block_header.hpp"

namespace miden {

class PartialBlockchain {
 public:
  PartialBlockchain() = default;
  // Errors: BlockNumTooBig, UntrackedBlock, DuplicateBlock, BlockHeaderCommitmentMismatch.
  static Result<PartialBlockchain> make(PartialMmr mmr, std::vector<BlockHeader> headers);
  // Number of blocks the range covers: 0 .. length - 1.
  uint64_t chain_length() const { return mmr_.num_leaves(); }
  Word chain_commitment() const { return mmr_.peaks().hash(); }
  const PartialMmr& mmr() const { return mmr_; }
  const BlockHeader* find(BlockNum block_num) const;
  const std::map<BlockNum, BlockHeader>& headers() const { return headers_; }
  // Appends the block with number chain_length(). Error: BlockNumMismatch.
  Result<void> add(const BlockHeader& header, bool track);
  void encode(ByteWriter& writer) const;
  static Result<PartialBlockchain> decode(ByteReader& reader);

 private:
  PartialMmr mmr_;
  std::map<BlockNum, BlockHeader> headers_;
};

}  // namespace miden
