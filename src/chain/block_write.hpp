// Everything that one block changes, as one write.
#pragma once

#include "chain/chain_reader.hpp"

namespace miden {

class BlockWrite {
 public:
  BlockWrite(const Store& store, BlockNum block) : batch_(store), block_(block) {}

  BlockNum block() const { return block_; }
  WriteBatch& batch() { return batch_; }

  void put(Table table, const Key& key, ByteView value) { batch_.put(table, key, value); }
  void put(Table table, const Key& key, const Word& value) { put(table, key, value.to_wire()); }
  // A row without a value.
  void put(Table table, const Key& key) { put(table, key, ByteView()); }
  void put_meta(MetaKey key, uint32_t value) { put(kMeta, meta_key(key), Key().u32(value).view()); }
  void remove(Table table, const Key& key) { batch_.remove(table, key); }

  // A row with history: `old_value` remains for readers of older blocks.
  void replace(Table table, const Key& key, const std::optional<Bytes>& old_value,
               const std::optional<Bytes>& new_value);
  // With this block the row is obsolete; it is removed when no retained block is older than this.
  void retire(Table table, const Key& key);

  // Records what this block retired and removes what has come of age. Call last.
  void finish(const ChainReader& before);

 private:
  WriteBatch batch_;
  BlockNum block_;
  Bytes retired_;
};

}  // namespace miden
