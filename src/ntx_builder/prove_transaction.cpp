#include "ntx_builder/prove_transaction.hpp"

#include <mutex>

#include "producer/prover_services.hpp"
#include "protocol/transaction.hpp"
#include "remote_prover.pb.h"

namespace miden {
namespace {

std::unexpected<Status> something_else(const std::string& what) {
  return refuse(StatusCode::kInternal, "the prover sent something else: " + what);
}

Answer<> check_same(const ProvenTransaction& proven, const NetworkTransaction& executed,
                    const ChainTip& tip) {
  const Result<TransactionHeader> header = from_bytes<TransactionHeader>(executed.header);
  const Result<AccountDelta> delta = from_bytes<AccountDelta>(executed.account_delta);
  if (!header) return something_else(header.error().message);
  if (!delta) return something_else(delta.error().message);
  if (TransactionHeader::of(proven) != *header) {
    return something_else("transaction " + proven.id.to_hex() + " instead of " +
                          executed.id.to_hex());
  }
  if (proven.ref_block_num != tip.header.block_num ||
      proven.ref_block_commitment != tip.commitment) {
    return something_else("it refers to another block");
  }
  if (proven.expiration_block_num.value != executed.expiration_block_num) {
    return something_else("it expires at another block");
  }
  if (proven.account_update.details.delta != *delta) {
    return something_else("it changes the account in another way");
  }
  return {};
}

class CheckedProver : public NetworkTransactionProver {
 protected:
  explicit CheckedProver(std::shared_ptr<const Engine> engine) : engine_(std::move(engine)) {}

  Answer<Bytes> checked(ByteView bytes, const NetworkTransaction& executed,
                        const ChainTip& tip) const {
    const Result<ProvenTransaction> proven = from_bytes<ProvenTransaction>(bytes);
    if (!proven) return something_else(proven.error().message);
    TRY(check_same(*proven, executed, tip));
    // As this program reads it: bytes that follow are nobody's.
    Bytes read = to_bytes(*proven);
    if (const Result<void> verified = engine_->verify_transaction(read); !verified) {
      return something_else("an invalid proof: " + verified.error().message);
    }
    return read;
  }

  const std::shared_ptr<const Engine> engine_;
};

class RemoteProvers final : public CheckedProver {
 public:
  RemoteProvers(const NetworkProvingOptions& options, std::shared_ptr<const Engine> engine)
      : CheckedProver(std::move(engine)),
        services_({.urls = options.urls, .timeout = options.timeout}) {}

  Answer<Bytes> prove(const NetworkTransaction& executed, const ChainTip& tip,
                      const std::stop_token& stop) override {
    return services_.prove_as<Bytes>(
        ::remote_prover::TRANSACTION, executed.inputs,
        [&](ByteView proof) { return checked(proof, executed, tip); }, stop);
  }

 private:
  ProverServices services_;
};

class LocalProver final : public CheckedProver {
 public:
  explicit LocalProver(std::shared_ptr<const Engine> engine) : CheckedProver(std::move(engine)) {}

  Answer<Bytes> prove(const NetworkTransaction& executed, const ChainTip& tip,
                      const std::stop_token& stop) override {
    // A proof cannot be interrupted; waiting for the one before can.
    std::unique_lock turn(one_at_a_time_, std::defer_lock);
    while (!turn.try_lock_for(std::chrono::milliseconds(100))) {
      if (stop.stop_requested()) return refuse(StatusCode::kCancelled, "stopping");
    }
    if (stop.stop_requested()) return refuse(StatusCode::kCancelled, "stopping");
    const Result<Bytes> proven = engine_->prove_transaction(executed.inputs);
    if (!proven) return refuse(StatusCode::kInternal, proven.error().message);
    return checked(*proven, executed, tip);
  }

 private:
  std::timed_mutex one_at_a_time_;
};

}  // namespace

std::unique_ptr<NetworkTransactionProver> make_network_transaction_prover(
    const NetworkProvingOptions& options, std::shared_ptr<const Engine> engine) {
  if (options.urls.empty()) return std::make_unique<LocalProver>(std::move(engine));
  return std::make_unique<RemoteProvers>(options, std::move(engine));
}

}  // namespace miden
