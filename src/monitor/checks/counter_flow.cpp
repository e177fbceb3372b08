#include "monitor/checks/counter_flow.hpp"

#include <fmt/format.h>

#include <random>

#include "monitor/markup.hpp"
#include "net/convert_primitives.hpp"
#include "net/retry.hpp"
#include "rpc.grpc.pb.h"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Between two looks at an account that must change: how exactly times are measured.
constexpr std::chrono::milliseconds kPoll(500);

std::mt19937_64 seeded() {
  std::random_device random;
  std::seed_seq seed{random(), random(), random(), random(),
                     random(), random(), random(), random()};
  return std::mt19937_64(seed);
}

AccountSeed draw_seed(std::random_device& random) {
  AccountSeed seed;
  for (uint8_t& byte : seed) byte = static_cast<uint8_t>(random());
  return seed;
}

Word draw_serial_number() {
  std::mt19937_64 random = seeded();
  Word word;
  for (Felt& element : word.elements) {
    element = Felt::from_canonical(random() >> 1);  // below p
  }
  return word;
}

Fault local_fault(std::string_view what, const Error& error) {
  return {.reason = Reason::kLocal,
          .code = 0,
          .text = fmt::format("{}: {}", what, clean_text(error.message, 256))};
}

std::chrono::milliseconds since(SteadyClock::time_point then) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - then);
}

}  // namespace

CounterFlow::CounterFlow(const CounterFlowOptions& options)
    : options_(options), rpc_(options.rpc), awaited_(options.latency_timeout) {}

CallOptions CounterFlow::call_options(const std::optional<Word>& genesis) const {
  CallOptions call{.timeout = options_.request_timeout};
  if (genesis) call.accept = accept_of_network(*genesis);
  return call;
}

std::shared_ptr<const CounterFlow::Accounts> CounterFlow::accounts() const {
  const std::lock_guard lock(mutex_);
  return accounts_;
}

std::expected<void, Fault> CounterFlow::prepare(const std::stop_token& stop) {
  // Without the genesis in the question: a network that began anew must be able to say so.
  const Answer<BlockHeader> genesis =
      fetch_block_header(rpc_.channel(), kGenesis, call_options(std::nullopt), stop);
  if (!genesis) {
    return std::unexpected(rpc_.fault_of(genesis.error(), options_.request_timeout));
  }
  const std::shared_ptr<const Accounts> present = accounts();
  if (present && present->genesis.commitment() == genesis->commitment()) return {};
  if (present) {
    log_warn("the network has another genesis; the monitor makes new accounts",
             {{"genesis", genesis->commitment()}});
    forget_accounts();
  }
  std::expected<Accounts, Fault> made = make_accounts(*genesis);
  if (!made) return std::unexpected(std::move(made).error());
  if (auto deployed = deploy(*made, stop); !deployed) return deployed;
  log_info("the monitor's accounts are there",
           {{"wallet", made->wallet.account.id}, {"counter", made->counter.id}});
  const std::lock_guard lock(mutex_);
  made->generation = ++generation_;
  accounts_ = std::make_shared<const Accounts>(*std::move(made));
  return {};
}

std::expected<CounterFlow::Accounts, Fault> CounterFlow::make_accounts(const BlockHeader& genesis) {
  if (!code_) {
    Result<CounterCode> code = CounterCode::assemble(*options_.engine);
    if (!code) return std::unexpected(local_fault("no code for accounts", code.error()));
    code_ = *std::move(code);
  }
  std::random_device random;
  Result<CounterWallet> wallet = make_counter_wallet(*options_.engine, *code_, draw_seed(random));
  if (!wallet) return std::unexpected(local_fault("no wallet", wallet.error()));
  Result<Account> counter =
      make_counter(*options_.engine, *code_, draw_seed(random), {.owner = wallet->account.id});
  if (!counter) return std::unexpected(local_fault("no counter", counter.error()));
  return Accounts{.genesis = genesis, .wallet = *std::move(wallet), .counter = *std::move(counter)};
}

std::expected<void, Fault> CounterFlow::deploy(const Accounts& accounts,
                                               const std::stop_token& stop) {
  const Result<ClientTransaction> creation =
      create_account(*options_.engine, accounts.counter, {}, accounts.genesis);
  if (!creation) return std::unexpected(local_fault("no deployment", creation.error()));
  const auto started = SteadyClock::now();
  const auto submitted = prove_and_submit(*creation, accounts.genesis.commitment(), stop);
  if (!submitted) return std::unexpected(submitted.error());
  while (since(started) < options_.latency_timeout + options_.request_timeout) {
    const auto found = look_up(accounts.counter.id, counter_count_slot(), stop);
    if (found && *found) return {};
    if (!sleep_for(kPoll, stop)) break;
  }
  return std::unexpected(
      Fault{.reason = Reason::kPending,
            .code = 0,
            .text = fmt::format("the counter's creation is in no block within {}",
                                in_words(options_.latency_timeout))});
}

std::expected<BlockNum, Fault> CounterFlow::prove_and_submit(const ClientTransaction& transaction,
                                                             const Word& genesis,
                                                             const std::stop_token& stop) {
  const auto proof = options_.prover->prove(transaction.inputs, stop);
  if (!proof) return std::unexpected(proof.error());
  const Answer<BlockNum> height = submit_transaction(
      rpc_.channel(), proof->transaction, transaction.inputs, call_options(genesis), stop);
  if (!height) return std::unexpected(rpc_.fault_of(height.error(), options_.request_timeout));
  return *height;
}

std::expected<SentIncrement, Fault> CounterFlow::send(const std::stop_token& stop) {
  const std::shared_ptr<const Accounts> accounts = this->accounts();
  if (!accounts) {
    return std::unexpected(
        Fault{.reason = Reason::kStarting, .code = 0, .text = "deploying monitor accounts"});
  }
  // As the chain has it: what became of the last transaction does not matter then.
  const auto on_chain = look_up(accounts->wallet.account.id, wallet_count_slot(), stop);
  if (!on_chain) return std::unexpected(on_chain.error());
  CounterWallet wallet = accounts->wallet;
  uint64_t count = 0;
  if (*on_chain) {
    count = (*on_chain)->count;
    Result<Account> restored =
        restore_account(wallet.account, wallet_count_slot(), count, (*on_chain)->header);
    if (!restored) return std::unexpected(local_fault("the wallet is another", restored.error()));
    wallet.account = *std::move(restored);
  }
  const CounterRequest request{.counter = accounts->counter.id,
                               .note = CounterNote::kIncrement,
                               .serial_num = draw_serial_number()};
  const Result<ClientTransaction> transaction =
      request_counts(*options_.engine, *code_, wallet, {&request, 1}, accounts->genesis);
  if (!transaction) return std::unexpected(local_fault("no transaction", transaction.error()));
  const auto height = prove_and_submit(*transaction, accounts->genesis.commitment(), stop);
  if (!height) return std::unexpected(height.error());

  SentIncrement sent{.id = transaction->id,
                     .note = transaction->notes.at(0).id(),
                     .submit_height = *height,
                     .wallet_target = count + 1,
                     .counter_target = 0,
                     .submitted = SteadyClock::now(),
                     .committed = {}};
  const std::lock_guard lock(mutex_);
  awaited_.add(sent);
  return sent;
}

std::expected<std::chrono::milliseconds, Fault> CounterFlow::wait_until_committed(
    const SentIncrement& sent, const std::stop_token& stop) {
  const std::shared_ptr<const Accounts> accounts = this->accounts();
  std::optional<Fault> fault;
  while (accounts && since(sent.submitted) < options_.latency_timeout) {
    const auto found = look_up(accounts->wallet.account.id, wallet_count_slot(), stop);
    if (found && *found && (*found)->count >= sent.wallet_target) {
      const std::lock_guard lock(mutex_);
      awaited_.set_committed(sent.id, SteadyClock::now());
      return since(sent.submitted);
    }
    fault = found ? std::nullopt : std::optional(found.error());
    if (!sleep_for(kPoll, stop)) break;
  }
  if (fault) return std::unexpected(*std::move(fault));
  {
    const std::lock_guard lock(mutex_);
    awaited_.drop(sent.id);
  }
  return std::unexpected(
      Fault{.reason = Reason::kPending,
            .code = 0,
            .text = fmt::format("transaction {} is in no block within {}", sent.id.to_hex(),
                                in_words(options_.latency_timeout))});
}

void CounterFlow::forget_accounts() {
  const std::lock_guard lock(mutex_);
  accounts_.reset();
  awaited_.clear();
}

std::expected<std::optional<CountOnChain>, Fault> CounterFlow::look_up(
    const AccountId& account, const StorageSlotName& slot, const std::stop_token& stop) {
  const Answer<std::optional<CountOnChain>> found =
      look_up_count(rpc_.channel(), account, slot, call_options(std::nullopt), stop);
  if (!found) return std::unexpected(rpc_.fault_of(found.error(), options_.request_timeout));
  return *found;
}

std::expected<std::optional<CounterReading>, Fault> CounterFlow::read(const std::stop_token& stop) {
  const std::shared_ptr<const Accounts> accounts = this->accounts();
  if (!accounts) return std::nullopt;
  const auto counter = look_up(accounts->counter.id, counter_count_slot(), stop);
  if (!counter) return std::unexpected(counter.error());
  const auto wallet = look_up(accounts->wallet.account.id, wallet_count_slot(), stop);
  if (!wallet) return std::unexpected(wallet.error());
  return CounterReading{.generation = accounts->generation, .wallet = *wallet, .counter = *counter};
}

AwaitedNotes::Settled CounterFlow::settle(const CounterReading& reading,
                                          SteadyClock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (reading.generation != generation_ || !accounts_) return {};
  return awaited_.settle(reading.counter ? reading.counter->count : 0, now);
}

uint64_t CounterFlow::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::string CounterFlow::fate_of(const NoteId& note, const std::stop_token& stop) {
  ::note::NoteId request;
  *request.mutable_id() = to_message(note.word);
  const auto status = rpc_.ask<::rpc::Api>(&::rpc::Api::Stub::GetNetworkNoteStatus, request,
                                           call_options(std::nullopt), stop);
  if (!status) return fmt::format("its status cannot be had: {}", status.error().text);
  const std::string attempts =
      status->attempt_count() == 0
          ? std::string("no attempt yet")
          : fmt::format("{} failed attempts, the last one: {}", status->attempt_count(),
                        clean_text(status->last_error(), 256));
  switch (status->status()) {
    case ::rpc::NETWORK_NOTE_STATUS_PENDING:
      return "the builder waits with it, " + attempts;
    case ::rpc::NETWORK_NOTE_STATUS_NULLIFIER_INFLIGHT:
      return "a transaction that consumes it is on its way";
    case ::rpc::NETWORK_NOTE_STATUS_DISCARDED:
      return "the builder gave it up, " + attempts;
    case ::rpc::NETWORK_NOTE_STATUS_NULLIFIER_COMMITTED:
      return "it is consumed by now";
    default:
      return "the builder does not know it";
  }
}

}  // namespace miden
