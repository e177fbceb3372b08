#include "producer/batch_builder.hpp"

#include "net/retry.hpp"
#include "producer/judge_status.hpp"
#include "telemetry/log.hpp"

namespace miden {

BatchBuilder::BatchBuilder(const ChainState& chain, MempoolOwner& owner, BatchProver& prover,
                           Options options)
    : chain_(chain), owner_(owner), prover_(prover), options_(std::move(options)) {}

void BatchBuilder::start() {
  next_any_ = Clock::now() + options_.interval;
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void BatchBuilder::stop() {
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

void BatchBuilder::work(const std::stop_token& stop) {
  try {
    while (const auto selected = next_batch(stop)) build(*selected, stop);
  } catch (const std::exception& error) {
    if (options_.on_fatal) options_.on_fatal(std::string("batch builder: ") + error.what());
  }
}

// A batch that is not full has to wait for the interval, but not for the next one when every worker
// was busy at that moment.
std::optional<SelectedBatch> BatchBuilder::next_batch(const std::stop_token& stop) {
  const std::scoped_lock turn(turn_);
  while (!stop.stop_requested()) {
    const bool may_be_partial = Clock::now() >= next_any_;
    std::optional<SelectedBatch> selected;
    const bool is_running = owner_.run([&](Mempool& mempool) {
      selected = may_be_partial ? mempool.select_any_batch() : mempool.select_full_batch();
    });
    if (!is_running) return std::nullopt;
    if (selected || may_be_partial) next_any_ = Clock::now() + options_.interval;
    if (selected) return selected;
    const auto until_any = std::chrono::ceil<std::chrono::milliseconds>(next_any_ - Clock::now());
    sleep_for(std::min(until_any, options_.full_check_period), stop);
  }
  return std::nullopt;
}

void BatchBuilder::build(const SelectedBatch& selected, const std::stop_token& stop) {
  Backoff backoff(options_.first_retry, options_.longest_retry);
  while (!stop.stop_requested()) {
    // Proposed anew each time: the batch may refer to a newer block and find more of its notes.
    const Result<ProposedBatch> proposed = propose(selected);
    if (!proposed) {
      log_warn("batch cannot be proposed", {{"transactions", selected.transactions.size()},
                                            {"cause", proposed.error().code},
                                            {"message", proposed.error().message}});
      return give_up(selected, {.cause = Failure::Cause::kContent,
                                .culprits = ids_in(proposed.error().message)});
    }
    Answer<ProvenBatch> proven = prover_.prove(*proposed, stop);
    if (proven) {
      auto shared = std::make_shared<const ProvenBatch>(std::move(*proven));
      const size_t bytes = block_bytes(*shared);
      log_debug("batch proven",
                {{"batch.id", shared->id}, {"transactions", selected.transactions.size()}});
      owner_.run([&](Mempool& mempool) {
        mempool.batch_proven(selected.attempt, std::move(shared), bytes);
      });
      return;
    }
    if (stop.stop_requested()) return;
    log_warn("batch not proven", {{"batch.id", proposed->id()},
                                  {"status", to_string(proven.error().code)},
                                  {"message", proven.error().message}});
    const Failure failure = judge_status(proven.error());
    if (failure.cause == Failure::Cause::kContent) return give_up(selected, failure);

    // Nobody's fault (§20 D3): the batch waits for the prover, unless it expires meanwhile.
    if (!backoff.wait(stop)) return;
    const auto is_open =
        owner_.ask<bool>([&](Mempool& mempool) { return mempool.is_open(selected.attempt); });
    if (!is_open.value_or(false)) return;
  }
}

Result<ProposedBatch> BatchBuilder::propose(const SelectedBatch& selected) const {
  std::set<BlockNum> reference_blocks;
  for (const auto& transaction : selected.transactions) {
    reference_blocks.insert(transaction->ref_block_num);
  }
  const std::set<NoteId> notes(selected.unauthenticated_notes.begin(),
                               selected.unauthenticated_notes.end());
  const std::shared_ptr<const StateView> view = chain_.view();
  BatchInputs inputs = TRY(view->batch_inputs(reference_blocks, notes));
  return ProposedBatch::make(selected.transactions, std::move(inputs.reference_block),
                             std::move(inputs.blockchain), std::move(inputs.note_proofs));
}

void BatchBuilder::give_up(const SelectedBatch& selected, const Failure& failure) {
  owner_.run([&](Mempool& mempool) {
    owner_.note_evictions(mempool.batch_failed(selected.attempt, failure));
  });
}

size_t block_bytes(const ProvenBatch& batch) {
  // A path of 40 nodes and its leaf: a tree of a million leaves has half of that.
  constexpr size_t kWitnessBytes = 40 * 32 + 120;
  const size_t witnesses = batch.account_updates.size() + batch.input_notes.notes.size();
  return 2 * to_bytes(batch).size() + witnesses * kWitnessBytes;
}

}  // namespace miden
