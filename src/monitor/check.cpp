#include "monitor/check.hpp"

#include <array>
#include <utility>

#include "monitor/picture.hpp"

namespace miden {

namespace {
template <size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, size_t index) {
  return index < N ? words[index] : "unknown";
}
}  // namespace

std::string_view to_text(Reason reason) {
  static constexpr std::array<std::string_view, 20> kWords{
      "none",      "refused",       "timeout",     "dns",     "tls",      "grpc",    "http",
      "malformed", "too_large",     "stale_tip",   "lag",     "genesis",  "version", "queue_full",
      "worker",    "proof_invalid", "not_serving", "pending", "starting", "local"};
  static_assert(kWords.size() == std::to_underlying(Reason::kLocal) + 1);
  return word_of(kWords, std::to_underlying(reason));
}

std::string_view to_text(Outcome outcome) {
  static constexpr std::array<std::string_view, 4> kWords{"ok", "degraded", "fail", "inconclusive"};
  return word_of(kWords, std::to_underlying(outcome));
}

std::string_view to_text(CheckGroup group) {
  static constexpr std::array<std::string_view, 4> kWords{"chain", "proving", "end-to-end",
                                                          "user-services"};
  return word_of(kWords, std::to_underlying(group));
}

std::string_view to_text(CheckKind kind) {
  static constexpr std::array<std::string_view, 9> kWords{
      "block-production",    "node",   "validator", "prover",        "local-transaction",
      "network-transaction", "faucet", "explorer",  "note-transport"};
  return word_of(kWords, std::to_underlying(kind));
}

std::string_view to_text(CheckState state) {
  static constexpr std::array<std::string_view, kCheckStates> kWords{
      "ok", "degraded", "down", "unknown", "overdue", "paused"};
  return word_of(kWords, std::to_underlying(state));
}

}  // namespace miden
