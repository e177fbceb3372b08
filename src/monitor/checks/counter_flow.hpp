// The whole path of a network transaction, walked again and again: a wallet of the monitor's emits
// a note, and whoever builds network transactions lets the monitor's counter consume it.
// spec/prover-and-monitor.md B12.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "monitor/checks/awaited_notes.hpp"
#include "monitor/checks/prover_service.hpp"
#include "monitor/counter.hpp"
#include "monitor/counter_rpc.hpp"

namespace miden {

struct CounterFlowOptions {
  std::shared_ptr<const Engine> engine;
  std::shared_ptr<TransactionProver> prover;
  ServiceUrl rpc;
  std::chrono::milliseconds request_timeout{10'000};
  // Until a transaction must be in a block, and until its note must be consumed.
  std::chrono::milliseconds latency_timeout{120'000};
};

struct CounterReading {
  uint64_t generation = 0;              // of the accounts; another one once others are used
  std::optional<CountOnChain> wallet;   // nothing: not on chain yet
  std::optional<CountOnChain> counter;  // nothing: not on chain yet
};

// Two threads use it at once: one sends, one watches.
class CounterFlow {
 public:
  explicit CounterFlow(const CounterFlowOptions& options);

  // Makes the accounts and puts the counter on chain, unless that is done for the network that
  // answers now. A network that begins anew gets new accounts.
  std::expected<void, Fault> prepare(const std::stop_token& stop);
  // After prepare(): one transaction of the wallet as the chain has it. Gives what was sent.
  std::expected<SentIncrement, Fault> send(const std::stop_token& stop);
  // Until the transaction is in a block; the time from its submission. kPending: not in time.
  std::expected<std::chrono::milliseconds, Fault> wait_until_committed(const SentIncrement& sent,
                                                                       const std::stop_token& stop);
  // New accounts with the next prepare().
  void forget_accounts();

  // Nothing before prepare() was done.
  std::expected<std::optional<CounterReading>, Fault> read(const std::stop_token& stop);
  // The notes that the counter has consumed, and those for which the time is over; neither is
  // waited for any longer.
  AwaitedNotes::Settled settle(const CounterReading& reading,
                               std::chrono::steady_clock::time_point now);
  // Of the accounts that are used now; changes when others are.
  uint64_t generation() const;
  // What the builder says of a note, for people.
  std::string fate_of(const NoteId& note, const std::stop_token& stop);

 private:
  struct Accounts {
    uint64_t generation = 0;
    BlockHeader genesis;
    CounterWallet wallet;  // as made
    Account counter;       // as made
  };
  std::expected<Accounts, Fault> make_accounts(const BlockHeader& genesis);
  std::expected<void, Fault> deploy(const Accounts& accounts, const std::stop_token& stop);
  std::expected<BlockNum, Fault> prove_and_submit(const ClientTransaction& transaction,
                                                  const Word& genesis, const std::stop_token& stop);
  std::expected<std::optional<CountOnChain>, Fault> look_up(const AccountId& account,
                                                            const StorageSlotName& slot,
                                                            const std::stop_token& stop);
  CallOptions call_options(const std::optional<Word>& genesis) const;
  std::shared_ptr<const Accounts> accounts() const;

  const CounterFlowOptions options_;
  GrpcTarget rpc_;
  std::optional<CounterCode> code_;  // assembled by the first prepare(); its thread's alone
  mutable std::mutex mutex_;         // guards what follows
  std::shared_ptr<const Accounts> accounts_;
  uint64_t generation_ = 0;
  AwaitedNotes awaited_;
};

}  // namespace miden
