// A validator and provers in this process, which can be told to misbehave.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "producer/block_signer.hpp"
#include "producer/provers.hpp"
#include "protocol/proposed_block.hpp"

namespace miden {

inline const Status kUnreachable(StatusCode::kUnavailable, "connection refused");

// Signs like a validator that signs one block at each height and never another.
class FakeValidator final : public BlockSigner {
 public:
  FakeValidator(SignedBlock genesis, SecretKey key, const Word& tx_kernel_commitment)
      : key_(std::move(key)), tx_kernel_commitment_(tx_kernel_commitment) {
    blocks_.emplace(kGenesis, std::move(genesis));
  }

  // A block that it signed earlier.
  void remember(SignedBlock block) {
    const std::scoped_lock lock(mutex_);
    const BlockNum block_num = block.header.block_num;
    blocks_.emplace(block_num, std::move(block));
  }

  // What misbehaves, from now on. Each returns a status to answer instead, or nothing.
  struct Mood {
    std::optional<Status> always = {};         // to every call
    std::optional<Status> to_signing = {};     // without signing
    std::optional<Status> after_signing = {};  // signs, and the answer is lost
    std::set<TransactionId> unknown = {};      // transactions it does not know
    bool names_unknown = true;
    bool breaks_on_unknown = false;
    bool signs_with_wrong_key = false;
  };
  void set_mood(Mood mood) {
    const std::scoped_lock lock(mutex_);
    mood_ = std::move(mood);
  }

  Answer<BlockSignature> sign(ByteView proposed_block, const std::stop_token&) override {
    const std::scoped_lock lock(mutex_);
    ++sign_calls_;
    if (mood_.always) return std::unexpected(*mood_.always);
    if (mood_.to_signing) return std::unexpected(*mood_.to_signing);
    const auto proposed = from_bytes<ProposedBlock>(proposed_block);
    if (!proposed) return invalid_argument(proposed.error().message);
    if (const auto sound = proposed->verify(); !sound)
      return invalid_argument(sound.error().message);
    auto built = proposed->build(tx_kernel_commitment_);
    if (!built) return invalid_argument(built.error().message);
    auto& [header, body] = *built;
    for (const TransactionHeader& transaction : body.transactions.transactions) {
      if (!mood_.unknown.contains(transaction.id)) continue;
      if (mood_.breaks_on_unknown) return refuse(StatusCode::kUnknown, "");
      return invalid_argument(
          "Failed to validate block\ncaused by: block contains unvalidated "
          "transactions" +
          (mood_.names_unknown ? " [" + transaction.id.to_hex() + "]" : ""));
    }
    const BlockHeader& tip = blocks_.rbegin()->second.header;
    if (header != tip) {
      if (header.block_num != tip.block_num.next())
        return invalid_argument("block number mismatch");
      if (header.prev_block_commitment != tip.commitment()) {
        return invalid_argument("previous block commitment does not match chain tip");
      }
      const SecretKey key =
          mood_.signs_with_wrong_key ? *SecretKey::from_hex(std::string(63, '0') + "8") : key_;
      const Signature signature = key.sign(header.commitment());
      if (mood_.signs_with_wrong_key) return BlockSignature{signature, header.commitment()};
      blocks_.emplace(header.block_num, SignedBlock{header, body, signature});
    }
    if (mood_.after_signing) return std::unexpected(*mood_.after_signing);
    return BlockSignature{blocks_.rbegin()->second.signature, header.commitment()};
  }

  Answer<BlockNum> signed_tip(const std::stop_token&) override {
    const std::scoped_lock lock(mutex_);
    if (mood_.always) return std::unexpected(*mood_.always);
    return blocks_.rbegin()->first;
  }

  Answer<> signed_blocks(BlockNum first, const std::function<bool(Bytes)>& take,
                         const std::stop_token&) override {
    std::map<BlockNum, SignedBlock> blocks;
    {
      const std::scoped_lock lock(mutex_);
      if (mood_.always) return std::unexpected(*mood_.always);
      blocks = blocks_;
    }
    for (auto block = blocks.find(first); block != blocks.end(); ++block) {
      if (!take(to_bytes(block->second))) break;
    }
    return {};
  }

  std::map<BlockNum, SignedBlock> blocks() const {
    const std::scoped_lock lock(mutex_);
    return blocks_;
  }
  int sign_calls() const {
    const std::scoped_lock lock(mutex_);
    return sign_calls_;
  }

 private:
  const SecretKey key_;
  const Word tx_kernel_commitment_;
  mutable std::mutex mutex_;  // guards what follows
  Mood mood_;
  std::map<BlockNum, SignedBlock> blocks_;
  int sign_calls_ = 0;
};

class FakeBatchProver final : public BatchProver {
 public:
  struct Mood {
    std::optional<Status> always = {};
    std::set<TransactionId> invalid = {};  // transactions whose proof does not verify
    bool names_invalid = true;
  };
  void set_mood(Mood mood) {
    const std::scoped_lock lock(mutex_);
    mood_ = std::move(mood);
  }

  Answer<ProvenBatch> prove(const ProposedBatch& batch, const std::stop_token&) override {
    const std::scoped_lock lock(mutex_);
    ++calls_;
    if (mood_.always) return std::unexpected(*mood_.always);
    for (const auto& transaction : batch.transactions()) {
      if (!mood_.invalid.contains(transaction->id)) continue;
      return invalid_argument("proof of a transaction is invalid" +
                              (mood_.names_invalid ? ": " + transaction->id.to_hex() : ""));
    }
    return ProvenBatch::of(batch);
  }
  int calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  Mood mood_;
  int calls_ = 0;
};

// Refuses the first `failures` requests for each block.
class FakeBlockProver final : public BlockProver {
 public:
  explicit FakeBlockProver(int failures = 0) : failures_(failures) {}

  Answer<Bytes> prove(ByteView block_proof_request, const std::stop_token&) override {
    const auto request = from_bytes<BlockProofRequest>(block_proof_request);
    if (!request) return invalid_argument(request.error().message);
    const std::scoped_lock lock(mutex_);
    if (attempts_[request->header.block_num]++ < failures_) return std::unexpected(kUnreachable);
    return Bytes();
  }
  std::map<BlockNum, int> attempts() const {
    const std::scoped_lock lock(mutex_);
    return attempts_;
  }

 private:
  const int failures_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<BlockNum, int> attempts_;
};

}  // namespace miden
