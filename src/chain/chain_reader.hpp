// Typed reads from one snapshot of the chain's store. Damaged rows throw StorageError.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "chain/block_queries.hpp"
#include "chain/past_blocks.hpp"
#include "chain/tables.hpp"
#include "merkle/mmr.hpp"

namespace miden {

[[noreturn]] void throw_corrupt(std::string_view what);

// What was stored by us decodes, or the store is damaged.
template <Serializable T>
T decode_stored(ByteView bytes) {
  Result<T> value = from_bytes<T>(bytes);
  if (!value) throw_corrupt(value.error().message);
  return *std::move(value);
}
// The value of an operation that only damaged rows can make fail.
template <class T>
T expect_sound(Result<T>&& value) {
  if (!value) throw_corrupt(value.error().message);
  return take_value(std::move(value));
}

class ChainReader {
 public:
  // `past` remembers what is read of blocks; only for snapshots whose blocks are all committed.
  explicit ChainReader(std::shared_ptr<const Snapshot> snapshot,
                       std::shared_ptr<PastBlocks> past = nullptr);

  const Snapshot& rows() const { return *snapshot_; }

  std::optional<uint32_t> meta(MetaKey key) const;
  // A reader that remembers may know blocks above its snapshot's tip.
  std::optional<SignedHeader> header(BlockNum block) const;

  // Of a block up to the tip.
  std::shared_ptr<const NoteTags> note_tags(BlockNum block) const;

  // The value of a row with history as of the end of block `at`; nullopt: the newest.
  std::vector<std::optional<Bytes>> rows_at(Table table, std::span<const Key> keys,
                                            std::optional<BlockNum> at) const;
  std::optional<Bytes> row_at(Table table, const Key& key, std::optional<BlockNum> at) const;
  // Rows under `prefix` that had another value than the newest at the end of block `at`, by key.
  // `prefix` ends where a fixed-length rest of `rest_size` bytes begins.
  std::vector<std::pair<Key, std::optional<Bytes>>> older_rows(Table table, const Key& prefix,
                                                               size_t rest_size, BlockNum at) const;

  // Rows whose keys are `prefix`, a block in `range` and more.
  Cursor rows_of_blocks(Table table, const Key& prefix, BlockRange range) const;

  // Nodes of the chain's Merkle mountain range.
  MmrNodeReader chain_nodes() const;

 private:
  std::optional<SignedHeader> read_header(BlockNum block) const;
  NoteTags read_note_tags(BlockNum block) const;

  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<PastBlocks> past_;
};

// Key of the value that `table` had under `key` until block `replaced_at`.
Key history_key(Table table, const Key& key, BlockNum replaced_at);

}  // namespace miden
