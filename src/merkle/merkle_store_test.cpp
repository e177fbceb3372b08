#include "merkle/merkle_store.hpp"

#include <gtest/gtest.h>

#include "merkle/sparse_merkle_path.hpp"
#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

constexpr size_t kNodeSize = 96;

TEST(MerkleStore, AlwaysHoldsTheNodesOfEmptySubtrees) {
  const MerkleStore store;
  for (unsigned height = 1; height <= 255; ++height) {
    const std::pair<Word, Word>* children = store.find(empty_subtree_root(height));
    ASSERT_NE(children, nullptr) << height;
    EXPECT_EQ(*children, std::pair(empty_subtree_root(height - 1), empty_subtree_root(height - 1)));
  }
  EXPECT_EQ(to_bytes(store).size(), 24488u);
  EXPECT_EQ(from_bytes<MerkleStore>(to_bytes(store)).value(), store);
  EXPECT_EQ(store.find(Word::of(1, 2, 3, 4)), nullptr);
}

TEST(MerkleStore, KeepsNodesAsGivenAndWritesThemAscending) {
  std::mt19937_64 random(6);
  MerkleStore store;
  std::map<Word, std::pair<Word, Word>> model;
  for (int i = 0; i < 400; ++i) {
    const Word parent = random_word(random);
    model[parent] = {random_word(random), random_word(random)};
    store.insert(parent, model[parent].first, model[parent].second);
  }
  for (const auto& [parent, children] : model) EXPECT_EQ(*store.find(parent), children);

  for (unsigned height = 1; height <= 255; ++height) {
    model[empty_subtree_root(height)] = {empty_subtree_root(height - 1),
                                         empty_subtree_root(height - 1)};
  }
  ByteWriter expected;
  expected.u64(model.size());
  for (const auto& [parent, children] : model) {
    parent.encode(expected), children.first.encode(expected), children.second.encode(expected);
  }
  EXPECT_EQ(to_bytes(store), std::move(expected).take());
  EXPECT_EQ(from_bytes<MerkleStore>(to_bytes(store)).value(), store);
}

TEST(MerkleStore, LetsNothingReplaceAnEmptySubtree) {
  MerkleStore store;
  store.insert(empty_subtree_root(3), Word(), Word::of(1, 2, 3, 4));
  EXPECT_EQ(store, MerkleStore());
}

TEST(MerkleStore, RefusesCountsThatTheBytesCannotHold) {
  for (const uint64_t count : {uint64_t{2}, uint64_t{1} << 60, ~uint64_t{0}}) {
    ByteWriter writer;
    writer.u64(count);
    writer.bytes(Bytes(2 * kNodeSize - 1));
    EXPECT_EQ(from_bytes<MerkleStore>(writer.view()).error().code, "UnexpectedEOF") << count;
  }
}

}  // namespace
}  // namespace miden
