// The sequencer's private API, sequencer.Api: full nodes hand over what they have checked. Whoever
// can reach it is believed, so it must listen where only the operator's own nodes come.
// spec/store-rpc.md §20, block-production.md §6.10.
#pragma once

#include <chrono>
#include <memory>

#include "net/server.hpp"
#include "producer/block_producer.hpp"

namespace miden {

struct SequencerApiOptions {
  SocketAddress listen;
  std::chrono::milliseconds request_timeout{10'000};  // that of the public API
  size_t threads = 16;                                // each waits for the mempool's owner
  size_t max_waiting_calls = 1000;
};

// Neither content negotiation nor rate limit, health or reflection.
class SequencerApi {
 public:
  // `producer` must outlive the server. Error: BindFailed.
  static Result<std::unique_ptr<SequencerApi>> start(const SequencerApiOptions& options,
                                                     BlockProducer& producer);
  ~SequencerApi();
  SequencerApi(const SequencerApi&) = delete;
  SequencerApi& operator=(const SequencerApi&) = delete;

  uint16_t port() const;
  // Takes no new calls, ends those in flight within `grace`. May be called twice.
  void shutdown(std::chrono::milliseconds grace);

 private:
  struct State;
  explicit SequencerApi(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace miden
