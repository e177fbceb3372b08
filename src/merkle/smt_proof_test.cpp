#include "merkle/smt_proof.hpp"

#include <gtest/gtest.h>

#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

constexpr Word key_at(uint64_t leaf, uint64_t low) { return Word::of(low, 0, 0, leaf); }
constexpr Word value_of(uint64_t n) { return Word::of(n, 0, 0, 0); }

TEST(SmtLeaf, HashesToThePublishedValue) {
  const SmtLeaf leaf{4, {{Word::of(1, 2, 3, 4), Word::of(5, 6, 7, 8)}}};
  EXPECT_EQ(leaf.hash().to_hex(),
            "0x888987d356a30160141cd48e84221c14a17de3815e214d0ceebbec2f2116de12");
}

TEST(SmtLeaf, HashesNoneOneAndManyEntries) {
  NaiveSmt model;
  SmtLeaf leaf{7, {}};
  EXPECT_EQ(leaf.hash(), Word());
  for (const uint64_t low : {5, 1, 9, 3}) {
    model.set(key_at(7, low), value_of(low));
    ASSERT_TRUE(leaf.set(key_at(7, low), value_of(low)));
    EXPECT_EQ(leaf.hash(), model.leaf_hash(7)) << "after key " << low;
  }
}

TEST(SmtLeaf, SetsReplacesAndRemoves) {
  SmtLeaf leaf{7, {}};
  ASSERT_TRUE(leaf.set(key_at(7, 2), value_of(2)));
  ASSERT_TRUE(leaf.set(key_at(7, 1), value_of(1)));
  ASSERT_TRUE(leaf.set(key_at(7, 2), value_of(3)));
  EXPECT_EQ(leaf.entries,
            (std::vector<SmtEntry>{{key_at(7, 1), value_of(1)}, {key_at(7, 2), value_of(3)}}));
  EXPECT_EQ(leaf.value_of(key_at(7, 2)), value_of(3));
  EXPECT_EQ(leaf.value_of(key_at(7, 4)), Word());
  EXPECT_EQ(leaf.value_of(key_at(8, 2)), std::nullopt);
  ASSERT_TRUE(leaf.set(key_at(7, 4), Word()));
  ASSERT_TRUE(leaf.set(key_at(7, 1), Word()));
  ASSERT_TRUE(leaf.set(key_at(7, 2), Word()));
  EXPECT_EQ(leaf, (SmtLeaf{7, {}}));
}

TEST(SmtLeaf, HoldsNoMoreThan1024Entries) {
  SmtLeaf leaf{7, {}};
  for (uint64_t i = 0; i < 1024; ++i) ASSERT_TRUE(leaf.set(key_at(7, i), value_of(1)));
  EXPECT_EQ(leaf.set(key_at(7, 1024), value_of(1)).error().code, "TooManyLeafEntries");
  EXPECT_TRUE(leaf.set(key_at(7, 1023), value_of(2)).has_value());
  EXPECT_EQ(from_bytes<SmtLeaf>(to_bytes(leaf)).value(), leaf);
  leaf.entries.push_back({key_at(7, 1024), value_of(1)});
  EXPECT_EQ(from_bytes<SmtLeaf>(to_bytes(leaf)).error().code, "InvalidValue");
}

TEST(SmtLeaf, KeepsDecodedEntriesAsGiven) {
  // The hash covers them in this order; the reference checks neither order nor uniqueness.
  const SmtLeaf unsorted{7, {{key_at(7, 2), value_of(1)}, {key_at(7, 1), value_of(1)}}};
  EXPECT_EQ(from_bytes<SmtLeaf>(to_bytes(unsorted)).value(), unsorted);
}

TEST(SmtLeaf, RefusesKeysOfOtherLeavesAndHugeCounts) {
  const SmtLeaf foreign{7, {{key_at(8, 1), value_of(1)}}};
  EXPECT_EQ(from_bytes<SmtLeaf>(to_bytes(foreign)).error().code, "InvalidValue");
  EXPECT_EQ(SmtLeaf::make(7, foreign.entries).error().code, "InvalidValue");
  ByteWriter writer;
  writer.vint(uint64_t{1} << 60);
  writer.u64(7);
  EXPECT_EQ(from_bytes<SmtLeaf>(writer.view()).error().code, "UnexpectedEOF");
}

TEST(SmtProof, LeadsToTheRootOfTheTree) {
  std::mt19937_64 random(2);
  NaiveSmt model;
  for (int i = 0; i < 20; ++i) model.set(random_word(random), random_word(random));
  for (const auto& [key, value] : model.entries()) {
    const uint64_t index = leaf_index_of(key);
    const SmtProof proof = SmtProof::make(SparseMerklePath::from_siblings(model.path(index)),
                                          SmtLeaf{index, {{key, value}}})
                               .value();
    EXPECT_EQ(proof.compute_root(), model.root());
    EXPECT_EQ(proof.value_of(key), value);
    EXPECT_EQ(from_bytes<SmtProof>(to_bytes(proof)).value(), proof);
  }
}

TEST(SmtProof, RefusesAnotherDepthThan64) {
  const SmtProof shallow{SparseMerklePath{63, ~uint64_t{0} >> 1, {}}, {}};
  EXPECT_EQ(SmtProof::make(shallow.path, shallow.leaf).error().code, "InvalidPath");
  EXPECT_EQ(from_bytes<SmtProof>(to_bytes(shallow)).error().code, "InvalidValue");
}

}  // namespace
}  // namespace miden
