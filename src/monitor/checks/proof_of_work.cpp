#include "monitor/checks/proof_of_work.hpp"

#include <cryptopp/sha.h>
#include <fmt/format.h>

#include <array>

#include "monitor/page_text.hpp"

namespace miden {
namespace {

// Between two looks at the clock: some milliseconds.
constexpr uint64_t kNoncesBetweenLooks = 10'000;

// `begun` has taken the challenge.
uint64_t work_after(CryptoPP::SHA256 begun, uint64_t nonce) {
  std::array<CryptoPP::byte, 8> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<CryptoPP::byte>(nonce >> (56 - 8 * i));
  }
  begun.Update(bytes.data(), bytes.size());
  begun.TruncatedFinal(bytes.data(), bytes.size());
  uint64_t work = 0;
  for (const CryptoPP::byte byte : bytes) work = work << 8 | byte;
  return work;
}

CryptoPP::SHA256 begin(ByteView challenge) {
  CryptoPP::SHA256 hash;
  hash.Update(challenge.data(), challenge.size());
  return hash;
}

}  // namespace

uint64_t work_of(ByteView challenge, uint64_t nonce) { return work_after(begin(challenge), nonce); }

std::expected<uint64_t, Fault> solve_puzzle(ByteView challenge, uint64_t target,
                                            std::chrono::milliseconds timeout,
                                            const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const CryptoPP::SHA256 begun = begin(challenge);
  uint64_t nonce = 0;
  for (; nonce < kMostNonces; ++nonce) {
    if (work_after(begun, nonce) < target) return nonce;
    if (nonce % kNoncesBetweenLooks != 0) continue;
    if (stop.stop_requested() || std::chrono::steady_clock::now() > deadline) break;
  }
  return std::unexpected(
      Fault{.reason = Reason::kTimeout,
            .code = 0,
            .text = fmt::format("its puzzle was not solved within {} ({} attempts, target {})",
                                in_words(timeout), grouped(nonce), target)});
}

}  // namespace miden
