// A chain of empty blocks with the headers that lead up to its tip.
#pragma once

#include <functional>

#include "merkle/simple_smt.hpp"
#include "protocol/block_header.hpp"
#include "protocol/partial_blockchain.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {

inline SecretKey validator_secret() { return *SecretKey::from_hex(std::string(63, '0') + "7"); }

inline BlockHeader test_header(uint32_t block_num) {
  return {.version = 0,
          .prev_block_commitment = word(11),
          .block_num = {block_num},
          .chain_commitment = word(12),
          .account_root = word(13),
          .nullifier_root = word(14),
          .note_root = word(15),
          .tx_commitment = word(16),
          .tx_kernel_commitment = word(17),
          .validator_key = validator_secret().public_key(),
          .fee_parameters = {public_account(99), 500},
          .timestamp = 1000 + block_num};
}

class TestChain {
 public:
  // Blocks 0 to `tip_num`; `customize` sees each header before its commitment enters the chain.
  explicit TestChain(uint32_t tip_num, const std::function<void(BlockHeader&)>& customize = {})
      : tip_(test_header(0)) {
    Word previous;
    for (uint32_t block_num = 0;; ++block_num) {
      tip_ = test_header(block_num);
      tip_.prev_block_commitment = previous;
      tip_.chain_commitment = before_tip_.chain_commitment();
      if (customize) customize(tip_);
      if (block_num == tip_num) return;
      previous = tip_.commitment();
      before_tip_.add(tip_, true).value();
    }
  }

  const BlockHeader& tip() const { return tip_; }
  const BlockHeader& block(uint32_t block_num) const {
    return block_num == tip_.block_num.value ? tip_ : *before_tip_.find({block_num});
  }
  // Blocks 0 to tip - 1, all with their headers.
  const PartialBlockchain& before_tip() const { return before_tip_; }

 private:
  PartialBlockchain before_tip_;
  BlockHeader tip_;
};

// A block's note tree that holds private_note(n) at leaf n for each.
inline SimpleSmt note_tree_of(const std::vector<uint64_t>& notes) {
  std::vector<std::pair<uint64_t, Word>> leaves;
  for (const uint64_t n : notes) leaves.emplace_back(n, private_note(n).id().word);
  return *SimpleSmt::from_leaves(kBlockNoteTreeDepth, leaves);
}
inline NoteInclusionProof inclusion_proof(uint32_t block_num, const SimpleSmt& tree, uint64_t n) {
  return {{block_num}, static_cast<uint16_t>(n), tree.open(n)};
}

}  // namespace miden
