// What the mempool has answered for, kept until it is committed or given up.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include "chain/chain_state.hpp"
#include "storage/store.hpp"

namespace miden {

class Journal {
 public:
  // Reads what an earlier process left.
  explicit Journal(std::shared_ptr<Store> store);

  uint64_t add(std::span<const JournalAddition> additions);
  void remove(std::span<const uint64_t> sequences);
  std::vector<JournalEntry> entries() const;

  // Entries that these transactions complete; their rows are removed in the block's batch. After
  // the batch is written, forget() them.
  std::vector<uint64_t> stage_committed(const std::vector<TransactionHeader>& transactions,
                                        WriteBatch& batch) const;
  void forget(std::span<const uint64_t> sequences,
              const std::vector<TransactionHeader>& transactions);

 private:
  void remember(uint64_t sequence, const std::vector<TransactionId>& transactions);

  std::shared_ptr<Store> store_;
  mutable std::mutex mutex_;  // guards what follows; never held during a write
  uint64_t next_sequence_ = 1;
  std::map<uint64_t, std::set<TransactionId>> pending_;         // transactions not committed yet
  std::unordered_multimap<TransactionId, uint64_t> sequences_;  // by pending transaction
};

}  // namespace miden
