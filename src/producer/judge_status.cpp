#include "producer/judge_status.hpp"

namespace miden {

Failure judge_status(const Status& status) {
  // gRPC for C++ refuses a message that is too large with the code of a full queue.
  const bool is_too_large = status.code == StatusCode::kOutOfRange ||
                            (status.code == StatusCode::kResourceExhausted &&
                             status.message.find("larger than max") != std::string::npos);
  const bool is_refusal = status.code == StatusCode::kInvalidArgument || is_too_large;
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
