// One page of a sync answer over many keys (tags, prefixes, accounts): rows of all of them in block
// order, whole blocks only, up to a size. spec/store-rpc.md §17, D-7
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include "chain/block_queries.hpp"

namespace miden {

// Collects rows key by key, each key's rows ascending by block, and keeps only as many blocks as
// fit. So what is held stays within one page and one key's rows, whatever was asked for.
template <class Row>
class PageByBlocks {
 public:
  // A page takes blocks while they stay within `max_bytes`, but always the first one that has rows.
  PageByBlocks(BlockRange range, size_t max_bytes) : last_(range.to), max_(max_bytes) {}

  // Rows behind this block do not fit any more and need not be read.
  BlockNum last_block() const { return last_; }

  // `size` in bytes; a block's first row also costs `block_size`.
  void add(BlockNum block, Row row, size_t size, size_t block_size = 0) {
    if (block > last_) return;
    Block& into = blocks_[block];
    if (into.rows.empty()) grow(into, block_size);
    grow(into, size);
    into.rows.push_back(std::move(row));
    drop_what_does_not_fit();
  }

  struct Block {
    std::vector<Row> rows;
    size_t bytes = 0;
  };
  const std::map<BlockNum, Block>& blocks() const { return blocks_; }
  std::map<BlockNum, Block>& blocks() { return blocks_; }

 private:
  void grow(Block& block, size_t size) {
    block.bytes += size;
    bytes_ += size;
  }
  void drop_what_does_not_fit() {
    while (bytes_ > max_ && blocks_.size() > 1) {
      const auto dropped = std::prev(blocks_.end());
      bytes_ -= dropped->second.bytes;
      last_ = BlockNum{dropped->first.value - 1};
      blocks_.erase(dropped);
    }
  }

  BlockNum last_;
  size_t max_;
  size_t bytes_ = 0;
  std::map<BlockNum, Block> blocks_;
};

}  // namespace miden
