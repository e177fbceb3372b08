// What a node tells of its block production: its own, or in a full node the upstream's.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/ids.hpp"

namespace miden {

struct ProducerReport {
  std::string version;
  std::string status;  // "connected", "unreachable"
  BlockNum chain_tip;
  uint64_t unbatched_transactions = 0;
  uint64_t proposed_batches = 0;
  uint64_t proven_batches = 0;
};

class ProducerReporter {
 public:
  virtual ~ProducerReporter() = default;
  // Called for each Status request, from any thread: must answer at once, from a recent copy.
  virtual ProducerReport producer_report() const = 0;
};

}  // namespace miden
