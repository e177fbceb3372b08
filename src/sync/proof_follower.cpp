#include "sync/proof_follower.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>

#include "net/retry.hpp"
#include "telemetry/log.hpp"

namespace miden {

// One stream of one source.
struct ProofFollower::Session {
  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  std::deque<Bytes> waiting;  // of the blocks behind the proven tip, in order
  BlockSources::Clock::time_point heard = BlockSources::Clock::now();
  bool claims_more = false;
  bool has_ended = false;
  Status ended;
  std::string lie;  // what it sent that is no proof
};

ProofFollower::ProofFollower(ChainState& chain, BlockSources& sources, Options options)
    : chain_(chain), sources_(sources), options_(std::move(options)) {}

void ProofFollower::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ProofFollower::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void ProofFollower::run(const std::stop_token& stop) {
  try {
    Backoff backoff(options_.first_retry, options_.longest_retry);
    while (!stop.stop_requested()) {
      const std::optional<size_t> source = sources_.followed();
      if (!source || !is_time_for(*source)) {
        sleep_for(options_.check_period, stop);
        continue;
      }
      if (follow(*source, stop)) backoff.reset();
      backoff.wait(stop);
    }
  } catch (const std::exception& error) {
    log_error("proof sync ends", {{"cause", error.what()}});
    if (options_.on_fatal) options_.on_fatal(std::string("proof sync: ") + error.what());
  }
}

bool ProofFollower::is_time_for(size_t source) const {
  const std::optional<BlockNum> source_tip = sources_.tip_of(source);
  return source_tip && source_tip->value <= uint64_t{chain_.tip().value} + options_.near_blocks;
}

// True when proofs were applied.
bool ProofFollower::follow(size_t source, const std::stop_token& stop) {
  Session session;
  const BlockNum first = chain_.proven_tip().next();
  std::jthread reader([&](const std::stop_token& end) { read(source, first, session, end); });

  bool is_over = false;
  std::string cause;
  while (!is_over && !stop.stop_requested() && sources_.followed() == source) {
    std::unique_lock lock(session.mutex);
    if (session.waiting.empty()) {
      session.changed.wait_for(lock, stop, options_.check_period,
                               [&] { return session.has_ended || !session.waiting.empty(); });
    }
    is_over = session.has_ended;
    const bool has_proofs = !session.waiting.empty();
    const auto silent_for = BlockSources::Clock::now() - session.heard;
    if (!has_proofs && session.claims_more && silent_for > options_.stall_timeout) {
      cause = "it says that it has more and sends nothing";
      is_over = true;
    }
    lock.unlock();
    if (has_proofs && apply_some(session, stop)) is_over = false;
  }
  reader.request_stop();
  reader.join();
  if (stop.stop_requested()) return false;
  const bool has_applied = chain_.proven_tip() >= first;
  if (has_applied) trouble_.clear();
  if (!session.lie.empty()) {
    sources_.leave(source, SourceFault::kLied, session.lie);
  } else if (is_over) {
    note_trouble(sources_.source(source).name(), cause.empty() ? session.ended.message : cause);
  }
  return has_applied;
}

void ProofFollower::read(size_t source, BlockNum first, Session& session,
                         const std::stop_token& end) {
  BlockNum expected = first;
  const auto take = [&](RpcSource::Proof proof) {
    std::unique_lock lock(session.mutex);
    const ByteView bytes = as_bytes(proof.proof);
    if (proof.block_num != expected) {
      session.lie = fmt::format("out-of-sequence proof: expected block {}, got {}", expected.value,
                                proof.block_num.value);
      return false;
    }
    if (const auto decoded = from_bytes<BlockProof>(bytes); !decoded) {
      session.lie = fmt::format("proof of block {}: {}", expected.value, decoded.error().message);
      return false;
    }
    expected = expected.next();
    session.claims_more = proof.source_proven_tip > proof.block_num;
    session.waiting.emplace_back(bytes.begin(), bytes.end());
    session.changed.notify_all();
    const bool goes_on = session.changed.wait(
        lock, end, [&] { return session.waiting.size() < options_.max_waiting; });
    session.heard = BlockSources::Clock::now();
    return goes_on;
  };
  const Status ended = sources_.source(source).proofs(first, take, end);
  const std::lock_guard lock(session.mutex);
  session.has_ended = true;
  session.ended = ended;
  session.changed.notify_all();
}

// What has come, as far as its blocks are committed. False: none of them is, for a moment already.
bool ProofFollower::apply_some(Session& session, const std::stop_token& stop) {
  const BlockNum next = chain_.proven_tip().next();
  if (!chain_.wait_for_tip(next, BlockSources::Clock::now() + options_.check_period, stop)) {
    return false;
  }
  std::vector<Bytes> proofs;
  {
    const std::lock_guard lock(session.mutex);
    const size_t count =
        std::min<size_t>(session.waiting.size(), chain_.tip().value - next.value + size_t{1});
    proofs.assign(std::move_iterator(session.waiting.begin()),
                  std::move_iterator(session.waiting.begin() + static_cast<ptrdiff_t>(count)));
    session.waiting.erase(session.waiting.begin(),
                          session.waiting.begin() + static_cast<ptrdiff_t>(count));
    session.changed.notify_all();
  }
  if (const Result<void> applied = chain_.apply_proofs(next, proofs); !applied) {
    throw std::runtime_error("proof of block " + std::to_string(next.value) +
                             " not applied: " + applied.error().message);
  }
  return true;
}

void ProofFollower::note_trouble(const std::string& source, const std::string& cause) {
  const bool is_known = trouble_ == source;
  trouble_ = source;
  if (is_known) {
    log_debug("proofs of blocks interrupted again", {{"source", source}, {"cause", cause}});
  } else {
    log_info("proofs of blocks interrupted, will be asked for again",
             {{"source", source}, {"cause", cause}});
  }
}

}  // namespace miden
