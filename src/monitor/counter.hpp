// A wallet and counters of our own, by which the whole path of a network transaction can be tried:
// the wallet's transaction emits public notes for a counter; whoever builds network transactions
// lets the counter consume them. spec/prover-and-monitor.md B12.
//
// The wallet counts what it asked for, a counter what it was given: both are on chain, and the
// difference is what is still under way. Nothing here proves or sends: transactions come as what a
// prover takes. With the genesis block as reference they stay valid for ever.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/engine.hpp"
#include "protocol/account.hpp"
#include "protocol/block_header.hpp"
#include "protocol/ids.hpp"
#include "protocol/note.hpp"

namespace miden {

// Value slots; the count is element 0.
const StorageSlotName& wallet_count_slot();
const StorageSlotName& counter_count_slot();
const StorageSlotName& counter_owner_slot();

// Scripts of notes for a counter. The latter two are for tests: a counter takes them only when it
// was made to.
enum class CounterNote : uint8_t {
  kIncrement,  // adds one
  kFailing,    // can never be consumed
  kEndless,    // runs until its cycles are used up
};
inline constexpr size_t kCounterNotes = 3;

// All code that the accounts and their transactions run; assembled once, some 100 ms.
struct CounterCode {
  Bytes wallet;                                      // Library
  Bytes counter;                                     // Library
  std::array<AssembledScript, kCounterNotes> notes;  // NoteScript, by CounterNote
  AssembledScript request;                           // TransactionScript of the wallet, always this

  // Errors: those of assembly, which only a defect of ours causes.
  static Result<CounterCode> assemble(const Engine& engine);
};

using AccountSeed = std::array<uint8_t, 32>;

// Accounts with nonce 0: on chain only after their first transaction. Equal seeds make equal
// accounts. Both are public; finding an id takes milliseconds.
struct CounterWallet {
  Account account;
  Bytes secret_key;  // AuthSecretKey, Falcon512
};
Result<CounterWallet> make_counter_wallet(const Engine& engine, const CounterCode& code,
                                          const AccountSeed& seed);
struct CounterOptions {
  AccountId owner;  // whose increments count: the wallet
  bool takes_hostile_notes = false;
  // Roots of transaction scripts that its transactions may run, such as the one by which a builder
  // lets them expire.
  std::vector<Word> tx_scripts = {};
};
Result<Account> make_counter(const Engine& engine, const CounterCode& code, const AccountSeed& seed,
                             const CounterOptions& options);

struct ClientTransaction {
  TransactionId id;
  Bytes inputs;             // TransactionInputs
  Account account;          // as the transaction leaves it
  std::vector<Note> notes;  // that it emits, in the order asked for
  uint32_t expiration_block_num = 0;
};

// The transaction that puts a counter (or the wallet) on chain. The public API takes it; later
// transactions of a counter are the network's.
Result<ClientTransaction> create_account(const Engine& engine, const Account& account,
                                         const Bytes& secret_key, const BlockHeader& genesis);

struct CounterRequest {
  AccountId counter;
  CounterNote note = CounterNote::kIncrement;
  Word serial_num;  // random: equal numbers make equal notes
};
// One transaction of the wallet that emits a note for each request, at most 256, and adds the
// number of increments to the wallet's count. It creates the wallet when that is not on chain.
// Errors: none or too many requests as InvalidValue, those of Engine::execute_client_transaction.
Result<ClientTransaction> request_counts(const Engine& engine, const CounterCode& code,
                                         const CounterWallet& wallet,
                                         std::span<const CounterRequest> requests,
                                         const BlockHeader& genesis);

// The wallet or a counter as the chain has it, out of what the account was when it was made: only
// count and nonce ever change. Error: AccountCommitmentMismatch, when `on_chain` is not of such a
// state.
Result<Account> restore_account(const Account& made, const StorageSlotName& count_slot,
                                uint64_t count, const AccountHeader& on_chain);

// TransactionInputs of the creation of a counter out of a seed: a small, whole transaction for
// trying provers (spec B8).
Result<Bytes> make_test_payload(const Engine& engine, const AccountSeed& seed,
                                const BlockHeader& genesis);

}  // namespace miden
