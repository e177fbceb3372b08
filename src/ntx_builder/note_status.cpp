#include "ntx_builder/note_status.hpp"

#include "net/convert_primitives.hpp"
#include "rpc.pb.h"
#include "storage/storage_error.hpp"
#include "telemetry/log.hpp"
#include "types/note.pb.h"

namespace miden {

Answer<::rpc::GetNetworkNoteStatusResponse> network_note_status(const BuilderState& state,
                                                                const ::note::NoteId& request) {
  if (!request.has_id()) return invalid_argument("missing note ID digest");
  const Result<Word> id = from_message(request.id());
  if (!id) return invalid_argument("invalid note ID digest");
  std::optional<NoteStatus> status;
  try {
    status = state.note_status(NoteId(*id));
  } catch (const StorageError& error) {
    log_error("a note's status cannot be read", {{"note", *id}, {"cause", error.what()}});
    return refuse(StatusCode::kInternal, "database error");
  }
  if (!status) return refuse(StatusCode::kNotFound, "note not found in ntx-builder database");

  ::rpc::GetNetworkNoteStatusResponse response;
  response.set_status(static_cast<::rpc::NetworkNoteStatus>(status->fate));
  if (status->last_error) response.set_last_error(*status->last_error);
  response.set_attempt_count(status->attempts);
  if (status->last_attempt) response.set_last_attempt_block_num(status->last_attempt->value);
  return response;
}

}  // namespace miden
