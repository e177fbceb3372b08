// A mempool's contents as one comparable value.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "mempool/mempool.hpp"

namespace miden {

// In terms of ids only, so that two mempools with different pasts and the same contents are equal.
struct MempoolSnapshot {
  struct Transaction {
    TransactionId id;
    std::set<TransactionId> parents;
    std::set<NoteId> unauthenticated_notes;
    bool is_candidate = false;
    bool is_selected = false;
    std::vector<TransactionId> user_batch;  // in order; empty: none
    friend bool operator==(const Transaction&, const Transaction&) = default;
  };
  struct Batch {
    std::vector<TransactionId> transactions;
    std::set<TransactionId> parents;  // the first transaction of each
    bool is_proven = false;
    friend bool operator==(const Batch&, const Batch&) = default;
  };
  struct Lane {
    Word commitment;
    std::vector<std::pair<std::optional<TransactionId>, std::set<TransactionId>>> slots;
    friend bool operator==(const Lane&, const Lane&) = default;
  };
  using Block = std::vector<std::vector<TransactionId>>;

  BlockNum tip;
  std::vector<Transaction> transactions;  // in arrival order
  std::vector<Batch> batches;             // in order of selection
  std::optional<Block> pending;
  std::vector<Block> committed;  // oldest first
  std::map<NoteId, TransactionId> creators;
  std::map<Nullifier, TransactionId> spenders;
  std::map<AccountId, Lane> lanes;
  friend bool operator==(const MempoolSnapshot&, const MempoolSnapshot&) = default;
};

}  // namespace miden
