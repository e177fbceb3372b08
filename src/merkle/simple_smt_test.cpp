#include "merkle/simple_smt.hpp"

#include <gtest/gtest.h>

#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

TEST(SimpleSmt, WithoutLeavesIsTheEmptySubtree) {
  for (uint8_t depth = 0; depth <= 63; ++depth) {
    const SimpleSmt tree = SimpleSmt::from_leaves(depth, {}).value();
    EXPECT_EQ(tree.root(), empty_subtree_root(depth)) << "depth " << int{depth};
  }
}

TEST(SimpleSmt, EqualsTheFullTreeOverItsLeaves) {
  std::mt19937_64 random(3);
  for (uint8_t depth = 0; depth <= 10; ++depth) {
    for (const double density : {0.02, 0.5, 1.0}) {
      SCOPED_TRACE("depth " + std::to_string(depth) + " density " + std::to_string(density));
      std::vector<Word> all(size_t{1} << depth);
      std::vector<std::pair<uint64_t, Word>> leaves;
      for (size_t i = all.size(); i-- > 0;) {
        if (std::bernoulli_distribution(density)(random)) {
          all[i] = random_word(random);
          leaves.emplace_back(i, all[i]);
        }
      }
      const SimpleSmt tree = SimpleSmt::from_leaves(depth, leaves).value();
      EXPECT_EQ(tree.root(), naive_tree_root(all));
      EXPECT_EQ(tree.leaves().size(), leaves.size());
      for (int sample = 0; sample < 8; ++sample) {
        const size_t index = random() % all.size();
        EXPECT_EQ(tree.leaf(index), all[index]);
        EXPECT_EQ(tree.open(index), SparseMerklePath::from_siblings(naive_tree_path(all, index)));
      }
    }
  }
}

TEST(SimpleSmt, TreatsZeroValuesAsAbsent) {
  const Word value = Word::of(1, 2, 3, 4);
  const SimpleSmt tree = SimpleSmt::from_leaves(16, {{5, value}, {6, Word()}}).value();
  EXPECT_EQ(tree.root(), SimpleSmt::from_leaves(16, {{5, value}})->root());
  EXPECT_EQ(tree.leaves().size(), 1u);
  EXPECT_EQ(SimpleSmt::from_leaves(16, {{6, Word()}})->root(), empty_subtree_root(16));
}

TEST(SimpleSmt, RefusesIndicesBeyondItsDepthAndRepeatedOnes) {
  const Word value = Word::of(1, 2, 3, 4);
  EXPECT_EQ(SimpleSmt::from_leaves(10, {{1024, value}}).error().code, "InvalidIndex");
  EXPECT_EQ(SimpleSmt::from_leaves(10, {{~uint64_t{0}, value}}).error().code, "InvalidIndex");
  EXPECT_EQ(SimpleSmt::from_leaves(10, {{3, value}, {2, value}, {3, value}}).error().code,
            "DuplicateValuesForIndex");
  EXPECT_EQ(SimpleSmt::from_leaves(64, {}).error().code, "DepthTooBig");
}

}  // namespace
}  // namespace miden
