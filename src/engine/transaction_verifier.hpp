// Has this transaction's proof been verified?
#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "engine/engine.hpp"

namespace miden {

// Verifies each proof once: who submits the same bytes again, alone or in a batch, and the builder
// of the batch that includes them ask for nothing twice. Whoever asks while the same bytes are
// being verified waits for that outcome. Only success is remembered, for the last `capacity`
// transactions, under a digest of all their bytes: a transaction's id covers neither its proof nor
// its expiration.
//
// Safe from any thread.
class TransactionVerifier {
 public:
  explicit TransactionVerifier(std::shared_ptr<const Engine> engine, size_t capacity = 1 << 16);

  // Of a serialized ProvenTransaction, as ProvenTransaction::encode writes it: the public API and
  // the batch builder then ask about the same bytes. Errors: those of Engine::verify_transaction.
  Result<void> verify(ByteView proven_transaction);

 private:
  using Digest = std::array<uint8_t, 32>;
  struct DigestHash {
    size_t operator()(const Digest& digest) const {
      size_t hash;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };

  void end(const Digest& digest, bool is_valid);

  const std::shared_ptr<const Engine> engine_;
  const size_t capacity_;

  std::mutex mutex_;  // guards what follows
  std::unordered_map<Digest, std::shared_future<Result<void>>, DigestHash> running_;
  std::unordered_set<Digest, DigestHash> verified_;
  std::deque<Digest> oldest_first_;  // of verified_
};

}  // namespace miden
