#include "producer/judge_status.hpp"

namespace miden {

Failure judge_status(const Status& status) {
  const bool is_refusal =
      status.code == StatusCode::kInvalidArgument || status.code == StatusCode::kOutOfRange;
  if (!is_refusal) return {.cause = Failure::Cause::kInfrastructure, .culprits = {}};
  return {.cause = Failure::Cause::kContent, .culprits = ids_in(status.message)};
}

std::vector<TransactionId> ids_in(std::string_view text) {
  constexpr size_t kIdLength = 2 + 64;
  std::vector<TransactionId> ids;
  size_t at = 0;
  while ((at = text.find("0x", at)) != std::string_view::npos) {
    if (const auto word = Word::from_hex(text.substr(at, kIdLength))) {
      ids.emplace_back(*word);
      at += kIdLength;
    } else {
      at += 2;
    }
  }
  return ids;
}

}  // namespace miden
