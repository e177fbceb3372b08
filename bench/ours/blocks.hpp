// Full blocks applied to a chain of 100,000 accounts.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "chain/chain_state.hpp"
#include "measured.hpp"
#include "merkle/memory_smt_store.hpp"
#include "merkle/mmr.hpp"
#include "storage/thread_pool_executor.hpp"

namespace miden {

// Makes the blocks that both sides apply. In the file a length in four little-endian bytes stands
// before each block.
void write_blocks(const std::filesystem::path& path);
std::vector<Bytes> read_blocks(const std::filesystem::path& path);

// The blocks in turn.
class BlockQueue {
 public:
  explicit BlockQueue(const std::filesystem::path& path);
  // Those applied before the first that is measured.
  std::vector<SignedBlock> take_warm_up();
  // The shorter time of applying the next two blocks.
  Measured measure(const std::function<void(const SignedBlock&)>& apply);

 private:
  std::vector<SignedBlock> blocks_;
  size_t next_ = 0;
};

// The trees alone, in memory: what bench/reference/src/blocks.rs does.
class ChainTrees {
 public:
  explicit ChainTrees(const std::filesystem::path& blocks);
  Measured apply_next();

 private:
  void apply(const SignedBlock& block);

  ThreadPoolExecutor executor_;
  MemorySmtStore accounts_;
  MemorySmtStore nullifiers_;
  Mmr chain_;
  size_t kept_ = 0;  // of what is computed and not needed here
  BlockQueue blocks_;
};

// The whole, with its store.
class GrownChain {
 public:
  // Makes the chain's store in `directory`, which must not exist, and applies the first blocks.
  GrownChain(const std::filesystem::path& blocks, const std::filesystem::path& directory,
             StoreOptions::Durability durability);
  Measured apply_next();

 private:
  BlockQueue blocks_;
  std::unique_ptr<ChainState> chain_;
};

}  // namespace miden
