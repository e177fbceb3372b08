// SyncNotes: which notes carry one of these tags? spec/store-rpc.md §17.8
#include "chain/note_rows.hpp"
#include "chain/page_by_blocks.hpp"
#include "chain/page_limits.hpp"
#include "chain/state_view.hpp"

namespace miden {
namespace {

using Page = PageByBlocks<uint16_t>;  // places in the block's note tree

// Clients that come often ask about the newest blocks, whose tags are remembered.
constexpr uint32_t kFewBlocks = 32;

void add_note(Page& page, BlockNum block_num, uint16_t place) {
  page.add(block_num, place, kNoteSyncNoteBytes, kNoteSyncBlockBytes);
}

void look_into_blocks(const ChainReader& reader, BlockRange range, const std::set<uint32_t>& tags,
                      Page& page) {
  for (BlockNum block_num = range.from; block_num <= page.last_block();
       block_num = block_num.next()) {
    const std::shared_ptr<const NoteTags> present = reader.note_tags(block_num);
    for (const uint32_t tag : tags) {
      const auto tag_of = [](const auto& note) { return note.first; };
      for (const auto& [found, place] : std::ranges::equal_range(*present, tag, {}, tag_of)) {
        add_note(page, block_num, place);
      }
    }
  }
}

void look_up_tags(const ChainReader& reader, BlockRange range, const std::set<uint32_t>& tags,
                  Page& page) {
  for (const uint32_t tag : tags) {
    Cursor row = reader.rows_of_blocks(kNotesByTag, Key().u32(tag), range);
    for (; row.valid(); row.next()) {
      KeyReader key(row.key());
      key.u32();
      const BlockNum block_num{key.u32()};
      if (block_num > page.last_block()) break;
      add_note(page, block_num, key.u16());
    }
  }
}

}  // namespace

NoteSyncPage StateView::sync_notes(BlockRange range, const std::set<uint32_t>& tags) const {
  Page page(range, kPageBytes);
  if (range.to.value - range.from.value < kFewBlocks) {
    look_into_blocks(*reader_, range, tags, page);
  } else {
    look_up_tags(*reader_, range, tags, page);
  }

  std::vector<NotePlace> places;
  for (auto& [block_num, found] : page.blocks()) {
    std::ranges::sort(found.rows);
    for (const uint16_t index : found.rows) places.push_back({block_num, index});
  }
  std::vector<NoteRecord> notes = read_notes(*reader_, places);

  NoteSyncPage answer{{}, page.last_block()};
  auto note = std::make_move_iterator(notes.begin());
  for (const auto& [block_num, found] : page.blocks()) {
    const std::optional<SignedHeader> header = block_header(block_num);
    if (!header) throw_corrupt("a block's header is missing");
    const auto behind = note + static_cast<ptrdiff_t>(found.rows.size());
    answer.blocks.push_back({header->header,
                             expect_sound(block_opening(block_num, uint64_t{range.to.value} + 1)),
                             {note, behind}});
    note = behind;
  }
  return answer;
}

}  // namespace miden
