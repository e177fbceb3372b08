// How far a network note has come, as another service knows it. spec/store-rpc.md §17.14.
#pragma once

#include "rpc/network_note_source.hpp"

namespace miden {

// `source` may be null: there is nobody to ask. Waits for the other service.
Answer<::rpc::GetNetworkNoteStatusResponse> get_network_note_status(NetworkNoteSource* source,
                                                                    const ::note::NoteId& request,
                                                                    const CallerHeaders& caller);

}  // namespace miden
