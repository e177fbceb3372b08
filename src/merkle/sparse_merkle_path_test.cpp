#include "merkle/sparse_merkle_path.hpp"

#include <gtest/gtest.h>

#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

TEST(EmptySubtreeRoot, EqualsThePublishedValues) {
  EXPECT_EQ(empty_subtree_root(0), Word());
  EXPECT_EQ(empty_subtree_root(1).to_hex(),
            "0x36f89f79b9a8315b084b0fe64f1785e37c76508de86b2ce8e28189a1b6f37827");
  EXPECT_EQ(empty_subtree_root(10).to_hex(),
            "0x5f11964952c4011277e665e461738b298716b2c0bd6e60b53d217dc4b84f6af7");
  EXPECT_EQ(empty_subtree_root(16).to_hex(),
            "0xa9dbd47f245bdfb8db210428b8b8b3e5f6e89ae32ff335de02e7b30002c2523a");
  EXPECT_EQ(empty_subtree_root(64).to_hex(),
            "0x2d2a45733b612b370c67837c9e92262316d7ef884d02a624418fee262203da9a");
  EXPECT_EQ(empty_subtree_root(40), Word::of(0x01024b6c34916d38, 0xc5d13622ac399a0f,
                                             0x1f7ec2453e58755d, 0x914696bdc2f6337b));
  EXPECT_EQ(empty_subtree_root(255), Word::of(0x4c4f25c381e6b418, 0x4efaef9f33cf00b3,
                                              0x9b4ccd92de23bca0, 0x5cbbdf50c70326fb));
}

// Paths of every depth with random siblings, a random half of them empty.
TEST(SparseMerklePath, FoldsAsThePathWithAllItsSiblings) {
  std::mt19937_64 random(1);
  for (unsigned depth = 0; depth <= 64; ++depth) {
    SCOPED_TRACE("depth " + std::to_string(depth));
    std::vector<Word> siblings;
    for (unsigned height = 0; height < depth; ++height) {
      siblings.push_back(random() & 1 ? empty_subtree_root(height) : random_word(random));
    }
    const uint64_t index = depth == 0 ? 0 : random() >> (64 - depth);
    const Word leaf = random_word(random);
    Word root = leaf;
    for (unsigned height = 0; height < depth; ++height) {
      root = index >> height & 1 ? merge(siblings[height], root) : merge(root, siblings[height]);
    }

    const SparseMerklePath path = SparseMerklePath::from_siblings(siblings);
    EXPECT_EQ(path.depth, depth);
    EXPECT_EQ(path.siblings(), siblings);
    EXPECT_EQ(path.compute_root(index, leaf).value(), root);
    EXPECT_EQ(SparseMerklePath::from_parts(path.empty_nodes_mask, path.nodes).value(), path);
    EXPECT_EQ(from_bytes<SparseMerklePath>(to_bytes(path)).value(), path);
    EXPECT_EQ(MerklePath{siblings}.compute_root(index, leaf).value(), root);
    if (depth < 64) {
      EXPECT_EQ(path.compute_root(uint64_t{1} << depth, leaf).error().code, "InvalidIndex");
      EXPECT_EQ(MerklePath{siblings}.compute_root(uint64_t{1} << depth, leaf).error().code,
                "InvalidIndex");
    }
  }
}

TEST(SparseMerklePath, StoresTheDeepestSiblingFirst) {
  const SparseMerklePath path = SparseMerklePath::from_siblings(
      {{Word::of(1, 0, 0, 0), empty_subtree_root(1), Word::of(2, 0, 0, 0)}});
  EXPECT_EQ(path.empty_nodes_mask, 0b010u);
  EXPECT_EQ(path.nodes, (std::vector<Word>{Word::of(1, 0, 0, 0), Word::of(2, 0, 0, 0)}));
}

TEST(SparseMerklePath, RefusesPartsThatAreNoPath) {
  EXPECT_EQ(SparseMerklePath::from_parts(0, std::vector<Word>(65)).error().code, "InvalidPath");
  EXPECT_EQ(SparseMerklePath::from_parts(0, std::vector<Word>(256)).error().code, "InvalidPath");
  EXPECT_EQ(SparseMerklePath::from_parts(1, std::vector<Word>(64)).error().code, "InvalidPath");
  EXPECT_EQ(SparseMerklePath::from_parts(0b100, std::vector<Word>(1)).error().code, "InvalidPath");
  EXPECT_TRUE(SparseMerklePath::from_parts(0b100, std::vector<Word>(2)).has_value());
  EXPECT_TRUE(SparseMerklePath::from_parts(~uint64_t{0}, {}).has_value());
}

TEST(SparseMerklePath, RefusesDamagedBytes) {
  const auto decode = [](uint8_t depth, uint64_t mask, size_t nodes) {
    ByteWriter writer;
    writer.u8(depth);
    writer.u64(mask);
    for (size_t i = 0; i < nodes; ++i) Word::of(1, 2, 3, 4).encode(writer);
    return from_bytes<SparseMerklePath>(writer.view());
  };
  EXPECT_TRUE(decode(3, 0b101, 1).has_value());
  EXPECT_EQ(decode(65, 0, 65).error().code, "InvalidValue");
  EXPECT_EQ(decode(255, 0, 255).error().code, "InvalidValue");
  EXPECT_EQ(decode(2, 0b100, 1).error().code, "InvalidValue");
  EXPECT_EQ(decode(0, 1, 0).error().code, "InvalidValue");
  EXPECT_EQ(decode(3, 0b101, 0).error().code, "UnexpectedEOF");
}

}  // namespace
}  // namespace miden
