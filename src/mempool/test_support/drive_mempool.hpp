// What tests of the mempool do over and over.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "mempool/snapshot.hpp"
#include "mempool/test_support/build_transaction.hpp"

namespace miden {

using Ids = std::vector<uint64_t>;

// The small numbers behind ids that test_support made.
inline uint64_t number(const TransactionId& id) { return id.word[0].value(); }
inline Ids ids_of(const SelectedBatch& batch) {
  Ids ids;
  for (const auto& tx : batch.transactions) ids.push_back(number(tx->id));
  return ids;
}
inline Ids ids_of(const std::vector<Eviction>& evictions) {
  Ids ids;
  for (const Eviction& eviction : evictions) ids.push_back(number(eviction.id));
  return ids;
}
inline Ids ids_of(const std::optional<SelectedBatch>& batch) {
  return batch ? ids_of(*batch) : Ids();
}

inline void PrintTo(const Eviction& eviction, std::ostream* out) {
  *out << number(eviction.id) << " " << to_string(eviction.reason);
}

// A proof whose only content is the first transaction's number.
inline std::shared_ptr<const ProvenBatch> proof_of(const SelectedBatch& batch) {
  return std::make_shared<ProvenBatch>(
      ProvenBatch{.id = BatchId(batch.transactions.front()->id.word),
                  .reference_block_commitment = {},
                  .reference_block_num = {},
                  .account_updates = {},
                  .input_notes = {},
                  .output_notes = {},
                  .expiration_block_num = {},
                  .transactions = {}});
}

// Every event is followed by a check of all invariants.
class DrivenMempool : public Mempool {
 public:
  using Mempool::Mempool;

  std::string_view rejection(const AuthenticatedTransaction& tx) {
    const auto result = admit(tx);
    check();
    return result ? "" : result.error().code;
  }
  std::string_view rejection(std::vector<AuthenticatedTransaction> txs) {
    const auto result = admit_batch(std::move(txs));
    check();
    return result ? "" : result.error().code;
  }
  void add(const AuthenticatedTransaction& tx) { EXPECT_EQ(rejection(tx), ""); }
  void add_batch(std::vector<AuthenticatedTransaction> txs) {
    EXPECT_EQ(rejection(std::move(txs)), "");
  }

  std::optional<SelectedBatch> any() {
    auto batch = select_any_batch();
    check();
    return batch;
  }
  std::optional<SelectedBatch> full() {
    auto batch = select_full_batch();
    check();
    return batch;
  }
  void prove(const SelectedBatch& batch, size_t block_bytes = 1) {
    EXPECT_TRUE(batch_proven(batch.attempt, proof_of(batch), block_bytes));
    check();
  }
  // Selects and proves the next batch of any size.
  SelectedBatch batch() {
    auto selected = any();
    EXPECT_TRUE(selected);
    if (!selected) return {};
    prove(*selected);
    return *selected;
  }
  std::vector<Eviction> fail(const SelectedBatch& batch, const Failure& failure) {
    auto evictions = batch_failed(batch.attempt, failure);
    check();
    return evictions;
  }

  // The first transactions of the block's batches.
  Ids block() {
    const auto selected = select_block();
    check();
    EXPECT_TRUE(selected);
    Ids ids;
    if (!selected) return ids;
    for (const auto& batch : selected->batches) ids.push_back(batch->id.word[0].value());
    return ids;
  }
  std::vector<Eviction> commit() {
    auto evictions = block_committed(committed_tip().next());
    check();
    EXPECT_TRUE(evictions);
    return evictions ? *evictions : std::vector<Eviction>();
  }
  std::vector<Eviction> fail_block(const Failure& failure) {
    auto evictions = block_failed(committed_tip().next(), failure);
    check();
    EXPECT_TRUE(evictions);
    return evictions ? *evictions : std::vector<Eviction>();
  }
  std::vector<Eviction> commit_empty_blocks(int count) {
    std::vector<Eviction> all;
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(block(), Ids());
      const auto evictions = commit();
      all.insert(all.end(), evictions.begin(), evictions.end());
    }
    return all;
  }
  // Everything that can go into the next block goes there.
  void commit_all() {
    while (any_batch_proven()) {
    }
    block();
    commit();
  }

  void check() const { EXPECT_EQ(broken_invariant(), std::nullopt); }

 private:
  bool any_batch_proven() {
    const auto selected = any();
    if (selected) prove(*selected);
    return selected.has_value();
  }
};

inline const Failure kOutage{.cause = Failure::Cause::kInfrastructure, .culprits = {}};
inline const Failure kBadContent{.cause = Failure::Cause::kContent, .culprits = {}};

}  // namespace miden
