#include "sync/block_pipeline.hpp"

#include <algorithm>

namespace miden {

BlockPipeline::BlockPipeline(ChainState& chain, const Options& options,
                             std::function<void(const Group&)> on_applied)
    : chain_(chain),
      options_(options),
      on_applied_(std::move(on_applied)),
      validator_key_(chain.view()->tip_header().header.validator_key) {
  const size_t checkers = options_.checkers != 0
                              ? options_.checkers
                              : std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 8);
  for (size_t i = 0; i < checkers; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { check(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { apply(stop); });
}

BlockPipeline::~BlockPipeline() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

bool BlockPipeline::push(std::string block, const std::stop_token& stop) {
  const size_t size = block.size();
  std::unique_lock lock(mutex_);
  const bool has_room = room_made_.wait(lock, stop, [&] {
    return has_ended_ || waiting_.empty() ||
           (waiting_.size() < options_.max_waiting_blocks &&
            waiting_bytes_ + size <= options_.max_waiting_bytes);
  });
  if (!has_room || has_ended_) return false;
  waiting_.push_back({.bytes = std::move(block), .size = size, .checked = std::nullopt});
  waiting_bytes_ += size;
  block_arrived_.notify_one();
  return true;
}

bool BlockPipeline::drain(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool is_empty = all_applied_.wait(
      lock, stop, [&] { return has_ended_ || (waiting_.empty() && !is_applying_); });
  return is_empty && !has_ended_;
}

bool BlockPipeline::has_ended() const {
  const std::lock_guard lock(mutex_);
  return has_ended_;
}

std::optional<Error> BlockPipeline::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

void BlockPipeline::rethrow_failure() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void BlockPipeline::check(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto has_work = [&] { return has_ended_ || unchecked_from_ < waiting_.size(); };
  while (block_arrived_.wait(lock, stop, has_work) && !has_ended_) {
    Waiting& block = waiting_[unchecked_from_++];
    lock.unlock();
    std::optional<Result<CheckedBlock>> checked;
    std::exception_ptr failure;
    try {
      checked = CheckedBlock::decode(as_bytes(block.bytes), validator_key_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) return end_with(std::nullopt, failure);
    block.checked = std::move(checked);
    block.bytes = {};
    block_checked_.notify_one();
  }
}

void BlockPipeline::apply(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto is_ready = [&] { return !waiting_.empty() && waiting_.front().checked.has_value(); };
  while (!has_ended_ && block_checked_.wait(lock, stop, is_ready)) {
    std::vector<CheckedBlock> group;
    size_t group_bytes = 0;
    while (is_ready() && *waiting_.front().checked && group.size() < options_.max_group_blocks &&
           (group.empty() || group_bytes + waiting_.front().size <= options_.max_group_bytes)) {
      group.push_back(*std::move(*waiting_.front().checked));
      group_bytes += waiting_.front().size;
      waiting_.pop_front();
      --unchecked_from_;
    }
    if (group.empty()) return end_with(waiting_.front().checked->error(), nullptr);
    waiting_bytes_ -= group_bytes;
    is_applying_ = true;
    room_made_.notify_all();
    lock.unlock();
    const bool was_applied = apply_group(group);
    lock.lock();
    is_applying_ = false;
    all_applied_.notify_all();
    if (!was_applied) return;
  }
}

bool BlockPipeline::apply_group(const std::vector<CheckedBlock>& group) {
  try {
    const BlockNum before = chain_.tip();
    const Result<void> applied = chain_.apply_blocks(group);
    Group done{.tip = chain_.tip(), .blocks = chain_.tip().value - before.value};
    for (size_t i = 0; i < done.blocks; ++i) {
      done.transactions += group[i].block().body.transactions.transactions.size();
    }
    if (done.blocks > 0) on_applied_(done);
    if (applied) return true;
    const std::lock_guard lock(mutex_);
    end_with(applied.error(), nullptr);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    end_with(std::nullopt, std::current_exception());
  }
  return false;
}

// With the lock held.
void BlockPipeline::end_with(std::optional<Error> refusal, std::exception_ptr failure) {
  if (has_ended_) return;
  has_ended_ = true;
  refusal_ = std::move(refusal);
  failure_ = std::move(failure);
  room_made_.notify_all();
  all_applied_.notify_all();
  block_arrived_.notify_all();
  block_checked_.notify_all();
}

}  // namespace miden
