#include "sync/block_sources.hpp"

#include "telemetry/log.hpp"

namespace miden {
namespace {

// So many good blocks make a lie a thing of the past.
constexpr size_t kBlocksToRegainTrust = 100;
constexpr std::chrono::seconds kLongestPollRetry(5);
constexpr std::chrono::minutes kStableStream(1);

bool is_grave(SourceFault fault) {
  return fault == SourceFault::kStalled || fault == SourceFault::kLied ||
         fault == SourceFault::kForked;
}

void log_fault(const std::string& source, SourceFault fault, const std::string& detail,
               std::chrono::milliseconds wait) {
  const auto retry_ms = wait.count();
  switch (fault) {
    case SourceFault::kEnded:
      return log_info("block source ended its stream, connecting again",
                      {{"source", source}, {"cause", detail}});
    case SourceFault::kRefused:
      return log_warn("block source does not serve this node",
                      {{"source", source}, {"cause", detail}, {"retry_ms", retry_ms}});
    case SourceFault::kStalled:
      return log_warn("block source stalls, left",
                      {{"source", source}, {"cause", detail}, {"retry_ms", retry_ms}});
    case SourceFault::kLied:
      return log_error("block source sends what is no block of this chain, left",
                       {{"source", source}, {"cause", detail}, {"retry_ms", retry_ms}});
    case SourceFault::kForked:
      return log_error(
          "block source is on another branch of this chain, left; compare with other nodes: if it "
          "is this node that is alone, its data directory must be made anew",
          {{"source", source}, {"cause", detail}, {"retry_ms", retry_ms}});
  }
}

}  // namespace

BlockSources::BlockSources(const std::vector<ServiceUrl>& urls, const Word& genesis_commitment,
                           const Options& options)
    : genesis_commitment_(genesis_commitment), options_(options) {
  for (const ServiceUrl& url : urls) {
    sources_.push_back(std::make_unique<Entry>(url, genesis_commitment, options));
  }
}

void BlockSources::start() {
  for (const auto& entry : sources_) {
    threads_.emplace_back(
        [this, &entry = *entry](const std::stop_token& stop) { poll(entry, stop); });
  }
}

void BlockSources::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void BlockSources::poll(Entry& entry, const std::stop_token& stop) {
  Backoff backoff(options_.poll_period,
                  std::max<std::chrono::milliseconds>(options_.poll_period, kLongestPollRetry));
  while (!stop.stop_requested()) {
    const Answer<UpstreamStatus> answer = entry.source.status(options_.poll_timeout, stop);
    if (stop.stop_requested()) return;
    hear(entry, answer);
    if (answer) {
      backoff.reset();
      sleep_for(options_.poll_period, stop);
    } else {
      backoff.wait(stop);
    }
  }
}

void BlockSources::hear(Entry& entry, const Answer<UpstreamStatus>& answer) {
  const std::string& name = entry.source.name();
  const std::lock_guard lock(mutex_);
  const Reach before = entry.reach;
  if (!answer) {
    entry.reach = Reach::kUnreachable;
    if (before != Reach::kUnreachable) {
      log_warn("block source does not answer", {{"source", name},
                                                {"status", to_string(answer.error().code)},
                                                {"message", answer.error().message}});
    }
    return;
  }
  if (answer->genesis_commitment != genesis_commitment_) {
    entry.reach = Reach::kOtherNetwork;
    entry.status.reset();
    if (before != Reach::kOtherNetwork) {
      log_error("block source is of another network", {{"source", name},
                                                       {"genesis", answer->genesis_commitment},
                                                       {"expected_genesis", genesis_commitment_}});
    }
    return;
  }
  entry.reach = Reach::kAnswering;
  entry.status = *answer;
  entry.heard = Clock::now();
  if (before == Reach::kUnreachable || before == Reach::kOtherNetwork) {
    log_info("block source answers again", {{"source", name}, {"tip", answer->tip}});
  }
}

bool BlockSources::is_eligible(const Entry& entry, Clock::time_point now) const {
  return entry.reach == Reach::kAnswering && now - entry.heard <= options_.silence &&
         entry.left_until <= now;
}

std::optional<size_t> BlockSources::best_at(Clock::time_point now) const {
  std::optional<size_t> best;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (!is_eligible(*sources_[i], now)) continue;
    if (!best || sources_[i]->status->tip > sources_[*best]->status->tip) best = i;
  }
  return best;
}

std::optional<size_t> BlockSources::best() const {
  const std::lock_guard lock(mutex_);
  return best_at(Clock::now());
}

std::optional<BlockNum> BlockSources::tip_of(size_t index) const {
  const std::lock_guard lock(mutex_);
  const Entry& entry = *sources_[index];
  if (entry.reach != Reach::kAnswering) return std::nullopt;
  return entry.status->tip;
}

bool BlockSources::is_eligible(size_t index) const {
  const std::lock_guard lock(mutex_);
  return is_eligible(*sources_[index], Clock::now());
}

bool BlockSources::has_other(size_t index) const {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (i != index && is_eligible(*sources_[i], now)) return true;
  }
  return false;
}

// A single failed poll is no silence: what was heard holds for a while.
std::optional<BlockNum> BlockSources::network_tip() const {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  std::optional<BlockNum> tip;
  for (const auto& entry : sources_) {
    if (!entry->status || now - entry->heard > options_.silence) continue;
    if (entry->left_until > now && entry->fault && is_grave(*entry->fault)) continue;
    tip = std::max(tip.value_or(kGenesis), entry->status->tip);
  }
  return tip;
}

void BlockSources::leave(size_t index, SourceFault fault, const std::string& detail) {
  const std::lock_guard lock(mutex_);
  Entry& entry = *sources_[index];
  const std::chrono::milliseconds wait =
      is_grave(fault) ? entry.penalty.next() : entry.retry.next();
  if (is_grave(fault)) entry.delivered_since_penalty = 0;
  entry.left_until = Clock::now() + wait;
  if (entry.fault != fault) {
    log_fault(entry.source.name(), fault, detail, wait);
  } else {
    log_debug("block source left again", {{"source", entry.source.name()}, {"cause", detail}});
  }
  entry.fault = fault;
}

void BlockSources::delivered(size_t index, size_t blocks) {
  const std::lock_guard lock(mutex_);
  Entry& entry = *sources_[index];
  entry.retry.reset();
  entry.delivered_since_penalty += blocks;
  if (entry.delivered_since_penalty >= kBlocksToRegainTrust) entry.penalty.reset();
  if (!entry.fault) return;
  if (*entry.fault != SourceFault::kEnded) {
    log_info("block source delivers again", {{"source", entry.source.name()}});
  } else if (Clock::now() < entry.left_until + kStableStream) {
    return;  // one that breaks all the time is mentioned once
  }
  entry.fault.reset();
}

void BlockSources::set_followed(std::optional<size_t> index) {
  const std::lock_guard lock(mutex_);
  followed_ = index;
  if (!index || index == named_) return;
  named_ = index;
  const Entry& entry = *sources_[*index];
  log_info("following block source", {{"source", entry.source.name()},
                                      {"source.tip", entry.status ? entry.status->tip : kGenesis}});
}

std::optional<size_t> BlockSources::followed() const {
  const std::lock_guard lock(mutex_);
  return followed_;
}

size_t BlockSources::upstream_index(Clock::time_point now) const {
  if (followed_) return *followed_;
  return best_at(now).value_or(0);
}

const RpcSource& BlockSources::upstream() const {
  const std::lock_guard lock(mutex_);
  return sources_[upstream_index(Clock::now())]->source;
}

std::optional<UpstreamStatus> BlockSources::upstream_status() const {
  const std::lock_guard lock(mutex_);
  const Entry& entry = *sources_[upstream_index(Clock::now())];
  if (entry.reach != Reach::kAnswering) return std::nullopt;
  return entry.status;
}

}  // namespace miden
