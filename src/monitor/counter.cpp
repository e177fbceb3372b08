#include "monitor/counter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/poseidon2.hpp"
#include "protocol/account_delta.hpp"
#include "protocol/partial_blockchain.hpp"
#include "protocol/transaction_inputs.hpp"

namespace miden {

namespace {

constexpr size_t kMostRequests = 256;
// NetworkAccountTarget, and the hint "always".
constexpr uint16_t kNetworkAccountTarget = 2;
constexpr uint64_t kAlways = 1;

size_t index_of(CounterNote note) { return static_cast<size_t>(note); }

Bytes value_slot(const StorageSlotName& name, const Word& value) {
  return to_bytes(StorageSlot{.name = name, .content = value});
}

Word word_of(const AccountId& id) { return {id.suffix(), id.prefix(), Felt(), Felt()}; }

Result<Account> account_after(const Account& before, const NetworkTransaction& transaction) {
  const AccountDelta delta = TRY(from_bytes<AccountDelta>(transaction.account_delta));
  if (delta.is_full_state()) return delta.to_account();
  Account after = before;
  TRY(after.apply(delta));
  return after;
}

Result<ClientTransaction> execute(const Engine& engine, const Account& account,
                                  const Bytes& secret_key, const BlockHeader& genesis,
                                  const TransactionArgs& args, std::vector<Note> notes) {
  ClientExecutionRequest request{
      .account = to_bytes(account),
      .block_header = to_bytes(genesis),
      .partial_blockchain = to_bytes(PartialBlockchain()),  // nothing is before the genesis block
      .args = to_bytes(args),
      .secret_key = secret_key,
  };
  for (const Note& note : notes) {
    request.output_recipients.push_back(to_bytes(note.details().recipient));
  }
  NetworkTransaction executed = TRY(engine.execute_client_transaction(request));
  Account after = TRY(account_after(account, executed));
  return ClientTransaction{.id = TransactionId(executed.id),
                           .inputs = std::move(executed.inputs),
                           .account = std::move(after),
                           .notes = std::move(notes),
                           .expiration_block_num = executed.expiration_block_num};
}

Result<Note> make_note(const CounterCode& code, const AccountId& sender,
                       const CounterRequest& request) {
  NoteScript script = TRY(from_bytes<NoteScript>(code.notes[index_of(request.note)].script));
  NoteAttachments attachments = TRY(NoteAttachments::make({TRY(NoteAttachment::make(
      kNetworkAccountTarget, {Word(request.counter.suffix(), request.counter.prefix(),
                                   Felt::from_canonical(kAlways), Felt())}))}));
  NoteDetails details{
      .assets = {},
      .recipient = {.script = std::move(script), .storage = {}, .serial_num = request.serial_num}};
  return Note({.type = NoteType::kPublic, .sender = sender, .tag = 0}, std::move(details),
              std::move(attachments));
}

// What the request script takes from the advice map.
std::vector<Felt> request_elements(std::span<const CounterRequest> requests,
                                   const std::vector<Note>& notes) {
  const auto increments =
      std::ranges::count(requests, CounterNote::kIncrement, &CounterRequest::note);
  std::vector<Felt> elements;
  const auto add = [&elements](const Word& word) {
    elements.insert(elements.end(), word.elements.begin(), word.elements.end());
  };
  add(Word::of(notes.size(), static_cast<uint64_t>(increments), 0, 0));
  for (const Note& note : notes) {
    add(note.details().recipient.digest());
    add(note.attachments().items.front().words.front());
  }
  return elements;
}

}  // namespace

Result<CounterWallet> make_counter_wallet(const Engine& engine, const CounterCode& code,
                                          const AccountSeed& seed) {
  NewAccountSpec spec{.seed = seed, .authentication = SingleSignature(), .has_basic_wallet = true};
  spec.components.push_back(
      {.library = code.wallet, .slots = {value_slot(wallet_count_slot(), Word())}});
  NewAccount made = TRY(engine.build_account(spec));
  return CounterWallet{.account = TRY(from_bytes<Account>(made.account)),
                       .secret_key = std::move(made.secret_key)};
}

Result<Account> make_counter(const Engine& engine, const CounterCode& code, const AccountSeed& seed,
                             const CounterOptions& options) {
  NetworkAuthentication authentication{.note_scripts = {}, .tx_scripts = options.tx_scripts};
  const size_t note_kinds = options.takes_hostile_notes ? kCounterNotes : 1;
  for (size_t note = 0; note < note_kinds; ++note) {
    authentication.note_scripts.push_back(code.notes[note].root);
  }
  NewAccountSpec spec{.seed = seed, .authentication = std::move(authentication)};
  spec.components.push_back({.library = code.counter,
                             .slots = {value_slot(counter_count_slot(), Word()),
                                       value_slot(counter_owner_slot(), word_of(options.owner))}});
  const NewAccount made = TRY(engine.build_account(spec));
  return from_bytes<Account>(made.account);
}

Result<ClientTransaction> create_account(const Engine& engine, const Account& account,
                                         const Bytes& secret_key, const BlockHeader& genesis) {
  return execute(engine, account, secret_key, genesis, {}, {});
}

Result<ClientTransaction> request_counts(const Engine& engine, const CounterCode& code,
                                         const CounterWallet& wallet,
                                         std::span<const CounterRequest> requests,
                                         const BlockHeader& genesis) {
  if (requests.empty() || requests.size() > kMostRequests) {
    return fail("InvalidValue", fmt::format("a transaction makes 1 to {} requests, not {}",
                                            kMostRequests, requests.size()));
  }
  std::vector<Note> notes;
  for (const CounterRequest& request : requests) {
    notes.push_back(TRY(make_note(code, wallet.account.id, request)));
  }
  std::vector<Felt> elements = request_elements(requests, notes);
  TransactionArgs args;
  args.script = TRY(from_bytes<NoteScript>(code.request.script));
  args.script_args = hash_elements(elements);
  args.advice.map.emplace(args.script_args, std::move(elements));
  return execute(engine, wallet.account, wallet.secret_key, genesis, args, std::move(notes));
}

Result<Account> restore_account(const Account& made, const StorageSlotName& count_slot,
                                uint64_t count, const AccountHeader& on_chain) {
  Account account = made;
  account.nonce = on_chain.nonce;
  if (account.nonce != Felt()) account.seed.reset();
  for (StorageSlot& slot : account.storage.mutable_slots()) {
    if (slot.name == count_slot) slot.content = Word(TRY(Felt::parse(count)), {}, {}, {});
  }
  if (account.header() != on_chain) {
    return fail("AccountCommitmentMismatch",
                "account " + made.id.to_hex() + " is not in the state that the node tells of");
  }
  return account;
}

Result<Bytes> make_test_payload(const Engine& engine, const AccountSeed& seed,
                                const BlockHeader& genesis) {
  const CounterCode code = TRY(CounterCode::assemble(engine));
  const CounterWallet owner = TRY(make_counter_wallet(engine, code, seed));
  const Account counter = TRY(make_counter(engine, code, seed, {.owner = owner.account.id}));
  ClientTransaction creation = TRY(create_account(engine, counter, {}, genesis));
  return std::move(creation.inputs);
}

}  // namespace miden
