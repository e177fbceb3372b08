#include "producer/proof_scheduler.hpp"

#include "net/retry.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr auto kForever = std::chrono::hours(24);

}  // namespace

ProofScheduler::ProofScheduler(ChainState& chain, BlockProver& prover, Options options)
    : chain_(chain), prover_(prover), options_(std::move(options)) {}

void ProofScheduler::start() {
  next_ = chain_.proven_tip().next();
  for (size_t i = 0; i < options_.max_concurrent_proofs; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void ProofScheduler::stop() {
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

// Each worker takes the next block, waits until it is committed, proves it and waits until its
// proof is applied. That bounds what waits for a block whose proof takes long.
void ProofScheduler::work(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      BlockNum block_num;
      {
        const std::scoped_lock lock(mutex_);
        block_num = next_;
        next_ = next_.next();
      }
      while (!chain_.wait_for_tip(block_num, std::chrono::steady_clock::now() + kForever, stop)) {
        if (stop.stop_requested()) return;
      }
      std::optional<Bytes> proof = prove(block_num, stop);
      if (!proof) return;
      apply(block_num, std::move(*proof));
      while (!chain_.wait_for_proven_tip(block_num, std::chrono::steady_clock::now() + kForever,
                                         stop)) {
        if (stop.stop_requested()) return;
      }
    }
  } catch (const std::exception& error) {
    if (options_.on_fatal) options_.on_fatal(std::string("proof scheduler: ") + error.what());
  }
}

std::optional<Bytes> ProofScheduler::prove(BlockNum block_num, const std::stop_token& stop) {
  const std::optional<Bytes> inputs = chain_.view()->proving_inputs(block_num);
  if (!inputs) {
    // Blocks that came from elsewhere: recovered, adopted or replicated. Of protocol 0.15 the empty
    // proof is the proof; they come in runs, of which the first is mentioned (D-25).
    const LogLevel level = lacked_inputs_.exchange(true) ? LogLevel::kDebug : LogLevel::kInfo;
    log_event(level, "blocks without proving inputs, their proofs are left empty",
              {{"block", block_num}});
    return to_bytes(BlockProof{});
  }
  lacked_inputs_ = false;
  Backoff backoff(options_.first_retry, options_.longest_retry);
  while (!stop.stop_requested()) {
    Answer<Bytes> proof = prover_.prove(*inputs, stop);
    if (proof) return std::move(*proof);
    if (stop.stop_requested()) return std::nullopt;
    log_error("block not proven, will be tried again", {{"block", block_num},
                                                        {"status", to_string(proof.error().code)},
                                                        {"message", proof.error().message}});
    if (!backoff.wait(stop)) return std::nullopt;
  }
  return std::nullopt;
}

void ProofScheduler::apply(BlockNum block_num, Bytes proof) {
  const std::scoped_lock lock(mutex_);
  finished_.emplace(block_num, std::move(proof));
  for (BlockNum next = chain_.proven_tip().next(); finished_.contains(next); next = next.next()) {
    const auto finished = finished_.extract(next);
    if (const auto applied = chain_.apply_proof(next, finished.mapped()); !applied) {
      throw std::runtime_error("proof of block " + std::to_string(next.value) +
                               " not applied: " + applied.error().message);
    }
    log_debug("block proven", {{"block", next}});
  }
}

}  // namespace miden
