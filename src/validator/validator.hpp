// The validator: re-executes every transaction, checks and signs every block, keeps both.
// spec/node-and-validator.md §8.
#pragma once

#include <memory>
#include <mutex>

#include "crypto/ecdsa.hpp"
#include "engine/engine.hpp"
#include "net/status.hpp"
#include "protocol/proposed_block.hpp"
#include "validator/validator_store.hpp"

namespace miden {

struct SignedCommitment {
  Signature signature;
  Word block_commitment;
};

struct ValidatorStanding {
  BlockNum chain_tip;
  uint64_t validated_transactions = 0;
  uint64_t signed_blocks = 0;  // genesis included
};

// What the gRPC service answers, without gRPC. Safe from any thread; submissions take milliseconds
// of the calling thread, blocks are signed one at a time.
class Validator {
 public:
  struct Options {
    // Recovery only: sign another block at the tip's height, as the reference always would. Whoever
    // sets this vouches that the block signed before was never committed anywhere.
    bool allow_tip_replacement = false;
  };

  // Errors: ValidatorKeyMismatch when the chain was made for another key.
  static Result<std::unique_ptr<Validator>> make(std::unique_ptr<ValidatorStore> store,
                                                 SecretKey key,
                                                 std::shared_ptr<const Engine> engine,
                                                 Options options);

  // Idempotent: a transaction known already is not looked at again.
  Answer<> submit(ByteView proven_tx, std::optional<ByteView> tx_inputs);
  // Idempotent: the block at the tip is answered with the signature it has.
  Answer<SignedCommitment> sign(ByteView proposed_block);

  ValidatorStanding standing() const;
  std::optional<Bytes> block(BlockNum block_num) const { return store_->block(block_num); }
  BlockNum tip() const { return store_->tip().block_num; }

 private:
  Validator(std::unique_ptr<ValidatorStore> store, SecretKey key,
            std::shared_ptr<const Engine> engine, Options options);

  std::unique_ptr<ValidatorStore> store_;
  SecretKey key_;
  std::shared_ptr<const Engine> engine_;
  Options options_;
  Word tx_kernel_commitment_;
  std::mutex
      sign_mutex_;  // one block at a time: what is checked against the tip is signed on that tip
};

}  // namespace miden
