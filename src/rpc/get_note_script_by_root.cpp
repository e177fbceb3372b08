#include "net/convert_note.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.6: an unknown root is answered with an empty message.
Answer<::rpc::MaybeNoteScript> get_note_script_by_root(const StateView& view,
                                                       const ::note::NoteScriptRoot& request) {
  if (!request.has_root()) return invalid_argument("NoteScriptRoot: missing field `root`");
  const NoteScriptRoot root(TRY(at("root", from_message(request.root()))));

  ::rpc::MaybeNoteScript response;
  const std::optional<Bytes> stored = view.note_script(root);
  if (!stored) return response;
  const Result<NoteScript> script = from_bytes<NoteScript>(*stored);
  if (!script) return refuse(StatusCode::kInternal, script.error().message);
  *response.mutable_script() = to_message(*script);
  return response;
}

}  // namespace miden
