#include "prover/make_proof.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "protocol/proposed_block.hpp"
#include "protocol/test_support/test_chain.hpp"
#include "protocol/transaction_inputs.hpp"
#include "prover/test_support/gated_engine.hpp"

namespace miden {
namespace {

using ::testing::StartsWith;

constexpr uint32_t kNoLimit = 1u << 29;

const Engine& real_engine() {
  static const std::unique_ptr<Engine> engine = make_reference_engine(0);
  return *engine;
}

// "INVALID_ARGUMENT: failed to decode..." or "OK".
template <class T>
std::string text_of(const Answer<T>& answer) {
  if (answer) return "OK";
  return std::string(to_string(answer.error().code)) + ": " + answer.error().message;
}

struct Sample {
  ProofKind kind;
  Bytes payload;
};

// What the reference's sequencer sends for an empty block.
Bytes proposed_block() {
  const TestChain chain(3);
  const BlockInputs inputs{chain.tip(), chain.before_tip(), {}, {}, {}};
  return to_bytes(ProposedBlock::make_at(inputs, {}, chain.tip().timestamp + 1).value());
}

std::vector<Sample> samples() {
  return {{ProofKind::kTransaction, engine_fixture("ecdsa.inputs")},
          {ProofKind::kTransaction, engine_fixture("falcon.inputs")},
          {ProofKind::kBatch, engine_fixture("batch.proposed")},
          {ProofKind::kBlock, engine_fixture("block.request")},
          {ProofKind::kBlock, proposed_block()}};
}

// Fails as it is told to.
class FailingEngine final : public FakeEngine {
 public:
  explicit FailingEngine(Error error) : error_(std::move(error)) {}
  Result<void> check_cycles(ByteView, uint32_t) const override {
    if (error_.code == "CycleLimitExceeded") return fail(error_.code, error_.message);
    return fail("DeserializationError", "not what is asked for");
  }
  Result<Bytes> prove_transaction(ByteView) const override {
    EXPECT_NE(error_.code, "CycleLimitExceeded");
    return answer();
  }
  Result<Bytes> prove_batch(ByteView) const override { return answer(); }
  Result<Bytes> prove_block(ByteView) const override { return answer(); }

 private:
  Result<Bytes> answer() const { return fail(error_.code, error_.message); }
  const Error error_;
};

TEST(ProofKind, HasTheReferencesNames) {
  EXPECT_EQ(proof_kind_named("transaction"), ProofKind::kTransaction);
  EXPECT_EQ(proof_kind_named("batch"), ProofKind::kBatch);
  EXPECT_EQ(proof_kind_named("block"), ProofKind::kBlock);
  EXPECT_EQ(proof_kind_named("blocks"), std::nullopt);
  EXPECT_EQ(to_string(ProofKind::kBlock), "block");
}

TEST(CheckPayload, TakesWhatClientsOfEitherSideSend) {
  for (const Sample& sample : samples()) {
    EXPECT_EQ(text_of(check_payload(sample.kind, sample.payload)), "OK") << to_string(sample.kind);
    Bytes longer = sample.payload;
    longer.resize(longer.size() + 1000, 0xab);
    EXPECT_EQ(text_of(check_payload(sample.kind, longer)), "OK") << "bytes after the value";
  }
}

TEST(CheckPayload, RefusesOtherKindsAndWhatIsCutShort) {
  for (const Sample& sample : samples()) {
    for (const ProofKind kind : {ProofKind::kTransaction, ProofKind::kBatch, ProofKind::kBlock}) {
      if (kind == sample.kind) continue;
      EXPECT_THAT(text_of(check_payload(kind, sample.payload)),
                  StartsWith("INVALID_ARGUMENT: failed to decode request: \ncaused by: "))
          << to_string(sample.kind) << " as " << to_string(kind);
    }
    for (size_t part = 0; part < 20; ++part) {
      const size_t size = sample.payload.size() * part / 20;
      EXPECT_THAT(text_of(check_payload(sample.kind, ByteView(sample.payload).first(size))),
                  StartsWith("INVALID_ARGUMENT: failed to decode request: \ncaused by: "))
          << to_string(sample.kind) << ", " << size << " bytes";
    }
  }
}

TEST(CheckPayload, SurvivesAnyDamage) {
  constexpr unsigned kSeed = 11;
  std::mt19937 random(kSeed);
  for (const Sample& sample : samples()) {
    int refused = 0;
    for (int round = 0; round < 200; ++round) {
      Bytes damaged = sample.payload;
      const size_t reach = round % 2 == 0 ? damaged.size() : std::min<size_t>(damaged.size(), 512);
      for (int flips = 0; flips < 4; ++flips) {
        damaged[random() % reach] = static_cast<uint8_t>(random());
      }
      const Answer<> checked = check_payload(sample.kind, damaged);
      if (checked) continue;
      ++refused;
      ASSERT_EQ(checked.error().code, StatusCode::kInvalidArgument);
      ASSERT_LE(checked.error().message.size(), kMaxStatusBytes);
    }
    EXPECT_GT(refused, 20) << to_string(sample.kind) << ", seed " << kSeed;
  }
}

TEST(MakeProof, ProvesABatchAsTheReferenceDoes) {
  const Answer<Bytes> proof =
      make_proof(real_engine(), ProofKind::kBatch, engine_fixture("batch.proposed"), kNoLimit);
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_EQ(*proof, engine_fixture("batch.proven"));
}

TEST(MakeProof, NamesTheTransactionWhoseProofIsNotValid) {
  const Bytes& transaction = engine_fixture("falcon.proven");
  Bytes batch = engine_fixture("batch.proposed");
  const auto found =
      std::search(batch.begin(), batch.end(), transaction.begin(), transaction.end());
  ASSERT_NE(found, batch.end());
  *(found + static_cast<long>(transaction.size()) - 30'000) ^= 4;  // within its STARK proof
  const auto damaged = from_bytes<ProvenTransaction>(
      ByteView(batch).subspan(static_cast<size_t>(found - batch.begin())));
  ASSERT_TRUE(damaged);
  const Answer<Bytes> proof = make_proof(real_engine(), ProofKind::kBatch, batch, kNoLimit);
  EXPECT_THAT(text_of(proof), StartsWith("INTERNAL: failed to prove batch: \ncaused by: failed to "
                                         "verify transaction " +
                                         damaged->id.to_hex()));
}

TEST(MakeProof, ProvesABlockInEitherForm) {
  for (const Bytes& payload : {engine_fixture("block.request"), proposed_block()}) {
    const Answer<Bytes> proof = make_proof(real_engine(), ProofKind::kBlock, payload, kNoLimit);
    ASSERT_TRUE(proof) << proof.error().message;
    EXPECT_EQ(*proof, Bytes());
  }
  EXPECT_THAT(text_of(make_proof(real_engine(), ProofKind::kBlock, Bytes(100, 0xff), kNoLimit)),
              StartsWith("INVALID_ARGUMENT: failed to decode request: \ncaused by: "));
}

TEST(MakeProof, SaysThatInputsDoNotExecute) {
  // Decodes, and makes the kernel stop or the engine give up.
  const Answer<Bytes> proof =
      make_proof(real_engine(), ProofKind::kTransaction, engine_fixture("panics.inputs"), kNoLimit);
  ASSERT_FALSE(proof);
  EXPECT_EQ(proof.error().code, StatusCode::kInternal);
  EXPECT_THAT(proof.error().message,
              ::testing::AnyOf(StartsWith("failed to prove transaction: \ncaused by: "),
                               StartsWith("transaction prover task panicked: \ncaused by: ")));
}

// Without a limit it would take minutes, and the memory of 2^29 cycles.
TEST(MakeProof, EndsATransactionThatLoopsAtItsLimitOfCycles) {
  const auto script =
      real_engine().assemble_transaction_script("begin push.1 while.true push.1 end end", {});
  ASSERT_TRUE(script) << script.error().message;
  auto inputs = from_bytes<TransactionInputs>(engine_fixture("ecdsa.inputs"));
  ASSERT_TRUE(inputs);
  inputs->args.script = from_bytes<NoteScript>(script->script).value();
  const auto started = std::chrono::steady_clock::now();
  const Answer<Bytes> proof =
      make_proof(real_engine(), ProofKind::kTransaction, to_bytes(*inputs), 1u << 18);
  EXPECT_THAT(text_of(proof), StartsWith("INTERNAL: failed to prove transaction: \ncaused by: "));
  EXPECT_THAT(text_of(proof), ::testing::HasSubstr("262144"));
  EXPECT_LT(std::chrono::steady_clock::now() - started, kPatience);
}

TEST(MakeProof, TurnsTheEnginesErrorsIntoTheReferencesStatuses) {
  const Bytes payload = {1};
  const auto outcome = [&](ProofKind kind, Error error) {
    return text_of(make_proof(FailingEngine(std::move(error)), kind, payload, kNoLimit));
  };
  EXPECT_EQ(outcome(ProofKind::kTransaction, {"TransactionProgramExecutionFailed",
                                              "outer\ncaused "
                                              "by: inner"}),
            "INTERNAL: failed to prove transaction: \ncaused by: outer\ncaused by: inner");
  EXPECT_EQ(outcome(ProofKind::kBatch, {"TransactionVerificationFailed", "no"}),
            "INTERNAL: failed to prove batch: \ncaused by: no");
  EXPECT_EQ(outcome(ProofKind::kTransaction, {"CycleLimitExceeded", "too long"}),
            "INTERNAL: failed to prove transaction: \ncaused by: too long");
  EXPECT_EQ(outcome(ProofKind::kBlock, {"Other", "no"}),
            "INTERNAL: failed to prove block: \ncaused by: no");
  EXPECT_EQ(outcome(ProofKind::kBatch, {"EnginePanic", "index out of bounds"}),
            "INTERNAL: batch prover task panicked: \ncaused by: index out of bounds");
  EXPECT_EQ(outcome(ProofKind::kTransaction, {"DeserializationError", "unexpected EOF"}),
            "INVALID_ARGUMENT: failed to decode request: \ncaused by: unexpected EOF");
}

TEST(MakeProof, CutsLongTextsBetweenCharacters) {
  for (size_t shift = 0; shift < 3; ++shift) {
    std::string text(shift, '.');
    while (text.size() < 3 * kMaxStatusBytes) text += "\xe2\x82\xac";  // three bytes
    const Answer<Bytes> proof =
        make_proof(FailingEngine({"Other", text}), ProofKind::kBatch, Bytes{1}, kNoLimit);
    ASSERT_FALSE(proof);
    const std::string& cut = proof.error().message;
    EXPECT_LE(cut.size(), kMaxStatusBytes);
    EXPECT_GT(cut.size(), kMaxStatusBytes - 3);
    EXPECT_TRUE(cut.ends_with("\xe2\x82\xac"));
  }
}

}  // namespace
}  // namespace miden
