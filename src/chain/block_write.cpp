#include "chain/block_write.hpp"

#include "chain/state_view.hpp"

namespace miden {

void BlockWrite::replace(Table table, const Key& key, const std::optional<Bytes>& old_value,
                         const std::optional<Bytes>& new_value) {
  if (old_value == new_value) return;
  if (new_value) {
    put(table, key, *new_value);
  } else {
    remove(table, key);
  }
  if (block_ == kGenesis) return;  // nothing is older
  Bytes row;
  row.reserve(1 + (old_value ? old_value->size() : 0));
  row.push_back(old_value ? 1 : 0);
  if (old_value) row.insert(row.end(), old_value->begin(), old_value->end());
  const Key history = history_key(table, key, block_);
  put(kHistory, history, row);
  retire(kHistory, history);
}

void BlockWrite::retire(Table table, const Key& key) {
  retired_.push_back(static_cast<uint8_t>(table));
  retired_.push_back(static_cast<uint8_t>(key.size()));
  retired_.insert(retired_.end(), key.view().begin(), key.view().end());
}

void BlockWrite::finish(const ChainReader& before) {
  if (!retired_.empty()) put(kRetired, block_key(block_), retired_);
  // Readers reach back to block_ - kRetainedBlocks, and what that block replaced is older still.
  if (block_.value < kRetainedBlocks) return;
  const Key aged = block_key({block_.value - kRetainedBlocks});
  const std::optional<Bytes> list = before.rows().get(kRetired, aged);
  if (!list) return;
  for (KeyReader reader(*list); !reader.rest().empty();) {
    const uint8_t table = reader.u8();
    if (table >= kTableCount) throw_corrupt("a retired row's table");
    const uint8_t size = reader.u8();
    batch_.remove(table, reader.bytes(size));
  }
  remove(kRetired, aged);
}

}  // namespace miden
