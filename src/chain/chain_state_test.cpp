// Directories, restarts, crashes, subscribers and the journal.
#include "chain/chain_state.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "chain/tables.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "storage/storage_error.hpp"

namespace miden {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Bootstrap, CreatesTheDirectoryOrTakesAnEmptyOne) {
  const SimulatedChain model(1);
  const ChainDirectory absent;
  absent.bootstrap(model.blocks.front());
  EXPECT_EQ(absent.open()->tip(), kGenesis);

  const ChainDirectory empty;
  std::filesystem::create_directory(empty.data());
  empty.bootstrap(model.blocks.front());
  EXPECT_EQ(empty.open()->genesis_commitment(), model.blocks.front().header.commitment());
}

TEST(Bootstrap, RefusesDirectoriesThatAreNotEmptyOrCannotBe) {
  const SimulatedChain model(1);
  const ChainDirectory directory;
  const SignedBlock& genesis = model.blocks.front();
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data() / "no" / "parent", genesis)),
            "DataDirectoryMissing");
  std::filesystem::create_directory(directory.data());
  std::ofstream(directory.data() / "file") << "x";
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data(), genesis)), "DataDirectoryNotEmpty");
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data() / "file", genesis)),
            "DataDirectoryNotEmpty");
  std::filesystem::remove(directory.data() / "file");
  directory.bootstrap(genesis);
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data(), genesis)), "DataDirectoryNotEmpty");
}

TEST(Bootstrap, RefusesABadGenesisBlockAndLeavesTheDirectoryUsable) {
  SimulatedChain model(1);
  const SignedBlock genesis = model.blocks.front();
  const ChainDirectory directory;
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data(), model.next())), "InvalidGenesis");

  SignedBlock forged = genesis;
  forged.signature.r[0] ^= 1;
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data(), forged)), "InvalidGenesis");

  BlockHeader header = genesis.header;
  header.account_root = word(1);
  EXPECT_EQ(code_of(ChainState::bootstrap(directory.data(), model.sign(header, genesis.body))),
            "InvalidGenesis");

  directory.bootstrap(genesis);
}

TEST(Open, RefusesDirectoriesWithoutAChain) {
  const ChainDirectory directory;
  EXPECT_EQ(code_of(ChainState::open(directory.data())), "DataDirectoryMissing");
  std::filesystem::create_directory(directory.data());
  EXPECT_EQ(code_of(ChainState::open(directory.data())), "NotBootstrapped");
  // What an interrupted bootstrap leaves: tables without a block.
  ASSERT_TRUE(Store::create(directory.data() / "store", chain_tables(), {}));
  EXPECT_EQ(code_of(ChainState::open(directory.data())), "NotBootstrapped");
}

TEST(Open, RefusesAStoreOfAnotherVersion) {
  const SimulatedChain model(1);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  {
    const auto store = Store::open(directory.data() / "store", chain_tables(), {}).value();
    WriteBatch batch(*store);
    batch.put(kMeta, meta_key(MetaKey::kFormat), Key().u32(kStoreFormat + 1).view());
    store->write(batch);
  }
  EXPECT_EQ(code_of(ChainState::open(directory.data())), "UnsupportedStoreVersion");
}

TEST(Open, RefusesAStoreThatIsInUse) {
  const SimulatedChain model(1);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  EXPECT_EQ(code_of(ChainState::open(directory.data())), "StoreLocked");
}

TEST(Open, RefusesTreesThatDoNotFitTheTip) {
  SimulatedChain model(1);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  apply(*directory.open(), model.next());
  {
    const auto store = Store::open(directory.data() / "store", chain_tables(), {}).value();
    WriteBatch batch(*store);
    batch.remove(kTreeNodes, account_tree().u8(0));
    store->write(batch);
  }
  EXPECT_EQ(code_of(ChainState::open(directory.data())), "StorageDiverged");
}

TEST(ChainState, ContinuesWhereItStoppedAfterEveryRestart) {
  SimulatedChain model(2);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  for (uint32_t n = 1; n <= 8; ++n) {
    const auto chain = directory.open();
    EXPECT_EQ(chain->tip(), BlockNum{n - 1});
    EXPECT_EQ(chain->proven_tip(), BlockNum{n - 1});
    apply(*chain, model.next());
    ASSERT_TRUE(chain->apply_proof({n}, {}));
  }
}

// A child applies blocks until it is killed; the store must then hold whole blocks only.
TEST(ChainState, AKilledNodeIsAtOneBlockOrTheNextAsAWhole) {
  SimulatedChain model(3);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  constexpr uint32_t kRounds = 5;
  constexpr uint32_t kMostPerRound = 30;  // where a child stops that is not killed in time
  for (uint32_t i = 0; i < kRounds * kMostPerRound; ++i) model.next();

  uint32_t tip = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ChainOptions options;
      options.executor = std::make_shared<SerialExecutor>();
      options.store.durability = StoreOptions::Durability::kRelaxed;
      const auto chain = ChainState::open(directory.data(), options).value();
      for (uint32_t n = tip + 1; n <= tip + kMostPerRound; ++n) {
        if (!chain->apply_block(model.blocks[n])) _exit(1);
        if (write(pipe_ends[1], &n, sizeof n) != sizeof n) _exit(1);
      }
      pause();
    }
    uint32_t reported = 0;
    for (int i = 0; i < 12; ++i) {
      ASSERT_EQ(read(pipe_ends[0], &reported, sizeof reported), ssize_t{sizeof reported});
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);

    const auto chain = directory.open();
    tip = chain->tip().value;
    ASSERT_GE(tip, reported);
    EXPECT_EQ(chain->view()->tip_header().header, model.blocks[tip].header);
    EXPECT_EQ(chain->view()->block({tip}), to_bytes(model.blocks[tip]));
    EXPECT_EQ(chain->view()->block_header({tip + 1}), std::nullopt);
    EXPECT_EQ(chain->view()->block({tip + 1}), std::nullopt);
    for (const auto& [id, commitment] : model.state_at(tip).commitments) {
      EXPECT_EQ(chain->view()->account_witness(id, {tip})->commitment, commitment);
    }
  }
}

// A file-size limit makes the write fail as a full disk does.
TEST(ChainState, ABlockThatCannotBeWrittenThrowsAndChangesNothing) {
  SimulatedChain model(4);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const SignedBlock& block = model.next({.new_public = 40, .batches = 10, .notes_per_batch = 40});
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    ChainOptions options;
    options.executor = std::make_shared<SerialExecutor>();
    const auto chain = ChainState::open(directory.data(), options).value();
    const auto before = chain->view();
    const rlimit limit{1 << 16, 1 << 16};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      (void)chain->apply_block(block);
    } catch (const StorageError&) {
      code = chain->view() == before ? 0 : 2;
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const auto chain = directory.open();
  EXPECT_EQ(chain->tip(), kGenesis);
  apply(*chain, block);
}

TEST(ChainState, TellsItsListenersOfBlocksAndProofsInOrder) {
  SimulatedChain model(5);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  std::vector<std::pair<uint32_t, uint32_t>> seen;
  {
    const auto subscription = chain->subscribe([&](const std::shared_ptr<const StateView>& view) {
      seen.emplace_back(view->tip().value, view->proven_tip().value);
    });
    apply(*chain, model.next());
    apply(*chain, model.next());
    ASSERT_TRUE(chain->apply_proof({1}, {}));
  }
  apply(*chain, model.next());
  EXPECT_THAT(seen, ElementsAre(std::pair(1, 0), std::pair(2, 0), std::pair(2, 1)));
}

TEST(ChainState, AListenerMayEndItsOwnSubscriptionAndOutliveTheChain) {
  SimulatedChain model(5);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  auto chain = directory.open();
  int calls = 0;
  ChainState::Subscription once = chain->subscribe([&](const std::shared_ptr<const StateView>&) {
    ++calls;
    once = {};
  });
  ChainState::Subscription kept =
      chain->subscribe([&](const std::shared_ptr<const StateView>&) { calls += 10; });
  apply(*chain, model.next());
  apply(*chain, model.next());
  EXPECT_EQ(calls, 21);
  chain.reset();
}

TEST(ChainState, WaitsForATipUntilTheDeadlineOrTheStop) {
  using std::chrono::steady_clock;
  SimulatedChain model(6);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  const auto soon = [] { return steady_clock::now() + std::chrono::milliseconds(20); };
  const auto late = [] { return steady_clock::now() + std::chrono::minutes(1); };
  EXPECT_TRUE(chain->wait_for_tip({0}, soon()));
  EXPECT_FALSE(chain->wait_for_tip({1}, soon()));
  {
    const std::jthread writer([&] {
      apply(*chain, model.next());
      ASSERT_TRUE(chain->apply_proof({1}, {}));
    });
    EXPECT_TRUE(chain->wait_for_tip({1}, late()));
    EXPECT_TRUE(chain->wait_for_proven_tip({1}, late()));
  }
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(chain->wait_for_tip({2}, late(), stop.get_token()));
}

TEST(ChainState, ReadersWorkWhileBlocksAreApplied) {
  SimulatedChain model(9);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  for (int i = 0; i < 60; ++i) model.next();
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&](std::stop_token stop) {
      while (!stop.stop_requested()) {
        const auto view = chain->view();
        const uint32_t tip = view->tip().value;
        const uint32_t at = tip < 3 ? 0 : tip - 3;
        const auto& [id, commitment] = *model.state_at(at).commitments.begin();
        const AccountWitness witness = view->account_witness(id, {at}).value();
        EXPECT_EQ(witness.commitment, commitment);
        EXPECT_EQ(witness.to_proof().compute_root(), model.blocks[at].header.account_root);
      }
    });
  }
  for (size_t n = 1; n < model.blocks.size(); ++n) apply(*chain, model.blocks[n]);
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_.bootstrap(model_.blocks.front());
    chain_ = directory_.open();
    block_ = model_.next();
    for (const auto& t : block_->body.transactions.transactions) committed_.push_back(t.id);
    ASSERT_GE(committed_.size(), 3U);
  }
  std::vector<uint64_t> journalled() const {
    std::vector<uint64_t> sequences;
    for (const JournalEntry& entry : chain_->journal_entries()) sequences.push_back(entry.sequence);
    return sequences;
  }
  void restart() {
    chain_.reset();
    chain_ = directory_.open();
  }

  SimulatedChain model_{10};
  ChainDirectory directory_;
  std::unique_ptr<ChainState> chain_;
  std::optional<SignedBlock> block_;
  std::vector<TransactionId> committed_;
};

TEST_F(JournalTest, KeepsEntriesInOrderAcrossARestart) {
  const Bytes first = {1, 2};
  const Bytes second = {3};
  const std::vector<JournalAddition> additions = {{{committed_[0]}, first},
                                                  {{committed_[1], committed_[2]}, second}};
  EXPECT_EQ(chain_->journal_add(additions), 1U);
  EXPECT_EQ(chain_->journal_add({TransactionId(word(9))}, {}), 3U);
  restart();
  EXPECT_THAT(chain_->journal_entries(),
              ElementsAre(JournalEntry{1, {committed_[0]}, first},
                          JournalEntry{2, {committed_[1], committed_[2]}, second},
                          JournalEntry{3, {TransactionId(word(9))}, {}}));
  EXPECT_EQ(chain_->journal_add({TransactionId(word(10))}, {}), 4U);
}

TEST_F(JournalTest, DropsWhatABlockCommits) {
  const TransactionId other(word(9));
  chain_->journal_add({committed_[0]}, {});
  chain_->journal_add({other}, {});
  chain_->journal_add({committed_[1], committed_[2]}, {});
  chain_->journal_add({committed_[1], other}, {});  // half committed
  restart();
  BlockHeader refused = block_->header;
  refused.account_root = word(1);
  EXPECT_FALSE(chain_->apply_block(model_.sign(refused, block_->body)));
  EXPECT_THAT(journalled(), ElementsAre(1, 2, 3, 4));
  apply(*chain_, *block_);
  EXPECT_THAT(journalled(), ElementsAre(2, 4));
  restart();
  EXPECT_THAT(journalled(), ElementsAre(2, 4));
}

TEST_F(JournalTest, DropsWhatIsGivenUp) {
  chain_->journal_add({committed_[0]}, {});
  chain_->journal_add({committed_[1]}, {});
  const std::vector<uint64_t> given_up = {1, 77};
  chain_->journal_remove(given_up);
  EXPECT_THAT(journalled(), ElementsAre(2));
  apply(*chain_, *block_);
  EXPECT_THAT(journalled(), IsEmpty());
}

}  // namespace
}  // namespace miden
