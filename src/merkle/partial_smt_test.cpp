#include "merkle/partial_smt.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

// Keys whose leaves share prefixes of every length and sometimes a whole leaf.
Word crowded_key(std::mt19937_64& random) {
  const uint64_t stem = 0x5aa5'1234'8765'0ff0;
  const uint64_t flipped = random() % 3 == 0 ? random() : random() >> (random() % 64);
  return Word::of(random() % 3, 0, 0, Felt::reduce(stem ^ flipped).value());
}

SmtProof naive_proof(const NaiveSmt& smt, const Word& key) {
  SmtLeaf leaf{leaf_index_of(key), {}};
  for (const auto& [entry_key, value] : smt.entries()) {
    if (leaf_index_of(entry_key) == leaf.index) leaf.entries.push_back({entry_key, value});
  }
  return {SparseMerklePath::from_siblings(smt.path(leaf.index)), leaf};
}

struct World {
  NaiveSmt smt;
  std::vector<Word> present;
  std::vector<Word> absent;
  std::vector<SmtProof> proofs;  // of all of them
};

World some_world(std::mt19937_64& random, size_t entries, size_t opened) {
  World world;
  while (world.smt.entries().size() < entries) {
    world.smt.set(crowded_key(random), random_word(random));
  }
  for (size_t i = 0; i < opened; ++i) {
    auto entry = world.smt.entries().begin();
    std::advance(entry, static_cast<ptrdiff_t>(random() % entries));
    world.present.push_back(entry->first);
    Word key = crowded_key(random);
    while (!world.smt.get(key).is_zero()) key = crowded_key(random);
    world.absent.push_back(key);
  }
  for (const auto* keys : {&world.present, &world.absent}) {
    for (const Word& key : *keys) world.proofs.push_back(naive_proof(world.smt, key));
  }
  return world;
}

void expect_same(const PartialSmt& partial, const World& world) {
  EXPECT_EQ(partial.root(), world.smt.root());
  for (const auto* keys : {&world.present, &world.absent}) {
    for (const Word& key : *keys) {
      EXPECT_EQ(partial.get(key).value(), world.smt.get(key));
      EXPECT_EQ(partial.open(key).value(), naive_proof(world.smt, key));
    }
  }
}

TEST(PartialSmt, OfTheEmptyTreeTracksEverything) {
  std::mt19937_64 random(10);
  PartialSmt partial;
  NaiveSmt model;
  EXPECT_EQ(partial.root(), empty_subtree_root(64));
  const Word key = random_word(random);
  EXPECT_EQ(partial.get(key).value(), Word());
  ASSERT_TRUE(partial.update({{{key, Word::of(1, 0, 0, 0)}}}).has_value());
  model.set(key, Word::of(1, 0, 0, 0));
  EXPECT_EQ(partial.root(), model.root());
  EXPECT_EQ(PartialSmt::from_proofs({})->root(), empty_subtree_root(64));
}

TEST(PartialSmt, OfABareRootTracksNothing) {
  const Word key = Word::of(1, 2, 3, 4);
  PartialSmt partial = PartialSmt::from_root(key);
  EXPECT_EQ(partial.get(key).error().code, "UntrackedKey");
  EXPECT_EQ(partial.open(key).error().code, "UntrackedKey");
  EXPECT_EQ(partial.update({{{key, key}}}).error().code, "UntrackedKey");
  EXPECT_EQ(partial.root(), key);
  EXPECT_EQ(from_bytes<PartialSmt>(to_bytes(partial))->root(), key);
}

TEST(PartialSmt, AnswersAndUpdatesAsTheFullTree) {
  for (uint64_t seed = 20; seed < 32; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    World world = some_world(random, 1 + random() % 40, 1 + random() % 6);
    PartialSmt partial = PartialSmt::from_proofs(world.proofs).value();
    expect_same(partial, world);

    PartialSmt one_by_one = PartialSmt::from_root(world.smt.root());
    for (const SmtProof& proof : world.proofs) ASSERT_TRUE(one_by_one.add_proof(proof).has_value());
    EXPECT_EQ(to_bytes(one_by_one), to_bytes(partial));

    for (int round = 0; round < 4; ++round) {
      std::vector<SmtEntry> entries;
      for (const auto* keys : {&world.present, &world.absent}) {
        for (const Word& key : *keys) {
          if (random() % 2) entries.push_back({key, random() % 3 ? random_word(random) : Word()});
        }
      }
      ASSERT_TRUE(partial.update(entries).has_value());
      for (const SmtEntry& entry : entries) world.smt.set(entry.key, entry.value);
      expect_same(partial, world);

      const PartialSmt decoded = from_bytes<PartialSmt>(to_bytes(partial)).value();
      EXPECT_EQ(to_bytes(decoded), to_bytes(partial));
      expect_same(decoded, world);
    }
  }
}

TEST(PartialSmt, ListsTheEntriesOfStoredLeavesSorted) {
  std::mt19937_64 random(40);
  const World world = some_world(random, 30, 8);
  std::map<Word, Word> expected;
  for (const SmtProof& proof : world.proofs) {
    for (const SmtEntry& entry : proof.leaf.entries) expected[entry.key] = entry.value;
  }
  std::vector<SmtEntry> entries;
  for (const auto& [key, value] : expected) entries.push_back({key, value});
  EXPECT_EQ(PartialSmt::from_proofs(world.proofs)->entries(), entries);
}

TEST(PartialSmt, RefusesProofsOfDifferentTrees) {
  std::mt19937_64 random(41);
  World world = some_world(random, 30, 3);
  NaiveSmt other = world.smt;
  other.set(random_word(random), random_word(random));
  PartialSmt partial = PartialSmt::from_proofs(world.proofs).value();
  const Bytes before = to_bytes(partial);
  const SmtProof foreign = naive_proof(other, world.present[0]);
  EXPECT_EQ(partial.add_proof(foreign).error().code, "ConflictingRoots");
  EXPECT_EQ(to_bytes(partial), before);
  for (const Word& key : world.present) {
    std::vector<SmtProof> mixed = world.proofs;
    mixed.push_back(naive_proof(other, key));
    EXPECT_EQ(PartialSmt::from_proofs(mixed).error().code, "ConflictingRoots");
  }
  std::vector<SmtProof> mixed = world.proofs;
  mixed.push_back(naive_proof(other, crowded_key(random)));
  EXPECT_EQ(PartialSmt::from_proofs(mixed).error().code, "ConflictingRoots");
  mixed.back().path.depth = 63;
  EXPECT_EQ(PartialSmt::from_proofs(mixed).error().code, "InvalidPath");
}

TEST(PartialSmt, ChangesNothingWhenOneKeyIsUntracked) {
  std::mt19937_64 random(42);
  const World world = some_world(random, 200, 1);
  PartialSmt partial = PartialSmt::from_proofs(std::span(world.proofs).first(1)).value();
  const Bytes before = to_bytes(partial);
  Word untracked;
  for (const auto& [key, value] : world.smt.entries()) {
    if (leaf_index_of(key) != leaf_index_of(world.present[0])) untracked = key;
  }
  EXPECT_EQ(partial.get(untracked).error().code, "UntrackedKey");
  const std::vector<SmtEntry> entries = {{world.present[0], random_word(random)},
                                         {untracked, random_word(random)}};
  EXPECT_EQ(partial.update(entries).error().code, "UntrackedKey");
  EXPECT_EQ(to_bytes(partial), before);
}

TEST(PartialSmt, RefusesMoreEntriesThanALeafHolds) {
  PartialSmt partial;
  std::vector<SmtEntry> entries;
  for (uint64_t i = 0; i < 1025; ++i)
    entries.push_back({Word::of(i, 0, 0, 9), Word::of(1, 0, 0, 0)});
  EXPECT_EQ(partial.update(entries).error().code, "TooManyLeafEntries");
  EXPECT_EQ(partial.root(), empty_subtree_root(64));
  entries.pop_back();
  EXPECT_TRUE(partial.update(entries).has_value());
  EXPECT_EQ(from_bytes<PartialSmt>(to_bytes(partial))->entries(), entries);
}

// Siblings at depth 64: one leaf is known by its hash alone.
TEST(PartialSmt, KnowsAValueOnlySiblingLeaf) {
  World world;
  world.smt.set(Word::of(1, 0, 0, 6), Word::of(1, 0, 0, 0));
  world.smt.set(Word::of(1, 0, 0, 7), Word::of(2, 0, 0, 0));
  world.present = {Word::of(1, 0, 0, 6)};
  const PartialSmt present =
      PartialSmt::from_proofs({{naive_proof(world.smt, world.present[0])}}).value();
  expect_same(from_bytes<PartialSmt>(to_bytes(present)).value(), world);
  EXPECT_EQ(present.get(Word::of(1, 0, 0, 7)).error().code, "UntrackedKey");

  World absent;
  absent.smt.set(Word::of(1, 0, 0, 6), Word::of(1, 0, 0, 0));
  absent.absent = {Word::of(1, 0, 0, 7)};
  const PartialSmt missing =
      PartialSmt::from_proofs({{naive_proof(absent.smt, absent.absent[0])}}).value();
  expect_same(from_bytes<PartialSmt>(to_bytes(missing)).value(), absent);
}

// What a PartialSmt's bytes are made of, to build damaged ones.
struct Parts {
  struct Node {
    uint64_t position;
    std::optional<Word> value;
  };
  Word root;
  std::vector<std::pair<uint8_t, std::vector<Node>>> levels;
  std::vector<std::pair<uint64_t, SmtLeaf>> leaves;
  std::vector<std::pair<uint64_t, Word>> value_only;

  Bytes bytes() const {
    ByteWriter writer;
    root.encode(writer);
    writer.u64(levels.size());
    for (const auto& [depth, nodes] : levels) {
      writer.u8(depth);
      writer.u64(nodes.size());
      for (const Node& node : nodes) {
        writer.u64(node.position);
        node.value ? node.value->encode(writer) : writer.u64(~uint64_t{0});
      }
    }
    writer.u64(leaves.size());
    for (const auto& [index, leaf] : leaves) writer.u64(index), leaf.encode(writer);
    writer.u64(value_only.size());
    for (const auto& [index, hash] : value_only) writer.u64(index), hash.encode(writer);
    return std::move(writer).take();
  }
};

// One leaf at index 0: every sibling is the right one and empty.
Parts single_leaf_parts() {
  const SmtLeaf leaf{0, {{Word::of(1, 0, 0, 0), Word::of(2, 0, 0, 0)}}};
  Parts parts;
  NaiveSmt smt;
  smt.set(leaf.entries[0].key, leaf.entries[0].value);
  parts.root = smt.root();
  for (uint8_t depth = 1; depth < 64; ++depth) parts.levels.push_back({depth, {{1, std::nullopt}}});
  parts.leaves.push_back({0, leaf});
  return parts;
}

TEST(PartialSmt, EncodesTheDocumentedForm) {
  const Parts parts = single_leaf_parts();
  const PartialSmt decoded = from_bytes<PartialSmt>(parts.bytes()).value();
  EXPECT_EQ(to_bytes(decoded), parts.bytes());
  EXPECT_EQ(decoded.entries(), parts.leaves[0].second.entries);
}

// The reference's reader cannot build such a chain before the nodes above the present leaf.
TEST(PartialSmt, ListsTheTopOfAChainWithoutLeaves) {
  const auto key_under = [](uint64_t top, uint64_t low) {
    return Word::of(0, 0, 0, top << 56 | low);
  };
  NaiveSmt smt;
  for (const uint64_t top : {0x10, 0x11, 0x90, 0x91}) {
    smt.set(key_under(top, 1), Word::of(top, 0, 0, 0));
  }
  const std::vector<SmtProof> proofs = {naive_proof(smt, key_under(0x10, 1)),
                                        naive_proof(smt, key_under(0x92, 1))};
  const Bytes bytes = to_bytes(PartialSmt::from_proofs(proofs).value());
  ByteWriter first_level;
  smt.root().encode(first_level);
  first_level.u64(63);
  first_level.u8(1);
  first_level.u64(1);
  first_level.u64(1);
  proofs[0].path.nodes.back().encode(first_level);
  const Bytes expected = std::move(first_level).take();
  EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(expected.size())),
            expected);
}

TEST(PartialSmt, AcceptsAnyOrderAndTheLastOfDuplicates) {
  const Parts good = single_leaf_parts();
  Parts shuffled = good;
  std::ranges::reverse(shuffled.levels);
  shuffled.levels.insert(shuffled.levels.begin(), {5, {{9, Word()}, {3, Word()}}});
  shuffled.leaves.insert(shuffled.leaves.begin(), {0, SmtLeaf{0, {}}});
  shuffled.levels.back().second.insert(shuffled.levels.back().second.begin(), {1, Word()});
  EXPECT_EQ(to_bytes(from_bytes<PartialSmt>(shuffled.bytes()).value()), good.bytes());
}

TEST(PartialSmt, RefusesDamagedBytes) {
  const auto refuses = [](std::string_view what, auto damage) {
    Parts bad = single_leaf_parts();
    damage(bad);
    const Result<PartialSmt> decoded = from_bytes<PartialSmt>(bad.bytes());
    ASSERT_FALSE(decoded.has_value()) << what;
    EXPECT_EQ(decoded.error().code, "InvalidValue") << what;
  };
  refuses("wrong root", [](Parts& p) { p.root = Word(); });
  refuses("missing sibling", [](Parts& p) { p.levels.erase(p.levels.begin() + 30); });
  refuses("wrong sibling", [](Parts& p) { p.levels[30].second[0].value = Word(); });
  refuses("position beyond depth", [](Parts& p) { p.levels[2].second[0].position = 8; });
  refuses("huge position", [](Parts& p) { p.levels[2].second[0].position = ~uint64_t{0}; });
  refuses("depth 0", [](Parts& p) { p.levels.push_back({0, {{0, Word()}}}); });
  refuses("depth 64", [](Parts& p) { p.levels.push_back({64, {{0, Word()}}}); });
  refuses("depth 255", [](Parts& p) { p.levels.push_back({255, {{0, Word()}}}); });
  refuses("an orphan", [](Parts& p) { p.levels[50].second.push_back({77, Word()}); });
  refuses("leaf under another index", [](Parts& p) { p.leaves[0].first = 1; });
  refuses("wrong leaf", [](Parts& p) { p.leaves[0].second.entries[0].value = Word(); });
  refuses("leaf hash out of place", [](Parts& p) {
    p.value_only.push_back({1, Word::of(1, 0, 0, 0)});
  });
}

TEST(PartialSmt, RefusesHugeCounts) {
  const auto decode = [](uint64_t levels, uint64_t nodes, uint64_t leaves, uint64_t hashes) {
    ByteWriter writer;
    Word().encode(writer);
    writer.u64(levels);
    if (levels > 0) writer.u8(3), writer.u64(nodes);
    writer.u64(leaves);
    writer.u64(hashes);
    return from_bytes<PartialSmt>(writer.view());
  };
  for (const uint64_t huge : {uint64_t{1} << 32, uint64_t{1} << 61, ~uint64_t{0}}) {
    EXPECT_EQ(decode(huge, 0, 0, 0).error().code, "UnexpectedEOF");
    EXPECT_EQ(decode(1, huge, 0, 0).error().code, "UnexpectedEOF");
    EXPECT_EQ(decode(0, 0, huge, 0).error().code, "UnexpectedEOF");
    EXPECT_EQ(decode(0, 0, 0, huge).error().code, "UnexpectedEOF");
  }
  EXPECT_TRUE(decode(0, 0, 0, 0).has_value());
}

TEST(PartialSmt, EveryTruncationAndByteFlipIsHandled) {
  std::mt19937_64 random(43);
  const World world = some_world(random, 12, 2);
  const Bytes bytes = to_bytes(PartialSmt::from_proofs(world.proofs).value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(from_bytes<PartialSmt>(ByteView(bytes).first(size)).has_value()) << size;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= static_cast<uint8_t>(1 + random() % 255);
    const Result<PartialSmt> decoded = from_bytes<PartialSmt>(damaged);
    if (!decoded) continue;
    EXPECT_EQ(decoded->root(), world.smt.root()) << "byte " << i;
  }
}

}  // namespace
}  // namespace miden
