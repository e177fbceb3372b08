#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/serialize.hpp"
#include "engine/engine.hpp"

namespace miden {
namespace {

using ::testing::HasSubstr;

const Engine& engine() {
  static const std::unique_ptr<Engine> engine = make_reference_engine(0);
  return *engine;
}

std::optional<Bytes> find_fixture(const std::string& name) {
  std::ifstream file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name, std::ios::binary);
  if (!file) return std::nullopt;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// Answers with the witnesses that engine/fixtures made, and counts the questions.
class FixtureSource : public ExecutionSource {
 public:
  Result<std::optional<Bytes>> foreign_account(const AccountIdBytes&, uint32_t) override {
    return std::nullopt;
  }
  Result<std::vector<Bytes>> vault_witnesses(const AccountIdBytes&, const Word&,
                                             const std::vector<Word>& keys) override {
    ++vault_questions;
    std::vector<Bytes> witnesses;
    for (const Word& key : keys) {
      const auto witness = find_fixture("network.vault." + key.to_hex());
      if (!witness) return fail("NoFixture", "no witness for vault key " + key.to_hex());
      witnesses.push_back(*witness);
    }
    return witnesses;
  }
  Result<Bytes> storage_map_witness(const AccountIdBytes&, const Word& root,
                                    const Word& key) override {
    ++map_questions;
    const auto proof = find_fixture("network.map." + root.to_hex() + "." + key.to_hex());
    if (!proof) return fail("NoFixture", "no witness for map key " + key.to_hex());
    return *proof;
  }
  Result<std::optional<Bytes>> note_script(const Word&) override { return std::nullopt; }

  int vault_questions = 0;
  int map_questions = 0;
};

class FailingMaps : public FixtureSource {
  Result<Bytes> storage_map_witness(const AccountIdBytes&, const Word&, const Word&) override {
    return fail("Unavailable", "the node is away");
  }
};

class ThrowingVaults : public FixtureSource {
  Result<std::vector<Bytes>> vault_witnesses(const AccountIdBytes&, const Word&,
                                             const std::vector<Word>&) override {
    throw std::runtime_error("the disk is full");
  }
};

NetworkExecutionRequest request_with(std::initializer_list<const char*> notes) {
  NetworkExecutionRequest request;
  request.partial_account = find_fixture("network.account").value();
  request.block_header = find_fixture("network.header").value();
  request.partial_blockchain = find_fixture("network.blockchain").value();
  for (const char* note : notes) request.notes.push_back(find_fixture(note).value());
  return request;
}

TEST(ExecuteNetworkNotes, ConsumesTheNotesItCanAndNamesTheOthers) {
  FixtureSource source;
  const auto execution = engine().execute_network_notes(
      request_with({"network.bad_note", "network.good_note"}), source);
  ASSERT_TRUE(execution) << execution.error().message;

  ASSERT_EQ(execution->failed.size(), 1u);
  const FailedNetworkNote& failed = execution->failed.front();
  EXPECT_EQ(failed.index, 0u);
  EXPECT_EQ(failed.error.code, "TransactionProgramExecutionFailed");
  EXPECT_FALSE(failed.source_failed);
  ASSERT_EQ(execution->consumed.size(), 1u);
  EXPECT_EQ(execution->consumed.front().index, 1u);
  EXPECT_GT(execution->consumed.front().cycles, 0u);
  ASSERT_TRUE(execution->transaction);
  EXPECT_GT(source.vault_questions, 0);
  EXPECT_GT(source.map_questions, 0);

  // What came out executes again to the same transaction.
  const auto again = engine().reexecute_transaction(execution->transaction->inputs);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->header, execution->transaction->header);
  EXPECT_EQ(again->account_delta, execution->transaction->account_delta);
}

TEST(ExecuteNetworkNotes, MakesInputsThatCanBeProven) {
  FixtureSource source;
  const auto execution =
      engine().execute_network_notes(request_with({"network.good_note"}), source);
  ASSERT_TRUE(execution) << execution.error().message;
  ASSERT_TRUE(execution->transaction);
  const auto proven = engine().prove_transaction(execution->transaction->inputs);
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_TRUE(engine().verify_transaction(*proven));
}

TEST(ExecuteNetworkNotes, MakesNoTransactionWhenEveryNoteFails) {
  FixtureSource source;
  const auto execution = engine().execute_network_notes(request_with({"network.bad_note"}), source);
  ASSERT_TRUE(execution) << execution.error().message;
  EXPECT_EQ(execution->failed.size(), 1u);
  EXPECT_TRUE(execution->consumed.empty());
  EXPECT_FALSE(execution->transaction);
}

TEST(ExecuteNetworkNotes, TellsAFailingSourceFromABadNote) {
  FailingMaps source;
  const auto execution =
      engine().execute_network_notes(request_with({"network.good_note"}), source);
  ASSERT_TRUE(execution) << execution.error().message;
  ASSERT_EQ(execution->failed.size(), 1u);
  EXPECT_TRUE(execution->failed.front().source_failed);
}

TEST(ExecuteNetworkNotes, ReportsWhatTheSourceThrows) {
  ThrowingVaults source;
  const auto execution =
      engine().execute_network_notes(request_with({"network.good_note"}), source);
  ASSERT_FALSE(execution);
  EXPECT_EQ(execution.error().code, "TransactionPreparation");
  EXPECT_THAT(execution.error().message, HasSubstr("the disk is full"));
}

TEST(ExecuteNetworkNotes, RefusesLimitsOutOfRange) {
  FixtureSource source;
  NetworkExecutionRequest request = request_with({"network.good_note"});
  request.max_cycles = 1u << 11;
  EXPECT_EQ(engine().execute_network_notes(request, source).error().code,
            "InvalidExecutionOptionsCycles");
  // Any limit within, powers of two or not; this one does not suffice.
  request.max_cycles = 5'000;
  const auto execution = engine().execute_network_notes(request, source);
  if (execution) {
    EXPECT_FALSE(execution->transaction);
  } else {
    EXPECT_NE(execution.error().code, "InvalidExecutionOptionsCycles");
  }
}

TEST(ExecuteNetworkNotes, CountsItsNotes) {
  FixtureSource source;
  EXPECT_EQ(engine().execute_network_notes(request_with({}), source).error().code,
            "InputNoteCountOutOfRange");
}

}  // namespace
}  // namespace miden
