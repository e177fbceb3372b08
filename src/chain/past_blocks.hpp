// What is asked for again and again and never changes: headers and note tags of committed blocks,
// nodes of the chain's Merkle mountain range.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chain/block_queries.hpp"

namespace miden {

// Some values by number. When there are too many of them, some are forgotten. Safe from any thread.
template <class Value>
class ValuesByNumber {
 public:
  explicit ValuesByNumber(size_t max_values) : max_in_shard_(max_values / kShards) {}

  std::optional<Value> find(uint64_t number) const {
    const Shard& shard = shards_[number % kShards];
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.values.find(number);
    return found == shard.values.end() ? std::nullopt : std::optional(found->second);
  }
  void remember(uint64_t number, Value value) {
    Shard& shard = shards_[number % kShards];
    const std::scoped_lock lock(shard.mutex);
    // All at once: cheaper than knowing which was not asked for, and soon made good.
    if (shard.values.size() >= max_in_shard_) shard.values.clear();
    shard.values.insert_or_assign(number, std::move(value));
  }

 private:
  static constexpr size_t kShards = 16;
  struct Shard {
    mutable std::mutex mutex;  // guards values
    std::unordered_map<uint64_t, Value> values;
  };
  const size_t max_in_shard_;
  std::array<Shard, kShards> shards_;
};

// Tag and place of every note of a block, in that order.
using NoteTags = std::vector<std::pair<uint32_t, uint16_t>>;

// Of one store, shared by all its views. Some 15 MB when full.
struct PastBlocks {
  ValuesByNumber<std::shared_ptr<const SignedHeader>> headers{1 << 14};
  ValuesByNumber<Word> chain_nodes{1 << 16};
  ValuesByNumber<std::shared_ptr<const NoteTags>> note_tags{1 << 7};
};

}  // namespace miden
