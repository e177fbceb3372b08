#include "monitor/checks/test_proof.hpp"

#include <fmt/format.h>

#include <random>

#include "monitor/counter.hpp"
#include "monitor/counter_rpc.hpp"
#include "monitor/markup.hpp"
#include "protocol/batch.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/transaction_inputs.hpp"

namespace miden {
namespace {

using ::remote_prover::BATCH;
using ::remote_prover::BLOCK;
using ::remote_prover::ProofType;
using ::remote_prover::TRANSACTION;

Fault local_fault(std::string_view what, const Error& error) {
  return {.reason = Reason::kLocal,
          .code = 0,
          .text = fmt::format("{}: {}", what, clean_text(error.message, 256))};
}

AccountSeed draw_seed() {
  std::random_device random;
  AccountSeed seed;
  for (uint8_t& byte : seed) byte = static_cast<uint8_t>(random());
  return seed;
}

Fault malformed(const Error& error) {
  return {.reason = Reason::kMalformed,
          .code = 0,
          .text = fmt::format("the proof is none: {}", clean_text(error.message, 256))};
}
Fault invalid(std::string text) {
  return {.reason = Reason::kProofInvalid, .code = 0, .text = std::move(text)};
}

class RealTestProofs final : public TestProofs {
 public:
  explicit RealTestProofs(const TestProofsOptions& options)
      : options_(options), rpc_(options.rpc) {}

  std::expected<Bytes, Fault> payload(ProofType kind, const std::stop_token& stop) override {
    const std::expected<BlockHeader, Fault> genesis = genesis_header(stop);
    if (!genesis) return std::unexpected(genesis.error());
    if (kind == BLOCK) return block_payload(*genesis);
    const std::expected<Bytes, Fault> transaction = transaction_payload(*genesis);
    if (!transaction || kind == TRANSACTION) return transaction;
    return batch_payload(*genesis, *transaction, stop);
  }

  std::optional<Fault> judge(ProofType kind, ByteView payload, ByteView proof) const override {
    switch (kind) {
      case TRANSACTION:
        return judge_transaction(payload, proof);
      case BATCH:
        return judge_batch(payload, proof);
      default:
        break;
    }
    // Zero bytes in protocol 0.15.
    if (const auto read = from_bytes<BlockProof>(proof); !read) return malformed(read.error());
    return std::nullopt;
  }

 private:
  // Asked for each time: a network may begin anew. Where the node is away, the last one serves.
  std::expected<BlockHeader, Fault> genesis_header(const std::stop_token& stop) {
    const Answer<BlockHeader> header =
        fetch_block_header(rpc_.channel(), kGenesis, {.timeout = options_.request_timeout}, stop);
    const std::lock_guard lock(mutex_);
    if (!header) {
      Fault fault = rpc_.fault_of(header.error(), options_.request_timeout);
      if (genesis_) return *genesis_;
      return std::unexpected(std::move(fault));
    }
    if (!genesis_ || genesis_->commitment() != header->commitment()) {
      genesis_ = *header;
      transaction_.reset();
      batch_.reset();
    }
    return *genesis_;
  }

  std::expected<Bytes, Fault> transaction_payload(const BlockHeader& genesis) {
    const std::lock_guard lock(mutex_);
    if (!transaction_) {
      Result<Bytes> made = make_test_payload(*options_.engine, draw_seed(), genesis);
      if (!made) return std::unexpected(local_fault("no test transaction", made.error()));
      transaction_ = *std::move(made);
    }
    return *transaction_;
  }

  std::expected<Bytes, Fault> batch_payload(const BlockHeader& genesis, const Bytes& inputs,
                                            const std::stop_token& stop) {
    {
      const std::lock_guard lock(mutex_);
      if (batch_) return *batch_;
    }
    // Without the lock: it takes seconds, and others may need no batch.
    const auto proof = options_.transaction_prover->prove(inputs, stop);
    if (!proof) return std::unexpected(proof.error());
    Result<Bytes> batch = propose(genesis, proof->transaction);
    if (!batch) return std::unexpected(local_fault("no test batch", batch.error()));
    const std::lock_guard lock(mutex_);
    if (genesis_->commitment() == genesis.commitment()) batch_ = *batch;
    return *std::move(batch);
  }

  static Result<Bytes> propose(const BlockHeader& genesis, const Bytes& proven_transaction) {
    auto transaction = std::make_shared<const ProvenTransaction>(
        TRY(from_bytes<ProvenTransaction>(proven_transaction)));
    return to_bytes(TRY(ProposedBatch::make({std::move(transaction)}, genesis, {}, {})));
  }

  static Bytes block_payload(const BlockHeader& genesis) {
    BlockInputs inputs{.prev_block_header = genesis,
                       .blockchain = {},
                       .account_witnesses = {},
                       .nullifier_witnesses = {},
                       .note_proofs = {}};
    return to_bytes(
        BlockProofRequest{.batches = {}, .header = genesis, .inputs = std::move(inputs)});
  }

  std::optional<Fault> judge_transaction(ByteView payload, ByteView proof) const {
    const auto read = from_bytes<ProvenTransaction>(proof);
    if (!read) return malformed(read.error());
    const auto asked = from_bytes<TransactionInputs>(payload);
    if (!asked || asked->account.id != read->account_id() ||
        asked->block_header.commitment() != read->ref_block_commitment) {
      return invalid("the proof is one of another transaction");
    }
    if (const Result<void> verified = options_.engine->verify_transaction(proof); !verified) {
      return invalid(
          fmt::format("the proof is not valid: {}", clean_text(verified.error().message, 256)));
    }
    return std::nullopt;
  }

  static std::optional<Fault> judge_batch(ByteView payload, ByteView proof) {
    const auto read = from_bytes<ProvenBatch>(proof);
    if (!read) return malformed(read.error());
    const auto asked = from_bytes<ProposedBatch>(payload);
    if (!asked || *read != ProvenBatch::of(*asked)) {
      return invalid("the proof is one of another batch");
    }
    return std::nullopt;
  }

  const TestProofsOptions options_;
  GrpcTarget rpc_;
  std::mutex mutex_;  // guards what follows
  std::optional<BlockHeader> genesis_;
  std::optional<Bytes> transaction_, batch_;  // payloads for that genesis
};

}  // namespace

std::shared_ptr<TestProofs> make_test_proofs(const TestProofsOptions& options) {
  return std::make_shared<RealTestProofs>(options);
}

}  // namespace miden
