#include "monitor/checks/local_prover.hpp"

#include <fmt/format.h>

#include "monitor/markup.hpp"

namespace miden {

LocalProver::LocalProver(std::shared_ptr<const Engine> engine)
    : engine_(std::move(engine)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

LocalProver::~LocalProver() = default;

std::expected<Bytes, Fault> LocalProver::prove(Bytes tx_inputs, std::chrono::milliseconds timeout,
                                               const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto job = std::make_shared<Job>();
  job->inputs = std::move(tx_inputs);
  std::unique_lock lock(mutex_);
  const auto is_free = [&] { return next_ == nullptr; };
  if (changed_.wait_until(lock, stop, deadline, is_free)) {
    next_ = job;
    changed_.notify_all();
    changed_.wait_until(lock, stop, deadline, [&] { return job->proof.has_value(); });
  }
  if (!job->proof) {
    job->is_wanted = false;
    if (next_ == job) next_.reset();
    return std::unexpected(
        Fault{.reason = Reason::kLocal,
              .code = 0,
              .text = fmt::format("the monitor made no proof within {}", in_words(timeout))});
  }
  if (*job->proof) return *std::move(*job->proof);
  return std::unexpected(Fault{.reason = Reason::kLocal,
                               .code = 0,
                               .text = fmt::format("the monitor could not prove: {}",
                                                   clean_text(job->proof->error().message, 256))});
}

bool LocalProver::is_proving() const {
  const std::lock_guard lock(mutex_);
  return is_proving_;
}

void LocalProver::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return next_ != nullptr; })) {
    const std::shared_ptr<Job> job = std::exchange(next_, nullptr);
    changed_.notify_all();
    if (!job->is_wanted) continue;
    is_proving_ = true;
    lock.unlock();
    Result<Bytes> proof = engine_->prove_transaction(job->inputs);
    lock.lock();
    is_proving_ = false;
    job->proof = std::move(proof);
    changed_.notify_all();
  }
}

}  // namespace miden
