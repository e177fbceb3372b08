// Who knows how far a network note has come: a sequencer asks its transaction builder, a full node
// the node that it follows.
#pragma once

#include "net/status.hpp"
#include "rpc/transaction_submitter.hpp"

namespace note {
class NoteId;
}
namespace rpc {
class GetNetworkNoteStatusResponse;
}

namespace miden {

class NetworkNoteSource {
 public:
  virtual ~NetworkNoteSource() = default;
  // Called from any thread of a pool; may take as long as the other service does, whose refusals
  // are handed on as they came.
  virtual Answer<::rpc::GetNetworkNoteStatusResponse> network_note_status(
      const ::note::NoteId& request, const CallerHeaders& caller) = 0;
};

}  // namespace miden
