// Candidates through the real engine: executed, judged, proven and compared.
#include <gmock/gmock.h>

#include "monitor/counter.hpp"
#include "ntx_builder/execute_candidate.hpp"
#include "ntx_builder/ntx_builder_server.hpp"
#include "ntx_builder/prove_transaction.hpp"
#include "ntx_builder/test_support/fake_network.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

using ::testing::HasSubstr;

constexpr uint16_t kDelta = 30;

std::shared_ptr<const Engine> engine() {
  static const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  return engine;
}
const CounterCode& code() {
  static const CounterCode code = CounterCode::assemble(*engine()).value();
  return code;
}
const CounterWallet& wallet() {
  static const CounterWallet wallet = make_counter_wallet(*engine(), code(), {1}).value();
  return wallet;
}

class RealExecutionTest : public testing::Test {
 protected:
  RealExecutionTest() {
    std::filesystem::remove_all(directory_);
    EXPECT_TRUE(BuilderState::bootstrap(directory_, network_.genesis()));
    state_ = BuilderState::open(directory_, {.synced = false}).value();
    terms_.expiration_script = make_expiration_script(*engine(), kDelta).value();
    tip_->header.chain_commitment = PartialBlockchain().chain_commitment();
    tip_->header.tx_kernel_commitment = engine()->info().kernel_commitment;
    tip_->header.fee_parameters.verification_base_fee = 0;
    tip_->commitment = tip_->header.commitment();
  }
  ~RealExecutionTest() override {
    state_.reset();
    std::filesystem::remove_all(directory_);
  }

  // A counter that is on chain, with notes for it.
  Candidate candidate(const std::vector<CounterNote>& kinds, std::vector<Word> tx_scripts = {}) {
    const Account made = make_counter(*engine(), code(), {2},
                                      {.owner = wallet().account.id,
                                       .takes_hostile_notes = true,
                                       .tx_scripts = std::move(tx_scripts)})
                             .value();
    const Account counter = create_account(*engine(), made, {}, tip_->header).value().account;
    std::vector<CounterRequest> requests;
    for (const CounterNote kind : kinds) {
      requests.push_back({counter.id, kind, word(requests.size() + 1)});
    }
    const ClientTransaction asked =
        request_counts(*engine(), code(), wallet(), requests, tip_->header).value();
    Candidate candidate{tip_, std::make_shared<const Account>(counter), {}};
    for (const Note& note : asked.notes) {
      candidate.notes.push_back(
          {note.id(), note.nullifier(), note.details().recipient.script.root(), 0, to_bytes(note)});
    }
    return candidate;
  }
  ExecutedCandidate execute(const Candidate& candidate) {
    return execute_candidate(candidate, terms_, *engine(), *state_, node_, {});
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("real_execution_test." + std::to_string(getpid()));
  FakeNetwork network_;
  NodeClient node_{{.url = network_.url(), .genesis_commitment = {}, .network_tx_auth = {}}};
  std::unique_ptr<BuilderState> state_;
  ExecutionTerms terms_;
  std::shared_ptr<ChainTip> tip_ = std::make_shared<ChainTip>(ChainTip{test_header(0), {}, {}});
};

TEST_F(RealExecutionTest, ConsumesGoodNotesAndBlamesTheOthers) {
  using enum CounterNote;
  const Candidate candidate = this->candidate({kIncrement, kFailing, kIncrement, kEndless});
  const ExecutedCandidate executed = execute(candidate);
  ASSERT_TRUE(executed.transaction);
  EXPECT_EQ(executed.consumed, (std::vector{candidate.notes[0].id, candidate.notes[2].id}));
  EXPECT_TRUE(executed.unjudged.empty()) << executed.node_failure;
  ASSERT_EQ(executed.failed.size(), 2u);
  for (const FailedAttempt& failed : executed.failed) {
    EXPECT_EQ(failed.error.find('\x1b'), std::string::npos);
    EXPECT_THAT(failed.error, HasSubstr(failed.note == candidate.notes[1].id
                                            ? "assertion failed"
                                            : "exceeded the allowed number of max cycles 262144"));
  }
}

TEST_F(RealExecutionTest, LimitsATransactionsLifeWhereTheAccountAllowsIt) {
  const Word root = terms_.expiration_script->root;
  const ExecutedCandidate free = execute(candidate({CounterNote::kIncrement}));
  const ExecutedCandidate limited = execute(candidate({CounterNote::kIncrement}, {root}));
  const ExecutedCandidate other = execute(
      candidate({CounterNote::kIncrement}, {make_expiration_script(*engine(), 31).value().root}));
  ASSERT_TRUE(free.transaction && limited.transaction && other.transaction);
  EXPECT_EQ(free.transaction->expiration_block_num, UINT32_MAX);
  EXPECT_EQ(limited.transaction->expiration_block_num, kDelta);
  EXPECT_EQ(other.transaction->expiration_block_num, UINT32_MAX);
}

TEST_F(RealExecutionTest, ProvesWhatWasExecutedAndNothingElse) {
  const auto prover = make_network_transaction_prover({}, engine());
  const ExecutedCandidate executed =
      execute(candidate({CounterNote::kIncrement}, {terms_.expiration_script->root}));
  ASSERT_TRUE(executed.transaction);
  const Answer<Bytes> proven = prover->prove(*executed.transaction, *tip_, {});
  ASSERT_TRUE(proven) << proven.error().message;
  const auto transaction = from_bytes<ProvenTransaction>(*proven);
  ASSERT_TRUE(transaction);
  EXPECT_EQ(transaction->id.word, executed.transaction->id);
  EXPECT_EQ(transaction->expiration_block_num.value, kDelta);

  // The inputs of another transaction, as from a prover that mixes its callers up.
  NetworkTransaction mixed_up = *executed.transaction;
  mixed_up.inputs = execute(candidate({CounterNote::kIncrement, CounterNote::kIncrement}))
                        .transaction.value()
                        .inputs;
  const Answer<Bytes> wrong = prover->prove(mixed_up, *tip_, {});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("the prover sent something else"));
}

}  // namespace
}  // namespace miden
