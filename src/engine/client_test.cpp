#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "engine/engine.hpp"
#include "protocol/account_delta.hpp"
#include "protocol/block.hpp"
#include "protocol/note.hpp"
#include "protocol/partial_blockchain.hpp"
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

BlockHeader genesis_header() {
  std::ifstream file(std::string(MIDEN_ENGINE_FIXTURES) + "/chain.block.0", std::ios::binary);
  const Bytes block(std::istreambuf_iterator<char>(file), {});
  return from_bytes<SignedBlock>(block).value().header;
}

StorageSlotName slot_name(std::string_view text) { return StorageSlotName::parse(text).value(); }

// Keeps the value that a map has for a key.
constexpr std::string_view kShelf = R"(
use miden::protocol::active_account
use miden::protocol::native_account

const BOOKS = word("test::shelf::books")
const OPEN = word("test::shelf::open")

pub proc open
    # => [BOOK, pad(12)]
    push.BOOKS[0..2] exec.active_account::get_map_item
    push.OPEN[0..2] exec.native_account::set_item
    dropw
end
)";
constexpr std::string_view kOpenBookOne = R"(
use test::shelf
use miden::protocol::output_note

begin
    # => [RECIPIENT, pad(12)]
    push.1.0 exec.output_note::create drop
    push.0.0.0.1
    call.shelf::open
    dropw
end
)";

Bytes shelf_library() { return engine().assemble_component("test::shelf", kShelf, {}).value(); }

NewAccountSpec shelf_spec() {
  const auto books =
      StorageMap::from_entries({{StorageMapKey(Word::of(1, 0, 0, 0)), Word::of(7, 8, 9, 10)}});
  NewAccountSpec spec{.seed = {5}, .authentication = SingleSignature(), .has_basic_wallet = true};
  spec.components.push_back(
      {.library = shelf_library(),
       .slots = {
           to_bytes(StorageSlot{.name = slot_name("test::shelf::books"), .content = *books}),
           to_bytes(StorageSlot{.name = slot_name("test::shelf::open"), .content = Word()})}});
  return spec;
}

NoteRecipient recipient() {
  const AssembledScript script = engine().standard_note_script(StandardNote::kP2id);
  return {.script = from_bytes<NoteScript>(script.script).value(),
          .storage = NoteStorage::make({Felt::from_canonical(1), Felt::from_canonical(2)}).value(),
          .serial_num = Word::of(1, 2, 3, 4)};
}

// Emits a note, opens book one.
ClientExecutionRequest request_of(const Bytes& account, const Bytes& secret_key) {
  const AssembledScript script =
      engine()
          .assemble_transaction_script(kOpenBookOne, {.dynamic_libraries = {shelf_library()}})
          .value();
  TransactionArgs args;
  args.script = from_bytes<NoteScript>(script.script).value();
  args.script_args = recipient().digest();
  return {.account = account,
          .block_header = to_bytes(genesis_header()),
          .partial_blockchain = to_bytes(PartialBlockchain()),
          .args = to_bytes(args),
          .output_recipients = {to_bytes(recipient())},
          .secret_key = secret_key};
}

Word opened(const Account& account) {
  return account.storage.find(slot_name("test::shelf::open"))->value();
}

TEST(BuildAccount, GivesWhatTheSpecSays) {
  const auto made = engine().build_account(shelf_spec());
  ASSERT_TRUE(made) << made.error().message;
  // Decoding derives the id from seed, code and storage, and compares.
  const auto account = from_bytes<Account>(made->account);
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_TRUE(account->id.is_public());
  EXPECT_EQ(account->nonce, Felt());
  EXPECT_FALSE(is_network_account(*account));
  EXPECT_THAT(made->secret_key, SizeIs(1 + 1281));

  EXPECT_EQ(engine().build_account(shelf_spec())->account, made->account);
  NewAccountSpec other = shelf_spec();
  other.seed = {6};
  EXPECT_NE(engine().build_account(other)->account, made->account);
  other.is_public = false;
  EXPECT_FALSE(from_bytes<Account>(engine().build_account(other)->account)->id.is_public());
}

TEST(BuildAccount, MakesNetworkAccounts) {
  NewAccountSpec spec = shelf_spec();
  spec.authentication = NetworkAuthentication{.note_scripts = {Word::of(1, 2, 3, 4)},
                                              .tx_scripts = {Word::of(5, 6, 7, 8)}};
  const auto made = engine().build_account(spec);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->secret_key.empty());
  const Account account = from_bytes<Account>(made->account).value();
  EXPECT_TRUE(is_network_account(account));
  const auto& allowed = account.storage.find(network_account_slot_name())->content;
  EXPECT_EQ(std::get<StorageMap>(allowed).entries().begin()->first.word, Word::of(1, 2, 3, 4));

  spec.authentication = NetworkAuthentication();
  EXPECT_EQ(engine().build_account(spec).error().code, "NetworkAccountNoteAllowlist");
}

TEST(BuildAccount, RefusesWhatIsNoAccount) {
  NewAccountSpec twice = shelf_spec();
  twice.components.push_back(twice.components.front());
  EXPECT_EQ(engine().build_account(twice).error().code, "Account");
  NewAccountSpec garbage = shelf_spec();
  garbage.components.front().library = {1, 2, 3};
  EXPECT_EQ(engine().build_account(garbage).error().code, "DeserializationError");
}

TEST(ExecuteClientTransaction, MakesWhatAValidatorExecutesAgainAndAProverProves) {
  const NewAccount made = engine().build_account(shelf_spec()).value();
  const auto executed =
      engine().execute_client_transaction(request_of(made.account, made.secret_key));
  ASSERT_TRUE(executed) << executed.error().message;
  EXPECT_EQ(executed->final_nonce, 1u);

  const auto delta = from_bytes<AccountDelta>(executed->account_delta);
  ASSERT_TRUE(delta) << delta.error().message;
  const Account account = delta->to_account().value();
  EXPECT_EQ(account.commitment(), executed->final_account_commitment);
  EXPECT_EQ(opened(account), Word::of(7, 8, 9, 10));

  const auto again = engine().reexecute_transaction(executed->inputs);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->header, executed->header);
  EXPECT_EQ(again->account_delta, executed->account_delta);

  const auto proven = engine().prove_transaction(executed->inputs);
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_TRUE(engine().verify_transaction(*proven));
  const auto transaction = from_bytes<ProvenTransaction>(*proven);
  ASSERT_TRUE(transaction) << transaction.error().message;
  EXPECT_EQ(transaction->id.word, executed->id);
}

TEST(ExecuteClientTransaction, FindsTheMapsOfAnAccountThatExists) {
  const NewAccount made = engine().build_account(shelf_spec()).value();
  Account account = from_bytes<Account>(made.account).value();
  account.nonce = Felt::from_canonical(3);
  account.seed.reset();
  const auto executed =
      engine().execute_client_transaction(request_of(to_bytes(account), made.secret_key));
  ASSERT_TRUE(executed) << executed.error().message;
  ASSERT_TRUE(account.apply(from_bytes<AccountDelta>(executed->account_delta).value()));
  EXPECT_EQ(account.commitment(), executed->final_account_commitment);
  EXPECT_EQ(opened(account), Word::of(7, 8, 9, 10));
  EXPECT_TRUE(engine().reexecute_transaction(executed->inputs));
}

TEST(ExecuteClientTransaction, NeedsTheKeyAndTheRecipient) {
  const NewAccount made = engine().build_account(shelf_spec()).value();
  EXPECT_EQ(engine().execute_client_transaction(request_of(made.account, {})).error().code,
            "MissingAuthenticator");

  NewAccountSpec other = shelf_spec();
  other.seed = {9};
  const Bytes wrong_key = engine().build_account(other)->secret_key;
  const auto unsigned_by_owner =
      engine().execute_client_transaction(request_of(made.account, wrong_key));
  ASSERT_FALSE(unsigned_by_owner);
  EXPECT_EQ(unsigned_by_owner.error().code, "TransactionProgramExecutionFailed");

  ClientExecutionRequest nameless = request_of(made.account, made.secret_key);
  nameless.output_recipients.clear();
  EXPECT_EQ(engine().execute_client_transaction(nameless).error().code,
            "TransactionProgramExecutionFailed");
}

TEST(ExecuteClientTransaction, RefusesGarbage) {
  EXPECT_EQ(engine().execute_client_transaction({}).error().code, "DeserializationError");
}

}  // namespace
}  // namespace miden
