#include "chain/stored_chain.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "chain/data_directory.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

constexpr uint64_t kSeed = 20251;
constexpr uint32_t kBlocks = 20;

class StoredChainTest : public ::testing::Test {
 protected:
  StoredChainTest() {
    folder_.bootstrap(model_.blocks.front());
    const auto chain = folder_.open();
    for (uint32_t i = 1; i < kBlocks; ++i) apply(*chain, model_.next());
    for (uint32_t i = 1; i < kBlocks - 3; ++i) EXPECT_TRUE(chain->apply_proof({i}, {}));
  }

  const Word& genesis() const { return genesis_; }
  std::string adopt(const Word& expected) const {
    return code_of(adopt_stored_chain(folder_.data(), expected, {}));
  }

  // As whoever made the store may have done.
  void change(const std::function<void(WriteBatch&)>& changes) const {
    const auto store =
        Store::open(store_directory(folder_.data()), chain_tables(), StoreOptions{}).value();
    WriteBatch batch(*store);
    changes(batch);
    store->write(batch);
  }
  void put_header(BlockNum place, const BlockHeader& header, const Signature& signature) const {
    ByteWriter row;
    header.commitment().encode(row);
    header.encode(row);
    signature.encode(row);
    change([&](WriteBatch& batch) { batch.put(kHeaders, block_key(place), row.view()); });
  }

  SimulatedChain model_{kSeed};
  const Word genesis_ = model_.blocks.front().header.commitment();
  ChainDirectory folder_;
};

TEST_F(StoredChainTest, IsDescribedAsItIs) {
  const auto found = inspect_stored_chain(folder_.data());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->stored.genesis.commitment, genesis());
  EXPECT_EQ(found->stored.tip.header, model_.tip());
  EXPECT_EQ(found->stored.proven_tip, BlockNum{kBlocks - 4});
  const auto open = folder_.open();
  EXPECT_EQ(code_of(inspect_stored_chain(folder_.data())), "StoreLocked");
}

TEST_F(StoredChainTest, IsAdoptedAndGoesOn) {
  const auto adopted = adopt_stored_chain(folder_.data(), genesis(), {});
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(adopted->tip.header, model_.tip());
  const auto chain = folder_.open();
  for (int i = 0; i < 5; ++i) apply(*chain, model_.next());
  EXPECT_EQ(chain->view()->tip_header().header, model_.tip());
}

TEST_F(StoredChainTest, LosesWhatItsNodeAnsweredForWhenAdopted) {
  const Bytes inputs(100'000, 7);
  {
    const auto chain = folder_.open();
    EXPECT_TRUE(chain->apply_block(model_.next(), inputs));
    for (int i = 0; i < 2'500; ++i)
      chain->journal_add({TransactionId(word(i))}, genesis().to_wire());
  }
  ASSERT_TRUE(adopt_stored_chain(folder_.data(), genesis(), {}));
  const auto chain = folder_.open();
  EXPECT_EQ(chain->tip(), BlockNum{kBlocks});
  EXPECT_EQ(chain->view()->proving_inputs({kBlocks}), std::nullopt);
  EXPECT_TRUE(chain->journal_entries().empty());
}

TEST_F(StoredChainTest, OfAnotherNetworkIsRefused) {
  EXPECT_EQ(adopt(word(1)), "GenesisMismatch");
  EXPECT_EQ(adopt(model_.blocks.at(1).header.commitment()), "GenesisMismatch");
  EXPECT_EQ(adopt(genesis()), "ok");
}

TEST_F(StoredChainTest, WithATipThatTheValidatorDidNotSignIsRefused) {
  put_header({kBlocks - 1}, model_.tip(), model_.blocks.at(1).signature);
  EXPECT_EQ(adopt(genesis()), "InvalidSignature");
}

TEST_F(StoredChainTest, WithAnotherValidatorsTipIsRefused) {
  const SecretKey other = SecretKey::from_hex(std::string(64, '9')).value();
  BlockHeader forged = model_.tip();
  forged.validator_key = other.public_key();
  put_header({kBlocks - 1}, forged, other.sign(forged.commitment()));
  // The range's rows are made to fit, as a careful forger would.
  const uint64_t length = kBlocks - 1;
  const auto range = [&](WriteBatch& batch) {
    Mmr mmr;
    for (uint32_t i = 0; i < length; ++i) mmr.add(model_.blocks.at(i).header.commitment());
    MmrPeaks peaks = mmr.peaks();
    uint64_t index = mmr_node_count(length);
    Word node = forged.commitment();
    batch.put(kChainNodes, Key().u64(index++), node.to_wire());
    for (uint64_t size = 1; length & size; size <<= 1) {
      node = merge(peaks.peaks.back(), node);
      peaks.peaks.pop_back();
      batch.put(kChainNodes, Key().u64(index++), node.to_wire());
    }
  };
  change(range);
  EXPECT_EQ(adopt(genesis()), "InvalidSignature");
}

TEST_F(StoredChainTest, WithAHeaderOfAnotherChainIsRefused) {
  SimulatedChain other(kSeed + 1);
  while (other.blocks.size() < kBlocks) other.next();
  for (const uint32_t place : {1u, 7u, kBlocks - 2}) {
    const SignedBlock& right = model_.blocks.at(place);
    const SignedBlock& wrong = other.blocks.at(place);
    put_header({place}, wrong.header, wrong.signature);
    EXPECT_EQ(adopt(genesis()), "StorageDiverged") << "block " << place;
    put_header({place}, right.header, right.signature);
  }
  EXPECT_EQ(adopt(genesis()), "ok");
}

TEST_F(StoredChainTest, WithAHeaderMissingIsRefused) {
  change([](WriteBatch& batch) { batch.remove(kHeaders, block_key({7})); });
  EXPECT_EQ(adopt(genesis()), "StorageDiverged");
}

TEST_F(StoredChainTest, WithAWrongNodeInItsRangeIsRefused) {
  for (const uint64_t index : {uint64_t{0}, uint64_t{1}, mmr_node_count(kBlocks) - 1}) {
    const auto right = Store::open(store_directory(folder_.data()), chain_tables(), {})
                           .value()
                           ->snapshot()
                           ->get(kChainNodes, Key().u64(index))
                           .value();
    change([&](WriteBatch& batch) { batch.put(kChainNodes, Key().u64(index), word(5).to_wire()); });
    EXPECT_EQ(adopt(genesis()), "StorageDiverged") << "node " << index;
    change([&](WriteBatch& batch) { batch.put(kChainNodes, Key().u64(index), right); });
  }
  EXPECT_EQ(adopt(genesis()), "ok");
}

TEST_F(StoredChainTest, WithNumbersThatContradictEachOtherIsRefused) {
  const auto put_meta = [this](MetaKey key, uint32_t value) {
    change([&](WriteBatch& batch) { batch.put(kMeta, meta_key(key), Key().u32(value).view()); });
  };
  put_meta(MetaKey::kProvenTip, kBlocks);
  EXPECT_EQ(adopt(genesis()), "StorageDiverged");
  EXPECT_EQ(code_of(ChainState::open(folder_.data())), "StorageDiverged");
  put_meta(MetaKey::kProvenTip, kBlocks - 1);
  EXPECT_EQ(adopt(genesis()), "ok");
  put_meta(MetaKey::kTip, kBlocks - 2);
  EXPECT_EQ(adopt(genesis()), "StorageDiverged");
  put_meta(MetaKey::kTip, UINT32_MAX);
  EXPECT_THROW((void)adopt_stored_chain(folder_.data(), genesis(), {}), StorageError);
}

TEST_F(StoredChainTest, AdoptingEndsWhenItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(code_of(adopt_stored_chain(folder_.data(), genesis(), stop.get_token())), "Stopped");
}

// Blocks are applied in groups meanwhile, whose writes are not synced one by one.
TEST_F(StoredChainTest, ACheckpointDuringApplyingIsAWholeChain) {
  constexpr uint32_t kMore = 300;
  std::vector<CheckedBlock> coming;
  const PublicKey validator_key = model_.tip().validator_key;
  while (coming.size() < kMore) {
    coming.push_back(CheckedBlock::decode(to_bytes(model_.next()), validator_key).value());
  }
  const auto chain = folder_.open();
  std::atomic<bool> is_done = false;
  std::jthread writer([&] {
    for (size_t i = 0; i < coming.size(); i += 10) {
      EXPECT_TRUE(chain->apply_blocks(std::span(coming).subspan(i, 10)));
    }
    is_done = true;
  });
  size_t taken = 0;
  while (!is_done) {
    const std::filesystem::path copy = folder_.root() / ("copy" + std::to_string(taken++));
    std::filesystem::create_directory(copy);
    const BlockNum before = chain->tip();
    chain->checkpoint(copy);
    const auto adopted = adopt_stored_chain(copy, genesis(), {});
    ASSERT_TRUE(adopted) << adopted.error().message;
    EXPECT_GE(adopted->tip.header.block_num, before);
    EXPECT_EQ(adopted->tip.header, model_.blocks.at(adopted->tip.header.block_num.value).header);
  }
  EXPECT_GE(taken, 2u);
}

}  // namespace
}  // namespace miden
