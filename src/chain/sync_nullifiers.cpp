// SyncNullifiers: which nullifiers with one of these prefixes were created? spec/store-rpc.md §17.9
#include "chain/chain_reader.hpp"
#include "chain/page_by_blocks.hpp"
#include "chain/page_limits.hpp"
#include "chain/state_view.hpp"

namespace miden {

NullifierPage StateView::sync_nullifiers(BlockRange range,
                                         const std::set<uint16_t>& prefixes) const {
  // A block creates at most 65,536 nullifiers, so that every block fits a page.
  PageByBlocks<Nullifier> page(range, kPageBytes);
  for (const uint16_t prefix : prefixes) {
    Cursor row = reader_->rows_of_blocks(kNullifiers, Key().u16(prefix), range);
    for (; row.valid(); row.next()) {
      KeyReader key(row.key());
      key.u16();
      const BlockNum block_num{key.u32()};
      if (block_num > page.last_block()) break;
      page.add(block_num, Nullifier(decode_stored<Word>(key.rest())), kNullifierRowBytes);
    }
  }
  NullifierPage answer{{}, page.last_block()};
  for (const auto& [block_num, found] : page.blocks()) {
    for (const Nullifier& nullifier : found.rows) {
      answer.nullifiers.push_back({nullifier, block_num});
    }
  }
  return answer;
}

}  // namespace miden
