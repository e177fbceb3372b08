// The whole builder on a network in memory: what is consumed, what counts against a note, and what
// happens when node, provers or the builder itself fail.
#include "ntx_builder/ntx_builder_server.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "internal/ntx_builder.grpc.pb.h"
#include "net/channel.hpp"
#include "net/convert_note.hpp"
#include "ntx_builder/test_support/fake_network.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using Mood = FakeNetwork::Mood;

constexpr uint16_t kExpirationDelta = 10;

class NtxBuilderTest : public testing::Test {
 protected:
  NtxBuilderTest() {
    configure_log({.level = LogLevel::kOff});
    std::filesystem::remove_all(directory_);
    EXPECT_TRUE(BuilderState::bootstrap(directory_, network_.genesis()));
    options_.listen = *SocketAddress::parse("127.0.0.1:0");
    options_.node.url = network_.url();
    options_.node.network_tx_auth = "secret";
    options_.node.patience = 50ms;
    options_.accounts.turns.first_rest = 10ms;
    options_.accounts.turns.longest_rest = 100ms;
    options_.accounts.submissions.first_wait = 10ms;
    options_.accounts.submissions.longest_wait = 50ms;
    options_.accounts.submissions.patience_blocks = 3;
    options_.accounts.proving_patience = 20ms;
    options_.accounts.expiration_delta = kExpirationDelta;
    options_.follower.status_period = 20ms;
    options_.follower.longest_pause = 50ms;
  }
  ~NtxBuilderTest() override {
    builder_.reset();
    std::filesystem::remove_all(directory_);
    configure_log({});
    EXPECT_TRUE(fatal_.empty()) << fatal_;
  }

  void start() {
    auto state = BuilderState::open(directory_, {.synced = false});
    ASSERT_TRUE(state) << state.error().message;
    auto builder = NtxBuilder::start(std::move(*state), engine_, options_,
                                     [this](std::string cause) { fatal_ = std::move(cause); });
    ASSERT_TRUE(builder) << builder.error().message;
    builder_ = std::move(*builder);
  }
  void stop() { builder_.reset(); }

  template <class Condition>
  static bool await(const Condition& condition, std::chrono::milliseconds limit = 20s) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  // Makes blocks until the condition holds.
  template <class Condition>
  bool await_on_chain(const Condition& condition, std::chrono::milliseconds limit = 30s) {
    return await(
        [&] {
          if (condition()) return true;
          network_.commit();
          std::this_thread::sleep_for(20ms);
          return false;
        },
        limit);
  }
  bool await_consumed(const std::vector<Note>& notes) {
    return await_on_chain([&] { return network_.consumed().size() >= notes.size(); });
  }
  void expect_each_consumed_once(const std::vector<Note>& notes) {
    const std::map<NoteId, int> consumed = network_.consumed();
    EXPECT_EQ(consumed.size(), notes.size());
    for (const auto& [note, times] : consumed) EXPECT_EQ(times, 1) << note.to_hex();
  }

  // One account with so many notes, on chain.
  std::vector<Note> prepare(const AccountId& account, const std::vector<Deed>& deeds,
                            std::optional<Word> allowed_tx_script = std::nullopt) {
    std::vector<Note> notes;
    for (const Deed deed : deeds) notes.push_back(network_note(account, deed, ++serial_));
    network_.commit({.created = {new_network_account(account, allowed_tx_script)}, .notes = notes});
    return notes;
  }

  ::rpc::GetNetworkNoteStatusResponse status(const Note& note) {
    using Stub = ::ntx_builder::Api::Stub;
    const auto channel =
        make_channel(*ServiceUrl::parse("http://127.0.0.1:" + std::to_string(builder_->port())));
    const auto stub = ::ntx_builder::Api::NewStub(channel);
    const auto answer = call_unary<Stub, ::note::NoteId, ::rpc::GetNetworkNoteStatusResponse>(
        *stub, &Stub::GetNetworkNoteStatus, to_message(note.id()), {.timeout = 5s});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(::rpc::GetNetworkNoteStatusResponse());
  }
  uint32_t attempts(const Note& note) { return status(note).attempt_count(); }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("ntx_builder_test." + std::to_string(getpid()));
  FakeNetwork network_;
  std::shared_ptr<DeedEngine> engine_ = std::make_shared<DeedEngine>();
  NtxBuilderOptions options_;
  std::unique_ptr<NtxBuilder> builder_;
  std::string fatal_;
  uint64_t serial_ = 0;
};

const AccountId kAccount = network_account(1);

TEST_F(NtxBuilderTest, FollowsANoteThroughItsLife) {
  engine_->holds_proofs = true;
  const std::vector<Note> notes = prepare(kAccount, std::vector<Deed>(3, Deed::kCount));
  // No block comes after the start: the node's own word is enough.
  start();
  ASSERT_TRUE(await([&] { return engine_->proofs > 0; }));
  EXPECT_EQ(status(notes[0]).status(), ::rpc::NETWORK_NOTE_STATUS_PENDING);
  engine_->holds_proofs = false;
  ASSERT_TRUE(await([&] { return network_.mempool_size() == 1; }));
  EXPECT_EQ(status(notes[0]).status(), ::rpc::NETWORK_NOTE_STATUS_NULLIFIER_INFLIGHT);
  network_.commit();
  ASSERT_TRUE(await(
      [&] { return status(notes[0]).status() == ::rpc::NETWORK_NOTE_STATUS_NULLIFIER_COMMITTED; }));
  for (const Note& note : notes) {
    EXPECT_EQ(attempts(note), 0u);
    EXPECT_FALSE(status(note).has_last_error());
  }
  expect_each_consumed_once(notes);
  EXPECT_EQ(network_.counter(kAccount), 3u);
}

TEST_F(NtxBuilderTest, KnowsOnlyNotesItHasSeen) {
  start();
  using Stub = ::ntx_builder::Api::Stub;
  const auto stub = ::ntx_builder::Api::NewStub(
      make_channel(*ServiceUrl::parse("http://127.0.0.1:" + std::to_string(builder_->port()))));
  const auto ask = [&](const ::note::NoteId& id) {
    const auto answer = call_unary<Stub, ::note::NoteId, ::rpc::GetNetworkNoteStatusResponse>(
        *stub, &Stub::GetNetworkNoteStatus, id, {.timeout = 5s});
    return answer ? Status() : answer.error();
  };
  EXPECT_EQ(ask({}), Status(StatusCode::kInvalidArgument, "missing note ID digest"));
  ::note::NoteId outside;
  outside.mutable_id()->set_d0(UINT64_MAX);
  EXPECT_EQ(ask(outside), Status(StatusCode::kInvalidArgument, "invalid note ID digest"));
  EXPECT_EQ(ask(to_message(NoteId(word(5)))),
            Status(StatusCode::kNotFound, "note not found in ntx-builder database"));
}

TEST_F(NtxBuilderTest, CountsWhatANoteDoesItself) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount, Deed::kFail, Deed::kCount});
  start();
  ASSERT_TRUE(await_on_chain([&] { return network_.consumed().size() == 2; }));
  ASSERT_TRUE(await([&] { return attempts(notes[1]) > 0; }));
  EXPECT_EQ(status(notes[1]).status(), ::rpc::NETWORK_NOTE_STATUS_PENDING);
  EXPECT_EQ(status(notes[1]).last_error(), "x assertion failed");
  EXPECT_TRUE(status(notes[1]).has_last_attempt_block_num());
  EXPECT_EQ(attempts(notes[0]), 0u);
}

TEST_F(NtxBuilderTest, NeverCountsANodeThatIsAway) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kLookElsewhere, Deed::kLookElsewhere});
  network_.is_deaf = true;
  start();
  ASSERT_TRUE(await_on_chain([&] { return engine_->executions > 5; }));
  for (const Note& note : notes) EXPECT_EQ(attempts(note), 0u);
  network_.is_deaf = false;
  ASSERT_TRUE(await_consumed(notes));
  for (const Note& note : notes) EXPECT_EQ(attempts(note), 0u);
}

TEST_F(NtxBuilderTest, ANoteThatTheNodeDoesNotAnswerForDoesNotHoldUpOthers) {
  std::vector<Deed> deeds(40, Deed::kLookElsewhere);
  deeds.insert(deeds.end(), 5, Deed::kCount);
  const std::vector<Note> notes = prepare(kAccount, deeds);
  network_.is_deaf = true;
  start();
  ASSERT_TRUE(await_on_chain([&] { return network_.consumed().size() == 5; }));
  for (const Note& note : notes) EXPECT_EQ(attempts(note), 0u);
}

TEST_F(NtxBuilderTest, NeverCountsProversThatFail) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  engine_->fails_to_prove = true;
  start();
  ASSERT_TRUE(await_on_chain([&] { return engine_->proofs > 5; }));
  EXPECT_EQ(attempts(notes[0]), 0u);
  EXPECT_EQ(network_.submissions(), 0);
  engine_->fails_to_prove = false;
  ASSERT_TRUE(await_consumed(notes));
  EXPECT_EQ(attempts(notes[0]), 0u);
}

TEST_F(NtxBuilderTest, FindsAProofOfSomethingElse) {
  using Lie = std::function<void(ProvenTransaction&)>;
  const std::vector<Lie> lies{
      [](ProvenTransaction& tx) { tx.expiration_block_num = {77}; },
      [](ProvenTransaction& tx) { tx.ref_block_commitment = word(3); },
      [](ProvenTransaction& tx) { tx.account_update.account_id = network_account(8); },
      [](ProvenTransaction& tx) { tx.account_update.final_commitment = word(3); },
      [](ProvenTransaction& tx) {
        tx.account_update.details.delta->nonce_delta = Felt::from_canonical(2);
      },
      [](ProvenTransaction& tx) { tx.input_notes.notes.clear(); },
      [](ProvenTransaction& tx) { tx.proof.stark = {9}; },
  };
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  for (const Lie& lie : lies) {
    engine_->lies = lie;
    const int before = engine_->proofs;
    start();
    ASSERT_TRUE(await([&] { return engine_->proofs > before + 1; }));
    EXPECT_EQ(attempts(notes[0]), 0u);
    stop();
    EXPECT_EQ(network_.submissions(), 0);
  }
  engine_->lies = {};
  start();
  ASSERT_TRUE(await_consumed(notes));
}

TEST_F(NtxBuilderTest, NeverCountsANodeThatIsBusyOrRefusesThisBuilder) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  start();
  for (const Mood mood : {Mood::kIsFull, Mood::kValidatorAway, Mood::kNeedsAnotherSecret}) {
    network_.set_mood(mood);
    const int before = network_.submissions();
    ASSERT_TRUE(await_on_chain([&] { return network_.submissions() > before + 3; }));
    EXPECT_EQ(attempts(notes[0]), 0u);
  }
  network_.set_mood(Mood::kGood);
  ASSERT_TRUE(await_consumed(notes));
  EXPECT_EQ(attempts(notes[0]), 0u);
}

TEST_F(NtxBuilderTest, ResolvesALostAnswerByTheChain) {
  const std::vector<Note> notes = prepare(kAccount, std::vector<Deed>(30, Deed::kCount));
  network_.set_mood(Mood::kLosesAnswer);
  start();
  ASSERT_TRUE(await_consumed(notes));
  expect_each_consumed_once(notes);
  for (const Note& note : notes) EXPECT_EQ(attempts(note), 0u);
  EXPECT_EQ(network_.counter(kAccount), 30u);
}

TEST_F(NtxBuilderTest, SubmitsAgainWhatWasLostOnTheWay) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  network_.set_mood(Mood::kLosesRequest);
  start();
  ASSERT_TRUE(await([&] { return network_.submissions() > 3; }));
  EXPECT_EQ(status(notes[0]).status(), ::rpc::NETWORK_NOTE_STATUS_NULLIFIER_INFLIGHT);
  network_.set_mood(Mood::kGood);
  ASSERT_TRUE(await([&] { return network_.mempool_size() == 1; }));
  ASSERT_TRUE(await_consumed(notes));
  EXPECT_EQ(engine_->proofs, 1) << "the same transaction was submitted each time";
}

TEST_F(NtxBuilderTest, SubmitsAgainWhatTheNodeHasForgotten) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  network_.set_mood(Mood::kForgets);
  start();
  ASSERT_TRUE(await([&] { return network_.submissions() == 1; }));
  network_.set_mood(Mood::kGood);
  ASSERT_TRUE(await_consumed(notes));
  expect_each_consumed_once(notes);
  EXPECT_EQ(engine_->proofs, 1);
}

TEST_F(NtxBuilderTest, MakesAnExpiredTransactionAnew) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  options_.accounts.submissions.patience_blocks = 1000;
  network_.set_mood(Mood::kForgets);
  start();
  ASSERT_TRUE(await([&] { return network_.submissions() == 1; }));
  network_.set_mood(Mood::kGood);
  for (int i = 0; i < kExpirationDelta; ++i) network_.commit();
  ASSERT_TRUE(await([&] { return network_.mempool_size() == 1; }));
  network_.commit();
  EXPECT_EQ(network_.consumed().size(), 1u);
  EXPECT_EQ(attempts(notes[0]), 0u);
  EXPECT_EQ(engine_->proofs, 2);
}

TEST_F(NtxBuilderTest, SlowProversDoNotKeepAnAccountFromItsNotes) {
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  engine_->holds_proofs = true;
  start();
  ASSERT_TRUE(await([&] { return engine_->proofs == 1; }));
  for (int i = 0; i < 3 * kExpirationDelta; ++i) network_.commit();
  ASSERT_TRUE(
      await([&] { return builder_->state().tip()->header.block_num.value == network_.tip(); }));
  engine_->holds_proofs = false;
  ASSERT_TRUE(await([&] { return network_.mempool_size() == 1; }));
  network_.commit();
  EXPECT_EQ(network_.consumed().size(), 1u);
  EXPECT_EQ(engine_->proofs, 1);
}

TEST_F(NtxBuilderTest, LetsTransactionsExpireOnChainWhereTheAccountAllowsTheScript) {
  const AccountId other = network_account(2);
  std::vector<Note> notes = prepare(kAccount, {Deed::kCount}, word(777));
  const std::vector<Note> more = prepare(other, {Deed::kCount}, word(778));
  notes.insert(notes.end(), more.begin(), more.end());
  start();
  ASSERT_TRUE(await_consumed(notes));
  for (const ProvenTransaction& transaction : network_.submitted()) {
    EXPECT_EQ(transaction.expiration_block_num.value,
              transaction.account_id() == kAccount
                  ? transaction.ref_block_num.value + kExpirationDelta
                  : UINT32_MAX);
  }
}

TEST_F(NtxBuilderTest, OnePoisonousNoteDoesNotCondemnTheOthers) {
  std::vector<Deed> deeds(19, Deed::kCount);
  deeds.insert(deeds.begin() + 7, Deed::kPoison);
  const std::vector<Note> notes = prepare(kAccount, deeds);
  start();
  ASSERT_TRUE(await_on_chain([&] { return network_.consumed().size() == 19; }));
  for (const Note& note : notes) {
    EXPECT_EQ(attempts(note) > 0, deed_of(note) == Deed::kPoison);
  }
}

TEST_F(NtxBuilderTest, ANoteThatAsksWithoutEndIsToBlameAndNobodyElse) {
  const std::vector<Note> notes =
      prepare(kAccount, {Deed::kLookElsewhere, Deed::kAskEndlessly, Deed::kLookElsewhere});
  start();
  ASSERT_TRUE(await_on_chain([&] { return network_.consumed().size() == 2; }));
  ASSERT_TRUE(await_on_chain([&] { return attempts(notes[1]) > 0; }));
  EXPECT_THAT(status(notes[1]).last_error(), HasSubstr("asks for more than"));
  EXPECT_EQ(attempts(notes[0]), 0u);
  EXPECT_EQ(attempts(notes[2]), 0u);
}

TEST_F(NtxBuilderTest, FindsTheNoteForWhichANodeRefusesTransactions) {
  std::vector<Deed> deeds(9, Deed::kCount);
  deeds.insert(deeds.begin(), Deed::kDispleases);
  const std::vector<Note> notes = prepare(kAccount, deeds);
  start();
  ASSERT_TRUE(await_on_chain([&] { return network_.consumed().size() == 9; }));
  ASSERT_TRUE(await_on_chain([&] { return attempts(notes[0]) > 0; }));
  for (size_t i = 1; i < notes.size(); ++i) EXPECT_EQ(attempts(notes[i]), 0u);
}

TEST_F(NtxBuilderTest, OneBusyAccountDoesNotStarveTheOthers) {
  options_.accounts.workers = 1;
  engine_->holds_proofs = true;
  constexpr size_t kOthers = 20;
  std::vector<Account> accounts{new_network_account(kAccount)};
  std::vector<Note> notes;
  for (int i = 0; i < 1000; ++i) {
    notes.push_back(network_note(kAccount, Deed::kCount, ++serial_));
  }
  for (size_t i = 0; i < kOthers; ++i) {
    accounts.push_back(new_network_account(network_account(100 + i)));
    notes.push_back(network_note(network_account(100 + i), Deed::kCount, ++serial_));
  }
  network_.commit({.created = accounts, .notes = notes});
  start();
  ASSERT_TRUE(await([&] { return engine_->proofs > 0; }));
  engine_->holds_proofs = false;
  // A block for each transaction: the busy account always has something to do.
  const auto done_others = [&] {
    const std::vector<AccountId> done = network_.committed_accounts();
    return static_cast<size_t>(
        std::ranges::count_if(done, [](const AccountId& id) { return id != kAccount; }));
  };
  while (done_others() < kOthers) {
    ASSERT_TRUE(await([&] { return network_.mempool_size() > 0; }));
    network_.commit();
  }
  const std::vector<AccountId> done = network_.committed_accounts();
  EXPECT_LE(std::ranges::count(done, kAccount), 3);
  ASSERT_TRUE(await_consumed(notes));
  EXPECT_EQ(network_.counter(kAccount), 1000u);
  expect_each_consumed_once(notes);
}

TEST_F(NtxBuilderTest, LeavesAnAccountAloneThatCrashesTooOften) {
  options_.accounts.turns.max_crashes = 3;
  const std::vector<Note> bad = prepare(kAccount, {Deed::kThrow});
  start();
  ASSERT_TRUE(await_on_chain([&] { return engine_->executions == 3; }));
  const std::vector<Note> good = prepare(network_account(2), {Deed::kCount});
  ASSERT_TRUE(await_on_chain([&] { return network_.consumed().size() == 1; }));
  EXPECT_EQ(engine_->executions, 4);
  EXPECT_EQ(attempts(bad[0]), 0u);
  // Until the next start.
  stop();
  start();
  ASSERT_TRUE(await_on_chain([&] { return engine_->executions > 4; }));
}

TEST_F(NtxBuilderTest, GoesOnAfterARestartWithATransactionUnderWay) {
  const std::vector<Note> notes = prepare(kAccount, std::vector<Deed>(25, Deed::kCount));
  network_.set_mood(Mood::kLosesAnswer);
  start();
  ASSERT_TRUE(await([&] { return network_.mempool_size() == 1; }));
  stop();
  network_.set_mood(Mood::kGood);
  start();
  ASSERT_TRUE(await([&] { return builder_->is_in_sync(); }));
  const auto inflight = builder_->state().all_inflight();
  ASSERT_EQ(inflight.size(), 1u);
  const int proofs = engine_->proofs;
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(engine_->proofs, proofs) << "the account waits for its transaction";
  ASSERT_TRUE(await_consumed(notes));
  expect_each_consumed_once(notes);
  for (const Note& note : notes) EXPECT_EQ(attempts(note), 0u);
}

TEST_F(NtxBuilderTest, TakesNothingFromAnotherNetwork) {
  network_.shows_other_genesis = true;
  const std::vector<Note> notes = prepare(kAccount, {Deed::kCount});
  start();
  std::this_thread::sleep_for(200ms);
  EXPECT_FALSE(builder_->is_in_sync());
  EXPECT_EQ(builder_->state().tip()->header.block_num, kGenesis);
  network_.shows_other_genesis = false;
  ASSERT_TRUE(await_consumed(notes));
}

}  // namespace
}  // namespace miden
