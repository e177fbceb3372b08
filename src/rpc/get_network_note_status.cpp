#include "rpc/get_network_note_status.hpp"

#include "net/convert_primitives.hpp"
#include "rpc.pb.h"

namespace miden {

Answer<::rpc::GetNetworkNoteStatusResponse> get_network_note_status(NetworkNoteSource* source,
                                                                    const ::note::NoteId& request,
                                                                    const CallerHeaders& caller) {
  if (!request.has_id()) return invalid_argument("missing note ID digest");
  if (!from_message(request.id())) return invalid_argument("invalid note ID digest");
  if (source == nullptr) {
    return refuse(StatusCode::kUnavailable, "Network transaction builder is not enabled");
  }
  return source->network_note_status(request, caller);
}

}  // namespace miden
