// Blocks applied in groups: the same chain as one by one, seen only when it is safe.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fstream>

#include "base/executor.hpp"
#include "chain/tables.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

CheckedBlock checked(const SignedBlock& block) {
  return CheckedBlock::decode(to_bytes(block), block.header.validator_key).value();
}

std::vector<CheckedBlock> checked(const SimulatedChain& model, uint32_t from, uint32_t to) {
  std::vector<CheckedBlock> blocks;
  for (uint32_t n = from; n <= to; ++n) blocks.push_back(checked(model.blocks[n]));
  return blocks;
}

struct Row {
  TableIndex table;
  Bytes key;
  Bytes value;
  friend bool operator==(const Row&, const Row&) = default;
};

std::vector<Row> rows_of(const std::filesystem::path& data) {
  std::vector<Row> rows;
  const auto store = Store::open(data / "store", chain_tables(), {}).value();
  const auto snapshot = store->snapshot();
  for (TableIndex table = 0; table < kTableCount; ++table) {
    const Key last = Key().u64(UINT64_MAX).u64(UINT64_MAX);
    for (Cursor row = snapshot->rows(table, Key(), last); row.valid(); row.next()) {
      rows.push_back(
          {table, {row.key().begin(), row.key().end()}, {row.value().begin(), row.value().end()}});
    }
  }
  return rows;
}

TEST(CheckedBlock, RefusesWhatNeedsNoChainToBeSeen) {
  SimulatedChain model(31);
  const SignedBlock good = model.next();
  const PublicKey& key = good.header.validator_key;
  const auto outcome = [&](const SignedBlock& block) {
    return code_of(CheckedBlock::decode(to_bytes(block), key));
  };
  EXPECT_EQ(outcome(good), "ok");
  SignedBlock block = good;
  block.signature.r[7] ^= 1;
  EXPECT_EQ(outcome(block), "InvalidSignature");
  block = good;
  block.header.timestamp += 1;
  EXPECT_EQ(outcome(block), "InvalidSignature");
  block = good;
  block.body.transactions.transactions.pop_back();
  EXPECT_EQ(outcome(block), "InvalidBlockTxCommitment");
  const SecretKey other = *SecretKey::from_hex(std::string(63, '0') + "8");
  block = good;
  block.header.validator_key = other.public_key();
  block.signature = other.sign(block.header.commitment());
  EXPECT_EQ(outcome(block), "ValidatorKeyChanged");
  const Bytes bytes = to_bytes(good);
  EXPECT_FALSE(CheckedBlock::decode(ByteView(bytes).first(bytes.size() - 1), key));
  EXPECT_FALSE(CheckedBlock::decode({}, key));
}

// apply_blocks writes each block by itself.
const ChainOptions kEachBlockByItself{.store = {}, .executor = nullptr, .max_write_bytes = 1};

// Groups of one block, two, three, ...
void apply_in_groups(ChainState& chain, const SimulatedChain& model, uint32_t last) {
  uint32_t next = 1;
  for (uint32_t size = 1; next <= last; ++size) {
    const uint32_t group_last = std::min(next + size - 1, last);
    const auto applied = chain.apply_blocks(checked(model, next, group_last));
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(chain.tip(), BlockNum{group_last});
    next = group_last + 1;
  }
}

TEST(ApplyBlocks, WritesTheSameRowsAsOneByOne) {
  SimulatedChain model(32);
  for (int i = 0; i < 130; ++i) model.next();  // beyond kRetainedBlocks, so that rows are retired
  const ChainDirectory single;
  single.bootstrap(model.blocks.front());
  {
    const auto chain = single.open();
    for (uint32_t n = 1; n <= 130; ++n) apply(*chain, model.blocks[n]);
  }
  // A write holds a block, a few, a whole group; the rows of one group are retired in it.
  for (const size_t max_write_bytes : {size_t{1}, size_t{60'000}, size_t{8} << 20}) {
    const ChainDirectory grouped;
    grouped.bootstrap(model.blocks.front());
    {
      const auto chain =
          grouped.open({.store = {}, .executor = nullptr, .max_write_bytes = max_write_bytes});
      apply_in_groups(*chain, model, 60);
      ASSERT_TRUE(chain->apply_blocks(checked(model, 61, 130)));
      EXPECT_EQ(code_of(chain->apply_blocks({})), "ok");
    }
    EXPECT_TRUE(rows_of(single.data()) == rows_of(grouped.data())) << max_write_bytes;
  }
}

TEST(ApplyBlocks, PublishesAGroupOnceAndAProofWaitsForIt) {
  SimulatedChain model(33);
  for (int i = 0; i < 6; ++i) model.next();
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  std::vector<uint32_t> seen;
  const auto subscription = chain->subscribe(
      [&](const std::shared_ptr<const StateView>& view) { seen.push_back(view->tip().value); });
  ASSERT_TRUE(chain->apply_blocks(checked(model, 1, 6)));
  EXPECT_EQ(seen, std::vector<uint32_t>{6});
  EXPECT_EQ(code_of(chain->apply_proofs({1}, std::vector<Bytes>(7))), "UncommittedBlock");
  EXPECT_EQ(code_of(chain->apply_proofs({2}, std::vector<Bytes>(1))), "OutOfSequenceProof");
  EXPECT_EQ(code_of(chain->apply_proofs({1}, std::vector<Bytes>(4))), "ok");
  EXPECT_EQ(chain->proven_tip(), BlockNum{4});
  EXPECT_EQ(chain->view()->proof({4}), Bytes());
  EXPECT_EQ(chain->view()->proof({5}), std::nullopt);
  EXPECT_EQ(code_of(chain->apply_proofs({5}, std::vector<Bytes>(2))), "ok");
  EXPECT_EQ(chain->proven_tip(), BlockNum{6});
}

TEST(ApplyBlocks, AppliesWhatFitsAndNamesTheFirstThatDoesNot) {
  SimulatedChain model(34);
  for (int i = 0; i < 6; ++i) model.next();
  SimulatedChain fork(34);
  for (int i = 0; i < 3; ++i) fork.next();
  fork.next({.new_private = 2});
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();

  std::vector<CheckedBlock> gap = checked(model, 1, 2);
  gap.push_back(checked(model.blocks[4]));
  EXPECT_EQ(code_of(chain->apply_blocks(gap)), "NewBlockInvalidBlockNum");
  EXPECT_EQ(chain->tip(), BlockNum{2});

  std::vector<CheckedBlock> forked{checked(model.blocks[3]), checked(fork.blocks[4]),
                                   checked(model.blocks[5])};
  EXPECT_EQ(code_of(chain->apply_blocks(forked)), "NewBlockInvalidPrevCommitment");
  EXPECT_EQ(chain->tip(), BlockNum{4});
  EXPECT_EQ(chain->view()->tip_header().commitment, fork.blocks[4].header.commitment());
  EXPECT_EQ(code_of(chain->apply_blocks(checked(model, 5, 6))), "NewBlockInvalidPrevCommitment");

  // A root that does not follow is found when the block's turn comes; nothing of it remains.
  SignedBlock wrong = fork.next();
  wrong.header.nullifier_root = word(1);
  wrong = fork.sign(wrong.header, wrong.body);
  EXPECT_EQ(code_of(chain->apply_blocks(std::vector{checked(wrong)})),
            "NewBlockInvalidNullifierRoot");
  EXPECT_EQ(code_of(chain->apply_blocks(std::vector{checked(fork.blocks[5])})), "ok");
  EXPECT_EQ(chain->tip(), BlockNum{5});
}

TEST(ApplyBlocks, RefusesBlocksThatWereCheckedForAnotherChain) {
  SimulatedChain model(35);
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  SignedBlock block = model.next();
  const SecretKey other = *SecretKey::from_hex(std::string(63, '0') + "8");
  block.header.validator_key = other.public_key();
  block.signature = other.sign(block.header.commitment());
  EXPECT_EQ(code_of(directory.open()->apply_blocks(std::vector{checked(block)})),
            "ValidatorKeyChanged");
}

// What a power failure leaves of a log that was not synced is its beginning, cut anywhere.
TEST(ApplyBlocks, ALogThatIsCutAnywhereHoldsWholeBlocksInOrder) {
  constexpr uint32_t kFirst = 5;
  constexpr uint32_t kLast = 25;
  SimulatedChain model(36);
  for (uint32_t n = 1; n <= kLast + 2; ++n) model.next();
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto newest_log = [](const std::filesystem::path& data) {
    std::filesystem::path newest;
    for (const auto& entry : std::filesystem::directory_iterator(data / "store")) {
      if (entry.path().extension() == ".log") newest = std::max(newest, entry.path());
    }
    return newest;
  };
  uintmax_t before = 0;
  {
    const auto chain = directory.open(kEachBlockByItself);
    ASSERT_TRUE(chain->apply_blocks(checked(model, 1, kFirst)));
    before = file_size(newest_log(directory.data()));
    ASSERT_TRUE(chain->apply_blocks(checked(model, kFirst + 1, kLast)));
    // As it lies on the disk while the process runs: closing could flush.
    std::filesystem::copy(directory.data(), directory.root() / "running",
                          std::filesystem::copy_options::recursive);
  }
  const std::filesystem::path running = directory.root() / "running";
  const uintmax_t after = file_size(newest_log(running));
  ASSERT_GT(after, before);

  std::set<uint32_t> tips;
  for (int cut = 0; cut <= 40; ++cut) {
    const ChainDirectory crashed;
    std::filesystem::copy(running, crashed.data(), std::filesystem::copy_options::recursive);
    resize_file(newest_log(crashed.data()), before + (after - before) * cut / 40);
    const auto chain = crashed.open();
    const uint32_t tip = chain->tip().value;
    ASSERT_GE(tip, kFirst);
    ASSERT_LE(tip, kLast);
    tips.insert(tip);
    EXPECT_EQ(chain->view()->tip_header().header, model.blocks[tip].header);
    EXPECT_EQ(chain->view()->block({tip}), to_bytes(model.blocks[tip]));
    EXPECT_EQ(chain->view()->block({tip + 1}), std::nullopt);
    const auto applied = chain->apply_blocks(checked(model, tip + 1, kLast + 2));
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(chain->tip(), BlockNum{kLast + 2});
  }
  EXPECT_TRUE(tips.contains(kFirst));
  EXPECT_TRUE(tips.contains(kLast));
  EXPECT_GT(tips.size(), 8u);
}

// A file-size limit makes a write in the middle of a group fail as a full disk does.
TEST(ApplyBlocks, AGroupThatCannotBeWrittenShowsNothingAndStopsTheWriter) {
  SimulatedChain model(37);
  for (int i = 0; i < 12; ++i) model.next({.new_public = 20, .batches = 10, .notes_per_batch = 20});
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    ChainOptions options = kEachBlockByItself;
    options.executor = std::make_shared<SerialExecutor>();
    const auto chain = ChainState::open(directory.data(), options).value();
    const rlimit limit{400'000, 400'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      (void)chain->apply_blocks(checked(model, 1, 12));
    } catch (const StorageError&) {
      code = chain->tip() == kGenesis ? 0 : 2;
    }
    try {
      (void)chain->apply_block(model.blocks[1]);
      code = 3;
    } catch (const StorageError&) {
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const auto chain = directory.open();
  EXPECT_GT(chain->tip(), kGenesis);
  EXPECT_LT(chain->tip(), BlockNum{12});
  ASSERT_TRUE(chain->apply_blocks(checked(model, chain->tip().value + 1, 12)));
}

}  // namespace
}  // namespace miden
