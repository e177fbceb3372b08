#include "validator/validator_store.hpp"

#include <thread>

#include "validator/test_support/signing_world.hpp"

namespace miden {
namespace {

std::unique_ptr<ValidatorStore> reopened(const TestFolder& folder,
                                         std::unique_ptr<ValidatorStore> store = nullptr) {
  store.reset();
  auto opened = ValidatorStore::open(folder / "store");
  if (!opened) ADD_FAILURE() << opened.error().message;
  return *std::move(opened);
}

TEST(ValidatorStore, BeginsWithGenesis) {
  const TestFolder folder;
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  const auto store = reopened(folder);
  EXPECT_EQ(store->tip(), genesis_without_accounts().header);
  EXPECT_EQ(store->header(kGenesis), genesis_without_accounts().header);
  EXPECT_EQ(store->block(kGenesis), to_bytes(genesis_without_accounts()));
  EXPECT_EQ(store->header({1}), std::nullopt);
  EXPECT_EQ(store->block({1}), std::nullopt);
  EXPECT_EQ(store->block_count(), 1u);
  EXPECT_EQ(store->transaction_count(), 0u);
}

TEST(ValidatorStore, IsCreatedOnceAndOpenedByOne) {
  const TestFolder folder;
  EXPECT_EQ(message_of(ValidatorStore::open(folder / "store")),
            "failed to load the validator's store: there is none in " +
                (folder / "store").string() + ", run bootstrap first");
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  EXPECT_FALSE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  const auto store = reopened(folder);
  EXPECT_EQ(code_of(ValidatorStore::open(folder / "store")), "StoreLocked");
}

// The tip is found by halving: every small height, powers of two and their neighbours among them.
TEST(ValidatorStore, FindsItsTipAgainAtEveryHeight) {
  const TestFolder folder;
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  auto store = reopened(folder);
  for (uint32_t block_num = 1; block_num <= 260; ++block_num) {
    store->put_block(stored_block(block_num));
    EXPECT_EQ(store->tip(), stored_block(block_num).header);
    if (block_num > 9 && block_num % 50 != 0 && (block_num < 254 || block_num > 258)) continue;
    store = reopened(folder, std::move(store));
    ASSERT_EQ(store->tip(), stored_block(block_num).header) << block_num;
    EXPECT_EQ(store->block_count(), block_num + 1);
  }
  for (uint32_t block_num = 1; block_num <= 260; ++block_num) {
    EXPECT_EQ(store->header({block_num}), stored_block(block_num).header);
    EXPECT_EQ(store->block({block_num}), to_bytes(stored_block(block_num)));
  }
}

// What a lost file leaves. A tip found below the gap would be signed over.
TEST(ValidatorStore, IsNotOpenedWhereABlockIsMissing) {
  for (const uint32_t last : {2, 5, 8, 9}) {
    for (uint32_t missing = 1; missing < last; ++missing) {
      const TestFolder folder;
      ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
      auto store = reopened(folder);
      for (uint32_t block_num = 1; block_num <= last; ++block_num) {
        if (block_num != missing) store->put_block(stored_block(block_num));
      }
      store.reset();
      const auto opened = ValidatorStore::open(folder / "store");
      ASSERT_EQ(code_of(opened), "BlocksMissing") << missing << " of " << last;
      EXPECT_NE(opened.error().message.find("block " + std::to_string(missing) + " is missing"),
                std::string::npos)
          << opened.error().message;
    }
  }
}

TEST(ValidatorStore, ReplacesTheTip) {
  const TestFolder folder;
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  auto store = reopened(folder);
  store->put_block(stored_block(1));
  store->put_block(stored_block(2));
  SignedBlock other = stored_block(2, 3);
  other.header.timestamp += 100;
  store->put_block(other);
  store = reopened(folder, std::move(store));
  EXPECT_EQ(store->tip(), other.header);
  EXPECT_EQ(store->block({2}), to_bytes(other));
  EXPECT_EQ(store->block_count(), 3u);
}

TEST(ValidatorStore, CountsEachTransactionOnce) {
  const TestFolder folder;
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  auto store = reopened(folder);
  const ReexecutedTransaction executed{.header = {},
                                       .account_delta = {1},
                                       .input_notes = {2},
                                       .output_notes = {3},
                                       .ref_block_num = 0};
  for (uint64_t n = 1; n <= 20; ++n) {
    const ProvenTransaction made = transaction({.final = 100 + n});
    EXPECT_FALSE(store->has_transaction(made.id));
    store->put_transaction(made, executed);
    store->put_transaction(made, executed);
    EXPECT_TRUE(store->has_transaction(made.id));
    EXPECT_EQ(store->transaction_count(), n);
    if (n % 10 != 0) continue;
    store = reopened(folder, std::move(store));
    EXPECT_EQ(store->transaction_count(), n);
    EXPECT_TRUE(store->has_transaction(made.id));
  }
}

TEST(ValidatorStore, CountsTransactionsOfManyThreads) {
  const TestFolder folder;
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  auto store = reopened(folder);
  {
    std::vector<std::jthread> threads;
    for (uint64_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&store] {
        for (uint64_t n = 0; n < 25; ++n) {
          store->put_transaction(transaction({.final = 100 + n}), {});
        }
      });
    }
  }
  EXPECT_EQ(store->transaction_count(), 25u);
  EXPECT_EQ(reopened(folder, std::move(store))->transaction_count(), 25u);
}

}  // namespace
}  // namespace miden
