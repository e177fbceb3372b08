#include <algorithm>

#include "net/convert_note.hpp"
#include "rpc/limits.hpp"
#include "rpc/methods.hpp"
#include "types/note.pb.h"

namespace miden {

// spec/store-rpc.md §17.5: unknown ids are left out.
Answer<::note::CommittedNoteList> get_notes_by_id(const StateView& view,
                                                  const ::note::NoteIdList& request) {
  TRY(check_count(kGetNotesByIdIds, request.ids_size()));
  std::vector<NoteId> ids;
  for (const auto& id : request.ids()) {
    if (!id.has_id()) return std::unexpected(at("digests", missing_field(id, "id").error()));
    ids.emplace_back(TRY(at("digests", from_message(id.id()))));
  }
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());

  ::note::CommittedNoteList response;
  for (const CommittedNote& committed : view.notes_by_id(ids)) {
    auto& added = *response.add_notes();
    *added.mutable_note()->mutable_metadata() = to_message(committed.record.metadata);
    if (committed.details) {
      added.mutable_note()->set_details(committed.details->data(), committed.details->size());
    }
    added.mutable_note()->set_attachments(committed.attachments.data(),
                                          committed.attachments.size());
    *added.mutable_inclusion_proof() =
        to_message(committed.record.id, committed.record.inclusion_proof);
  }
  return response;
}

}  // namespace miden
