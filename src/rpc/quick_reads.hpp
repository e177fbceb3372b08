// The methods that read, for callers who are answered without gRPC (net/quick_method.hpp).
#pragma once

#include <string>

#include "chain/chain_state.hpp"
#include "net/quick_method.hpp"
#include "rpc/producer_report.hpp"
#include "rpc/public_gate.hpp"

namespace miden {

// What they are over; all of it outlives the methods.
struct QuickReadParts {
  const ChainState& chain;
  const ProducerReporter& producer;
  PublicGate& gate;
  std::string version;
};

// Same gate, same answers as through gRPC. Questions that may take long are left to gRPC: about
// many things or many blocks, and all for whole blocks.
QuickMethods quick_reads(const QuickReadParts& parts);

}  // namespace miden
