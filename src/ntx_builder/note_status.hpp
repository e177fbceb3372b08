// ntx_builder.Api/GetNetworkNoteStatus: how far has a note come? spec/ntx-builder.md §17.
#pragma once

#include "net/status.hpp"
#include "ntx_builder/builder_state.hpp"

namespace note {
class NoteId;
}
namespace rpc {
class GetNetworkNoteStatusResponse;
}

namespace miden {

Answer<::rpc::GetNetworkNoteStatusResponse> network_note_status(const BuilderState& state,
                                                                const ::note::NoteId& request);

}  // namespace miden
