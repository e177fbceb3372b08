#include "net/convert_block.hpp"
#include "net/convert_note.hpp"
#include "rpc/block_range.hpp"
#include "rpc/limits.hpp"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.8. All paths of all pages of one range are against the same number of
// blocks, block_to + 1.
Answer<::rpc::SyncNotesResponse> sync_notes(const StateView& view,
                                            const ::rpc::SyncNotesRequest& request) {
  const ::rpc::BlockRange asked = TRY(present_block_range(request));
  TRY(check_count(kSyncNotesTags, request.note_tags_size()));
  const BlockRange range = TRY(checked_block_range(asked, view));
  const std::set<uint32_t> tags(request.note_tags().begin(), request.note_tags().end());

  const NoteSyncPage page = view.sync_notes(range, tags);
  ::rpc::SyncNotesResponse response;
  *response.mutable_pagination_info() = pagination(view, page.last_block);
  for (const NoteSyncBlock& block : page.blocks) {
    auto& added = *response.add_blocks();
    *added.mutable_block_header() = to_message(block.header);
    *added.mutable_mmr_path() = to_message(block.mmr_proof.path);
    for (const NoteRecord& note : block.notes) {
      auto& record = *added.add_notes();
      *record.mutable_metadata() = to_message(note.metadata);
      *record.mutable_inclusion_proof() = to_message(note.id, note.inclusion_proof);
    }
  }
  return response;
}

}  // namespace miden
