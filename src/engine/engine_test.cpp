#include "engine/engine.hpp"
#include "base/serialize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

namespace miden {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// One of the files that engine/fixtures made with the reference crates.
Bytes fixture(const std::string& name) {
  std::ifstream file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << "no fixture " << name;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

const Engine& engine() {
  static const std::unique_ptr<Engine> engine = make_reference_engine(0);
  return *engine;
}

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "" : std::string(result.error().code);
}

const std::vector<std::string> kTransactions = {"falcon", "ecdsa"};

TEST(EngineInfo, NamesTheKernelThatTheProtocolCratesHold) {
  const EngineInfo info = engine().info();
  ByteWriter kernel;
  info.kernel_commitment.encode(kernel);
  EXPECT_EQ(std::move(kernel).take(), fixture("kernel"));
  EXPECT_EQ(info.kernel_procedures.size(), 54u);
  EXPECT_EQ(info.backend, "reference");
  EXPECT_EQ(info.protocol_version, "0.15.3");
}

TEST(VerifyTransaction, AcceptsRealProofs) {
  for (const std::string& name : kTransactions) {
    const Result<void> verdict = engine().verify_transaction(fixture(name + ".proven"));
    EXPECT_TRUE(verdict) << name << ": " << verdict.error().message;
  }
}

TEST(VerifyTransaction, RejectsAProofWithOneChangedBit) {
  for (const std::string& name : kTransactions) {
    const Bytes proven = fixture(name + ".proven");
    // The proof is the last field and far longer than 60,000 bytes.
    for (const size_t from_end : {60'000u, 30'000u, 2'000u}) {
      Bytes tampered = proven;
      tampered[tampered.size() - from_end] ^= 4;
      EXPECT_EQ(code_of(engine().verify_transaction(tampered)), "TransactionVerificationFailed")
          << name << ", bit changed " << from_end << " bytes from the end";
    }
  }
}

TEST(VerifyTransaction, RejectsAnotherTransactionsProof) {
  // The commitment of the state before: 15 bytes of account id come first.
  Bytes proven = fixture("falcon.proven");
  proven[15] ^= 1;
  const Result<void> verdict = engine().verify_transaction(proven);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, "TransactionVerificationFailed");
  EXPECT_THAT(verdict.error().message, StartsWith("failed to verify transaction\ncaused by: "));
}

TEST(VerifyTransaction, SurvivesAnyDamage) {
  const Bytes proven = fixture("ecdsa.proven");
  std::mt19937 random(20251125);
  for (int round = 0; round < 300; ++round) {
    Bytes damaged = proven;
    // Most damage goes where the structure is: the first kilobytes.
    const size_t reach = round % 3 == 0 ? damaged.size() : std::min<size_t>(damaged.size(), 4096);
    for (int flips = 0; flips < 3; ++flips) {
      damaged[random() % reach] = static_cast<uint8_t>(random());
    }
    if (round % 5 == 0) damaged.resize(random() % damaged.size());
    (void)engine().verify_transaction(damaged);
  }
}

TEST(Engine, CallsGarbageGarbage) {
  const Bytes garbage(1000, 0xff);
  for (const ByteView bytes : {ByteView(), ByteView(garbage)}) {
    EXPECT_EQ(code_of(engine().verify_transaction(bytes)), "DeserializationError");
    EXPECT_EQ(code_of(engine().reexecute_transaction(bytes)), "DeserializationError");
    EXPECT_EQ(code_of(engine().prove_transaction(bytes)), "DeserializationError");
    EXPECT_EQ(code_of(engine().prove_batch(bytes)), "DeserializationError");
    EXPECT_EQ(code_of(engine().prove_block(bytes)), "DeserializationError");
  }
}

TEST(Engine, TurnsPanicsIntoErrors) {
  const Bytes inputs = fixture("panics.inputs");
  for (const auto& code : {code_of(engine().reexecute_transaction(inputs)),
                           code_of(engine().prove_transaction(inputs))}) {
    EXPECT_THAT(code, ::testing::AnyOf("EnginePanic", "TransactionProgramExecutionFailed"));
  }
  EXPECT_EQ(code_of(engine().reexecute_transaction(inputs)), "EnginePanic");
  EXPECT_TRUE(engine().reexecute_transaction(fixture("falcon.inputs")));
}

TEST(ReexecuteTransaction, FindsWhatTheFirstExecutionFound) {
  for (const std::string& name : kTransactions) {
    const auto executed = engine().reexecute_transaction(fixture(name + ".inputs"));
    ASSERT_TRUE(executed) << name << ": " << executed.error().message;
    EXPECT_EQ(executed->header, fixture(name + ".header"));
    EXPECT_EQ(executed->account_delta, fixture(name + ".delta"));
    EXPECT_EQ(executed->input_notes, fixture(name + ".input_notes"));
    EXPECT_EQ(executed->output_notes, fixture(name + ".output_notes"));
    EXPECT_EQ(executed->ref_block_num, 1u);
  }
}

TEST(ReexecuteTransaction, SurvivesAnyDamage) {
  const Bytes inputs = fixture("ecdsa.inputs");
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    Bytes damaged = inputs;
    damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    (void)engine().reexecute_transaction(damaged);
  }
}

TEST(CheckCycles, TellsWhatTakesMoreThanTheLimitAndNothingElse) {
  const Bytes inputs = fixture("falcon.inputs");  // about 77,000 cycles
  EXPECT_TRUE(engine().check_cycles(inputs, 1u << 17));
  EXPECT_TRUE(engine().check_cycles(inputs, 1u << 29));
  EXPECT_EQ(code_of(engine().check_cycles(inputs, 1u << 16)), "CycleLimitExceeded");
  EXPECT_TRUE(engine().check_cycles(fixture("panics.inputs"), 1u << 29) ||
              code_of(engine().check_cycles(fixture("panics.inputs"), 1u << 29)) == "EnginePanic");
  EXPECT_EQ(code_of(engine().check_cycles(inputs, 1u << 11)), "InvalidExecutionOptionsCycles");
  EXPECT_EQ(code_of(engine().check_cycles(Bytes(1000, 0xff), 1u << 20)), "DeserializationError");
}

TEST(ProveTransaction, MakesAProofThatVerifies) {
  const Result<Bytes> proven = engine().prove_transaction(fixture("ecdsa.inputs"));
  ASSERT_TRUE(proven) << proven.error().message;
  const Result<void> verdict = engine().verify_transaction(*proven);
  EXPECT_TRUE(verdict) << verdict.error().message;

  // All before the proof is the same as in the reference's own.
  const Bytes expected = fixture("ecdsa.proven");
  // That is 435 bytes here; the length and the bytes of the STARK proof differ from run to run.
  const size_t public_part = 435;
  ASSERT_GT(proven->size(), public_part);
  ASSERT_GT(expected.size(), public_part);
  ByteReader proof(ByteView(expected).subspan(public_part));
  ASSERT_GT(proof.length_prefixed().value().size(), 50'000u) << "the proof starts elsewhere";
  EXPECT_TRUE(std::equal(proven->begin(), proven->begin() + public_part, expected.begin()));
}

TEST(ProveBatch, RearrangesABatchWhoseTransactionsAreProven) {
  const Result<Bytes> proven = engine().prove_batch(fixture("batch.proposed"));
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_EQ(*proven, fixture("batch.proven"));
}

TEST(ProveBatch, NamesTheTransactionWhoseProofIsInvalid) {
  Bytes batch = fixture("batch.proposed");
  const Bytes transaction = fixture("ecdsa.proven");
  const auto found =
      std::search(batch.begin(), batch.end(), transaction.begin(), transaction.end());
  ASSERT_NE(found, batch.end());
  found[static_cast<std::ptrdiff_t>(transaction.size()) - 30'000] ^= 1;

  const Result<Bytes> proven = engine().prove_batch(batch);
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().code, "TransactionVerificationFailed");
  EXPECT_THAT(proven.error().message, HasSubstr("0x"));
  EXPECT_THAT(proven.error().message, HasSubstr("\ncaused by: failed to verify transaction"));
}

TEST(ProveBlock, GivesNoBytes) {
  const Result<Bytes> proof = engine().prove_block(fixture("block.request"));
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_TRUE(proof->empty());
}

TEST(Engine, ServesEightThreadsAtOnce) {
  const Bytes proven = fixture("falcon.proven");
  const Bytes inputs = fixture("falcon.inputs");
  const Bytes header = fixture("falcon.header");
  std::atomic<int> agreeing = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 3; ++round) {
          const auto executed = engine().reexecute_transaction(inputs);
          if (engine().verify_transaction(proven) && executed && executed->header == header) {
            ++agreeing;
          }
        }
      });
    }
  }
  EXPECT_EQ(agreeing, 24);
}

TEST(AssembleNoteScript, GivesTheRootOfTheCode) {
  const auto first = engine().assemble_note_script("@note_script\npub proc main nop end", {});
  ASSERT_TRUE(first) << first.error().message;
  const auto second = engine().assemble_note_script("@note_script\npub proc main drop end", {});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_NE(first->root, second->root);
  EXPECT_FALSE(first->script.empty());
}

TEST(AssembleTransactionScript, SeesModulesAndLibraries) {
  const std::string source = "use my::maths\nbegin exec.maths::answer drop end";
  const std::string maths = "pub proc answer push.42 end";
  const auto with_module =
      engine().assemble_transaction_script(source, {.modules = {{"my::maths", maths}}});
  ASSERT_TRUE(with_module) << with_module.error().message;

  const auto library = engine().assemble_library("my::maths", maths, {});
  ASSERT_TRUE(library) << library.error().message;
  const auto with_library =
      engine().assemble_transaction_script(source, {.static_libraries = {*library}});
  ASSERT_TRUE(with_library) << with_library.error().message;
  EXPECT_EQ(with_module->root, with_library->root);
}

TEST(AssembleTransactionScript, ReportsWhatIsWrongWithTheSource) {
  const auto script = engine().assemble_transaction_script("begin push.1 nonsense end", {});
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().code, "AssemblyFailed");
  EXPECT_THAT(script.error().message, HasSubstr("nonsense"));
}

TEST(StandardNoteScript, IsTheOneTheStandardsHold) {
  const AssembledScript p2id = engine().standard_note_script(StandardNote::kP2id);
  ByteWriter root;
  p2id.root.encode(root);
  EXPECT_EQ(std::move(root).take(), fixture("p2id.root"));
  EXPECT_EQ(p2id.script, fixture("p2id.script"));
}

}  // namespace
}  // namespace miden
