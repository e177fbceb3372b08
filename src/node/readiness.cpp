#include "node/readiness.hpp"

#include "telemetry/log.hpp"

namespace miden {

Readiness::Readiness(const ChainState& chain, const BlockSources& sources, Options options,
                     std::function<void(bool)> tell)
    : chain_(chain), sources_(sources), options_(options), tell_(std::move(tell)) {}

void Readiness::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void Readiness::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Readiness::watch(const std::stop_token& stop) {
  bool was_ready = false;
  while (!stop.stop_requested()) {
    const BlockNum tip = chain_.tip();
    const std::optional<BlockNum> network_tip = sources_.network_tip();
    const bool is_ready =
        network_tip && network_tip->value <= uint64_t{tip.value} + options_.threshold;
    if (is_ready != was_ready) {
      if (is_ready) {
        log_info("ready", {{"tip", tip}, {"source.tip", *network_tip}});
      } else if (network_tip) {
        log_warn("not ready: behind the source", {{"tip", tip}, {"source.tip", *network_tip}});
      } else {
        log_warn("not ready: no block source answers", {{"tip", tip}});
      }
      tell_(is_ready);
      was_ready = is_ready;
    }
    chain_.wait_for_tip(tip.next(), std::chrono::steady_clock::now() + options_.period, stop);
  }
}

}  // namespace miden
