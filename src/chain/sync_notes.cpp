// SyncNotes: which notes carry one of these tags? spec/store-rpc.md §17.8
#include "chain/note_rows.hpp"
#include "chain/page_by_blocks.hpp"
#include "chain/page_limits.hpp"
#include "chain/state_view.hpp"

namespace miden {

NoteSyncPage StateView::sync_notes(BlockRange range, const std::set<uint32_t>& tags) const {
  PageByBlocks<uint16_t> page(range, kPageBytes);
  for (const uint32_t tag : tags) {
    Cursor row = reader_->rows_of_blocks(kNotesByTag, Key().u32(tag), range);
    for (; row.valid(); row.next()) {
      KeyReader key(row.key());
      key.u32();
      const BlockNum block_num{key.u32()};
      if (block_num > page.last_block()) break;
      page.add(block_num, key.u16(), kNoteSyncNoteBytes, kNoteSyncBlockBytes);
    }
  }

  NoteSyncPage answer{{}, page.last_block()};
  for (auto& [block_num, found] : page.blocks()) {
    std::ranges::sort(found.rows);
    std::vector<NotePlace> places;
    for (const uint16_t index : found.rows) places.push_back({block_num, index});
    const std::optional<SignedHeader> header = block_header(block_num);
    if (!header) throw_corrupt("a block's header is missing");
    answer.blocks.push_back({header->header,
                             expect_sound(block_opening(block_num, uint64_t{range.to.value} + 1)),
                             read_notes(*reader_, places)});
  }
  return answer;
}

}  // namespace miden
