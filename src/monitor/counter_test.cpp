#include "monitor/counter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/account_delta.hpp"
#include "protocol/partial_blockchain.hpp"
#include "protocol/test_support/test_chain.hpp"
#include "protocol/transaction.hpp"
#include "protocol/transaction_inputs.hpp"

namespace miden {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const Engine& engine() {
  static const std::unique_ptr<Engine> engine = make_reference_engine(0);
  return *engine;
}
const CounterCode& code() {
  static const CounterCode code = CounterCode::assemble(engine()).value();
  return code;
}

// Of a network without fees.
BlockHeader genesis() {
  BlockHeader header = test_header(0);
  header.chain_commitment = PartialBlockchain().chain_commitment();
  header.tx_kernel_commitment = engine().info().kernel_commitment;
  header.fee_parameters.verification_base_fee = 0;
  return header;
}

// Made once: its key takes half a second.
CounterWallet wallet() {
  static const CounterWallet made = make_counter_wallet(engine(), code(), {1}).value();
  return made;
}
Account counter_of(const CounterWallet& wallet, bool takes_hostile_notes = false) {
  return make_counter(engine(), code(), {2},
                      {.owner = wallet.account.id, .takes_hostile_notes = takes_hostile_notes})
      .value();
}
uint64_t count_of(const Account& account, const StorageSlotName& slot) {
  return account.storage.find(slot)->value()[0].value();
}
ClientTransaction request(const CounterWallet& wallet,
                          const std::vector<CounterRequest>& requests) {
  auto transaction = request_counts(engine(), code(), wallet, requests, genesis());
  EXPECT_TRUE(transaction) << transaction.error().message;
  return std::move(*transaction);
}

// What a network transaction builder does, but for the proof: the counter consumes notes.
Result<NetworkTransaction> consume(const Account& counter, const std::vector<Note>& notes) {
  ClientExecutionRequest request{.account = to_bytes(counter),
                                 .block_header = to_bytes(genesis()),
                                 .partial_blockchain = to_bytes(PartialBlockchain())};
  for (const Note& note : notes) request.notes.push_back(to_bytes(note));
  return engine().execute_client_transaction(request);
}
uint64_t count_after(const Account& counter, const NetworkTransaction& transaction) {
  Account after = counter;
  EXPECT_TRUE(after.apply(from_bytes<AccountDelta>(transaction.account_delta).value()));
  return count_of(after, counter_count_slot());
}

TEST(CounterAccounts, AreMadeBySeedAndCode) {
  EXPECT_EQ(make_counter_wallet(engine(), code(), {1})->account.commitment(),
            wallet().account.commitment());
  EXPECT_NE(wallet().account.id, make_counter_wallet(engine(), code(), {3})->account.id);
  EXPECT_FALSE(is_network_account(wallet().account));
  const Account counter = counter_of(wallet());
  EXPECT_TRUE(is_network_account(counter));
  EXPECT_EQ(counter.storage.find(counter_owner_slot())->value(),
            Word(wallet().account.id.suffix(), wallet().account.id.prefix(), Felt(), Felt()));
}

TEST(CounterAccounts, RunAlwaysTheSameScript) {
  EXPECT_EQ(CounterCode::assemble(engine())->request.root, code().request.root);
}

TEST(RequestCounts, EmitsNotesThatTheCounterConsumes) {
  const CounterWallet owner = wallet();
  const auto created = create_account(engine(), counter_of(owner), {}, genesis());
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(created->account.nonce.value(), 1u);

  const ClientTransaction requests =
      request(owner, {{.counter = created->account.id, .serial_num = Word::of(1, 2, 3, 4)},
                      {.counter = created->account.id, .serial_num = Word::of(5, 6, 7, 8)}});
  EXPECT_EQ(count_of(requests.account, wallet_count_slot()), 2u);
  ASSERT_THAT(requests.notes, SizeIs(2));
  EXPECT_NE(requests.notes[0].id(), requests.notes[1].id());
  for (const Note& note : requests.notes) {
    const auto target = network_note_target(note.metadata().partial.type, note.attachments());
    ASSERT_TRUE(target);
    EXPECT_EQ(target->account, created->account.id);
    EXPECT_EQ(note.metadata().partial.sender, owner.account.id);
  }

  // They are the very notes that executing again and proving give.
  const auto again = engine().reexecute_transaction(requests.inputs);
  ASSERT_TRUE(again) << again.error().message;
  const auto header = from_bytes<TransactionHeader>(again->header);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->id, requests.id);
  std::vector<NoteId> emitted;
  for (const NoteHeader& note : header->output_notes) emitted.push_back(note.id());
  EXPECT_THAT(emitted, testing::ElementsAre(requests.notes[0].id(), requests.notes[1].id()));

  const auto consumed = consume(created->account, requests.notes);
  ASSERT_TRUE(consumed) << consumed.error().message;
  EXPECT_EQ(count_after(created->account, *consumed), 2u);
}

TEST(RequestCounts, GoesOnFromTheAccountThatTheLastOneLeft) {
  CounterWallet owner = wallet();
  const Account counter = counter_of(owner);
  for (uint64_t round = 1; round <= 3; ++round) {
    ClientTransaction transaction =
        request(owner, {{.counter = counter.id, .serial_num = Word::of(round, 0, 0, 0)}});
    owner.account = std::move(transaction.account);
    EXPECT_EQ(owner.account.nonce.value(), round);
    EXPECT_EQ(count_of(owner.account, wallet_count_slot()), round);
    // Also out of what the chain tells of it.
    const auto restored =
        restore_account(wallet().account, wallet_count_slot(), round, owner.account.header());
    ASSERT_TRUE(restored) << restored.error().message;
    owner.account = *restored;
  }
  EXPECT_EQ(restore_account(wallet().account, wallet_count_slot(), 2, owner.account.header())
                .error()
                .code,
            "AccountCommitmentMismatch");
}

TEST(RequestCounts, CanBeProven) {
  const CounterWallet owner = wallet();
  const ClientTransaction transaction =
      request(owner, {{.counter = counter_of(owner).id, .serial_num = Word::of(1, 2, 3, 4)}});
  const auto proven = engine().prove_transaction(transaction.inputs);
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_TRUE(engine().verify_transaction(*proven));
  EXPECT_EQ(from_bytes<ProvenTransaction>(*proven)->id, transaction.id);
}

TEST(RequestCounts, MakesASensibleNumberOfRequests) {
  const CounterWallet owner = wallet();
  EXPECT_EQ(request_counts(engine(), code(), owner, {}, genesis()).error().code, "InvalidValue");
  const std::vector<CounterRequest> many(257, {.counter = counter_of(owner).id, .serial_num = {}});
  EXPECT_EQ(request_counts(engine(), code(), owner, many, genesis()).error().code, "InvalidValue");
}

TEST(Counter, TakesNotesOfItsOwnerOnly) {
  const CounterWallet owner = wallet();
  const CounterWallet stranger = make_counter_wallet(engine(), code(), {7}).value();
  const auto counter = create_account(engine(), counter_of(owner), {}, genesis());
  ASSERT_TRUE(counter) << counter.error().message;
  const ClientTransaction requests =
      request(stranger, {{.counter = counter->account.id, .serial_num = Word::of(1, 2, 3, 4)}});
  const auto consumed = consume(counter->account, requests.notes);
  ASSERT_FALSE(consumed);
  EXPECT_THAT(consumed.error().message, HasSubstr("only notes of the owner"));
}

TEST(Counter, TakesHostileNotesOnlyWhenItWasMadeTo) {
  const CounterWallet owner = wallet();
  const auto failure_of = [&](bool takes_hostile_notes) {
    const auto counter =
        create_account(engine(), counter_of(owner, takes_hostile_notes), {}, genesis()).value();
    const ClientTransaction requests = request(owner, {{.counter = counter.account.id,
                                                        .note = CounterNote::kFailing,
                                                        .serial_num = Word::of(1, 2, 3, 4)}});
    // Not among what is expected of the counter.
    EXPECT_EQ(count_of(requests.account, wallet_count_slot()), 0u);
    return consume(counter.account, requests.notes).error().message;
  };
  EXPECT_THAT(failure_of(true), HasSubstr("this note is made to fail"));
  const auto safe = counter_of(owner);
  const auto& allowed =
      std::get<StorageMap>(safe.storage.find(network_account_slot_name())->content);
  EXPECT_THAT(allowed.entries(), SizeIs(1));
}

TEST(Counter, RunsTransactionScriptsThatItAllows) {
  const AssembledScript script =
      engine().assemble_transaction_script("begin push.1 drop end", {}).value();
  TransactionArgs args;
  args.script = from_bytes<NoteScript>(script.script).value();
  const auto run = [&](std::vector<Word> allowed) {
    const Account counter =
        make_counter(engine(), code(), {2}, {.owner = wallet().account.id, .tx_scripts = allowed})
            .value();
    return engine().execute_client_transaction({.account = to_bytes(counter),
                                                .block_header = to_bytes(genesis()),
                                                .partial_blockchain = to_bytes(PartialBlockchain()),
                                                .args = to_bytes(args)});
  };
  EXPECT_TRUE(run({script.root}));
  EXPECT_EQ(run({}).error().code, "TransactionProgramExecutionFailed");
}

TEST(Counter, HasAnEndlessNote) {
  const CounterWallet owner = wallet();
  const auto counter = create_account(engine(), counter_of(owner, true), {}, genesis()).value();
  const ClientTransaction requests = request(owner, {{.counter = counter.account.id,
                                                      .note = CounterNote::kEndless,
                                                      .serial_num = Word::of(1, 2, 3, 4)}});
  TransactionInputs inputs =
      from_bytes<TransactionInputs>(
          create_account(engine(), counter_of(owner, true), {}, genesis()).value().inputs)
          .value();
  inputs.input_notes.notes.push_back({.note = requests.notes.front(), .proof = std::nullopt});
  const auto within = engine().check_cycles(to_bytes(inputs), 1u << 20);
  ASSERT_FALSE(within);
  EXPECT_EQ(within.error().code, "CycleLimitExceeded");
}

TEST(MakeTestPayload, IsAWholeTransaction) {
  const auto payload = make_test_payload(engine(), {9}, genesis());
  ASSERT_TRUE(payload) << payload.error().message;
  EXPECT_TRUE(engine().reexecute_transaction(*payload));
  const auto account_in = [](const Bytes& inputs) {
    return from_bytes<TransactionInputs>(inputs).value().account.header();
  };
  EXPECT_EQ(account_in(make_test_payload(engine(), {9}, genesis()).value()), account_in(*payload));
  EXPECT_NE(account_in(make_test_payload(engine(), {8}, genesis()).value()), account_in(*payload));
}

}  // namespace
}  // namespace miden
