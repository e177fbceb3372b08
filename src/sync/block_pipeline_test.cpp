#include "sync/block_pipeline.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <future>

#include "chain/test_support/chain_directory.hpp"
#include "storage/storage_error.hpp"
#include "sync/test_support/follower_world.hpp"

namespace miden {
namespace {

std::string bytes_of(const SignedBlock& block) {
  const Bytes bytes = to_bytes(block);
  return {bytes.begin(), bytes.end()};
}

struct PipelineWorld {
  explicit PipelineWorld(const SimulatedChain& chain_model = long_chain()) : model(chain_model) {
    directory.bootstrap(model.blocks.front());
    chain = directory.open();
  }
  void make(const BlockPipeline::Options& options = {}) {
    pipeline = std::make_unique<BlockPipeline>(
        *chain, options, [this](const BlockPipeline::Group& group) { groups.push_back(group); });
  }
  bool push(uint32_t n) { return pipeline->push(bytes_of(model.blocks[n]), stop.get_token()); }
  bool drain() { return pipeline->drain(stop.get_token()); }

  const SimulatedChain& model;
  ChainDirectory directory;
  std::unique_ptr<ChainState> chain;
  std::vector<BlockPipeline::Group> groups;  // of the applying thread until it is drained
  std::unique_ptr<BlockPipeline> pipeline;
  std::stop_source stop;
};

TEST(BlockPipeline, AppliesEverythingInOrderWhateverTheSizes) {
  for (const size_t checkers : {1, 4}) {
    PipelineWorld world;
    world.make({.checkers = checkers,
                .max_waiting_blocks = 7,
                .max_waiting_bytes = 40'000,
                .max_group_blocks = 5,
                .max_group_bytes = 30'000});
    for (uint32_t n = 1; n <= 400; ++n) ASSERT_TRUE(world.push(n));
    ASSERT_TRUE(world.drain());
    EXPECT_EQ(world.chain->view()->tip_header().header, world.model.blocks[400].header);
    size_t blocks = 0;
    size_t transactions = 0;
    for (const BlockPipeline::Group& group : world.groups) {
      EXPECT_LE(group.blocks, 5u);
      blocks += group.blocks;
      transactions += group.transactions;
      EXPECT_EQ(group.tip, BlockNum{static_cast<uint32_t>(blocks)});
    }
    EXPECT_EQ(blocks, 400u);
    EXPECT_EQ(transactions, world.model.transactions.size());
    EXPECT_FALSE(world.pipeline->has_ended());
  }
}

TEST(BlockPipeline, AppliesTogetherWhatWaitsTogether) {
  PipelineWorld world;
  world.make();
  for (uint32_t n = 1; n <= 400; ++n) ASSERT_TRUE(world.push(n));
  ASSERT_TRUE(world.drain());
  EXPECT_LT(world.groups.size(), 300u);
}

TEST(BlockPipeline, EndsWithTheFirstBlockThatIsRefused) {
  struct Case {
    std::string name;
    std::function<std::string(const SimulatedChain&)> eleventh;
    std::string code;
  };
  const std::vector<Case> cases = {
      {"garbage", [](const SimulatedChain&) { return std::string(300, 'x'); }, ""},
      {"nothing", [](const SimulatedChain&) { return std::string(); }, "UnexpectedEOF"},
      {"another block", [](const SimulatedChain& m) { return bytes_of(m.blocks[12]); },
       "NewBlockInvalidBlockNum"},
      {"the last one again", [](const SimulatedChain& m) { return bytes_of(m.blocks[10]); },
       "NewBlockInvalidBlockNum"},
      {"foreign signature",
       [](const SimulatedChain& m) {
         SignedBlock block = m.blocks[11];
         block.signature =
             SecretKey::from_hex(std::string(63, '0') + "8")->sign(block.header.commitment());
         return bytes_of(block);
       },
       "InvalidSignature"},
      {"another root, well signed",
       [](const SimulatedChain& m) {
         SignedBlock block = m.blocks[11];
         block.header.account_root = word(5);
         return bytes_of(m.sign(block.header, block.body));
       },
       "NewBlockInvalidAccountRoot"},
  };
  for (const Case& c : cases) {
    PipelineWorld world;
    world.make();
    for (uint32_t n = 1; n <= 10; ++n) ASSERT_TRUE(world.push(n));
    world.pipeline->push(c.eleventh(world.model), world.stop.get_token());
    for (uint32_t n = 12; n <= 20; ++n) world.push(n);
    EXPECT_FALSE(world.drain()) << c.name;
    EXPECT_TRUE(world.pipeline->has_ended());
    EXPECT_FALSE(world.push(11)) << c.name;
    ASSERT_TRUE(world.pipeline->refusal()) << c.name;
    if (!c.code.empty()) {
      EXPECT_EQ(world.pipeline->refusal()->code, c.code) << c.name;
    }
    EXPECT_EQ(world.chain->tip(), BlockNum{10}) << c.name;
    world.pipeline->rethrow_failure();
  }
}

TEST(BlockPipeline, LetsTheSenderWaitAndAStopEndsTheWait) {
  PipelineWorld world;
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  world.pipeline = std::make_unique<BlockPipeline>(
      *world.chain, BlockPipeline::Options{.max_waiting_blocks = 3, .max_group_blocks = 1},
      [gate](const BlockPipeline::Group&) { gate.wait(); });
  uint32_t pushed = 0;
  std::jthread sender([&] {
    while (pushed < 50 && world.push(pushed + 1)) ++pushed;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  world.stop.request_stop();
  sender.join();
  EXPECT_GE(pushed, 3u);
  EXPECT_LE(pushed, 5u);  // three wait, one or two have left the queue
  EXPECT_FALSE(world.drain());
  go.set_value();
  world.pipeline.reset();
  EXPECT_GE(world.chain->tip(), BlockNum{1});
}

TEST(BlockPipeline, LetsALargeBlockInAlone) {
  PipelineWorld world;
  world.make({.max_waiting_bytes = 10, .max_group_bytes = 10});
  for (uint32_t n = 1; n <= 20; ++n) ASSERT_TRUE(world.push(n));
  ASSERT_TRUE(world.drain());
  EXPECT_EQ(world.chain->tip(), BlockNum{20});
  EXPECT_EQ(world.groups.size(), 20u);
}

// A file-size limit makes the write fail as a full disk does.
TEST(BlockPipeline, ThrowsWhatTheDiskThrew) {
  SimulatedChain model(5);
  for (int i = 0; i < 12; ++i) model.next({.new_public = 20, .batches = 10, .notes_per_batch = 20});
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const auto chain = ChainState::open(directory.data(), {}).value();
    BlockPipeline pipeline(*chain, {}, [](const BlockPipeline::Group&) {});
    const rlimit limit{400'000, 400'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    for (uint32_t n = 1; n <= 12; ++n) pipeline.push(bytes_of(model.blocks[n]), {});
    if (pipeline.drain({}) || pipeline.refusal()) code = 2;
    try {
      pipeline.rethrow_failure();
    } catch (const StorageError&) {
      if (code == 1) code = 0;
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace miden
