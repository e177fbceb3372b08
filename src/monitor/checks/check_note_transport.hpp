// Does the note transport serve? spec/prover-and-monitor.md B11.
#pragma once

#include "monitor/check.hpp"
#include "net/address.hpp"

namespace miden {

struct NoteTransportCheckOptions {
  ServiceUrl url;
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
};

Check make_note_transport_check(const NoteTransportCheckOptions& options);

}  // namespace miden
