// From proven batches to committed blocks. spec/block-production.md §11 to §13.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "chain/chain_state.hpp"
#include "producer/block_signer.hpp"
#include "producer/mempool_owner.hpp"
#include "protocol/proposed_block.hpp"

namespace miden {

// One block at a time, one at each tick. What can go wrong, and what it costs:
//
//   validator unreachable, busy, late     the same proposal is offered again until there is an
//   answer:
//                                         whatever the validator has signed, it is this block
//   validator refuses                     if it is at another height than this chain: catch up
//   first;
//                                         else the block's content is at fault, if the validator
//                                         has signed anything since it last refused, which an empty
//                                         block finds out
//   validator ahead at start              it signed a block that was not stored here: that block is
//                                         adopted, nothing is proposed in its place (§20 D19)
class BlockBuilder {
 public:
  struct Options {
    std::chrono::milliseconds interval = std::chrono::seconds(3);
    // Between attempts while the validator is out of order; doubles up to the second.
    std::chrono::milliseconds first_retry = std::chrono::milliseconds(250);
    std::chrono::milliseconds longest_retry = std::chrono::seconds(5);
    Word tx_kernel_commitment;
    std::function<uint32_t()> now;  // Unix seconds
    std::function<void(const std::string&)> on_fatal;
  };

  BlockBuilder(ChainState& chain, MempoolOwner& owner, BlockSigner& signer, Options options);
  ~BlockBuilder() { stop(); }

  // The first block at once, then one at each interval; missed ticks are not made up (§20 D16).
  void start();
  // A block that is being signed is given up, one that is being committed is finished.
  void stop();

 private:
  struct Draft {
    BlockHeader header;
    BlockBody body;
    Bytes proposal;        // ProposedBlock
    Bytes proving_inputs;  // BlockProofRequest
  };

  void work(const std::stop_token& stop);
  void produce(const std::stop_token& stop);
  bool catch_up(const std::stop_token& stop);
  bool has_signed_our_tip(const std::stop_token& stop);
  bool adopt(const SignedBlock& block);
  Result<Draft> draft(const SelectedBlock& selected) const;
  Answer<BlockSignature> sign(const Draft& draft, const std::stop_token& stop) const;
  void judge_refusal(const SelectedBlock& selected, const Status& status,
                     const std::stop_token& stop);
  bool commit(Draft draft, const Signature& signature);
  void give_up(BlockNum block_num, const Failure& failure);

  ChainState& chain_;
  MempoolOwner& owner_;
  BlockSigner& signer_;
  const Options options_;

  // The thread's own.
  bool is_in_step_ = false;  // the validator's tip is known to be this chain's
  bool has_signed_since_refusal_ = true;
  bool only_empty_ = false;  // until the validator has shown that it signs at all

  std::jthread thread_;
};

}  // namespace miden
