#include "merkle/mmr.hpp"

#include <gtest/gtest.h>

#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

constexpr uint64_t kMany = 300;

// leaf(n) = [n, 0, 0, 0] hashed once, so that no leaf looks like an inner node.
std::vector<Word> some_leaves(uint64_t count) {
  std::vector<Word> leaves;
  for (uint64_t n = 0; n < count; ++n) leaves.push_back(merge(Word::of(n, 0, 0, 0), Word()));
  return leaves;
}

Mmr mmr_of(std::span<const Word> leaves) {
  Mmr mmr;
  for (const Word& leaf : leaves) mmr.add(leaf);
  return mmr;
}

TEST(HashPeaks, OfNoPeaksEqualsThePublishedValue) {
  EXPECT_EQ(hash_peaks({}).to_hex(),
            "0xb36ec812745f75211f23fa488295c2b5086b0c6e331c0f33f24f04c30c27db70");
}

TEST(HashPeaks, PadsToSixteenThenToAnEvenNumber) {
  const std::vector<Word> peaks = some_leaves(19);
  for (size_t count = 0; count <= peaks.size(); ++count) {
    std::vector<Word> padded(peaks.begin(), peaks.begin() + static_cast<ptrdiff_t>(count));
    padded.resize(count < 16 ? 16 : count + count % 2);
    EXPECT_EQ(hash_peaks(std::span(peaks).first(count)), hash_words(padded)) << count << " peaks";
  }
}

TEST(MmrPeaks, RefusesAWrongNumberOfPeaks) {
  EXPECT_TRUE(MmrPeaks::make(5, some_leaves(2)).has_value());
  EXPECT_EQ(MmrPeaks::make(5, some_leaves(1)).error().code, "InvalidPeaks");
  EXPECT_EQ(MmrPeaks::make(0, some_leaves(1)).error().code, "InvalidPeaks");
  EXPECT_EQ(MmrPeaks::make(uint64_t{1} << 32, some_leaves(1)).error().code, "InvalidPeaks");
}

TEST(Mmr, HasThePeaksOfFullTreesAtEveryCount) {
  const std::vector<Word> leaves = some_leaves(kMany);
  const Mmr mmr = mmr_of(leaves);
  MmrPeaks grown;
  for (uint64_t n = 0; n <= kMany; ++n) {
    const MmrPeaks expected{n, naive_peaks(std::span(leaves).first(n))};
    EXPECT_EQ(mmr.peaks_at(n), expected) << n << " leaves";
    EXPECT_EQ(grown, expected) << n << " leaves";
    if (n < kMany) {
      EXPECT_EQ(mmr.leaf(n), leaves[n]);
      grown.add(leaves[n]);
    }
  }
}

TEST(Mmr, OpensEveryPositionAtEveryCount) {
  const std::vector<Word> leaves = some_leaves(kMany);
  const Mmr mmr = mmr_of(leaves);
  for (uint64_t n = 1; n <= kMany; n = n < 70 ? n + 1 : n + 23) {
    const std::span range = std::span(leaves).first(n);
    for (uint64_t position = 0; position < n; ++position) {
      const MmrProof expected{n, position, {naive_mmr_path(range, position)}};
      ASSERT_EQ(mmr.open_at(position, n).value(), expected) << position << " of " << n;
    }
  }
  EXPECT_EQ(mmr.open_at(5, 5).error().code, "PositionNotFound");
  EXPECT_EQ(mmr.open_at(kMany, kMany).error().code, "PositionNotFound");
  EXPECT_EQ(mmr.open_at(0, kMany + 1).error().code, "PositionNotFound");
}

TEST(Mmr, RefusesBackwardAndUnknownDeltas) {
  const Mmr mmr = mmr_of(some_leaves(10));
  EXPECT_EQ(mmr.delta(5, 4).error().code, "InvalidRange");
  EXPECT_EQ(mmr.delta(5, 11).error().code, "InvalidRange");
  EXPECT_EQ(mmr.delta(7, 7).value(), (MmrDelta{7, {}}));
}

// Holders of every count, each tracking some leaves, are brought to every later count.
TEST(PartialMmr, FollowsEveryDelta) {
  constexpr uint64_t kCount = 130;
  const std::vector<Word> leaves = some_leaves(kCount);
  const Mmr mmr = mmr_of(leaves);
  std::mt19937_64 random(4);
  for (uint64_t from = 0; from <= kCount; ++from) {
    PartialMmr holder = PartialMmr::from_peaks(mmr.peaks_at(from));
    for (uint64_t position = 0; position < from; ++position) {
      if (random() % 3 != 0 && position + 1 != from) continue;
      const MmrProof proof = mmr.open_at(position, from).value();
      ASSERT_TRUE(holder.track(position, leaves[position], proof.path).has_value());
    }
    for (uint64_t to = from; to <= kCount; ++to) {
      SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
      PartialMmr moved = holder;
      ASSERT_TRUE(moved.apply(mmr.delta(from, to).value()).has_value());
      ASSERT_EQ(moved.peaks(), mmr.peaks_at(to));
      ASSERT_EQ(moved.tracked(), holder.tracked());
      if (to % 7 != 0 && to - from > 20) continue;
      for (const uint64_t position : moved.tracked()) {
        ASSERT_EQ(moved.open(position).value(), mmr.open_at(position, to).value());
      }
      const PartialMmr copy = from_bytes<PartialMmr>(to_bytes(moved)).value();
      ASSERT_EQ(to_bytes(copy), to_bytes(moved));
    }
  }
}

TEST(PartialMmr, FollowsSingleLeavesAndTracksThem) {
  const std::vector<Word> leaves = some_leaves(kMany);
  const Mmr mmr = mmr_of(leaves);
  std::mt19937_64 random(5);
  PartialMmr partial;
  for (uint64_t n = 0; n < kMany; ++n) {
    const bool track = random() % 5 == 0;
    partial.add(leaves[n], track);
    ASSERT_EQ(partial.peaks(), mmr.peaks_at(n + 1));
    ASSERT_EQ(partial.is_tracked(n), track);
    ASSERT_EQ(partial.tracked_leaf(n), track ? std::optional(leaves[n]) : std::nullopt);
    for (const uint64_t position : partial.tracked()) {
      ASSERT_EQ(partial.open(position).value(), mmr.open_at(position, n + 1).value());
    }
  }
  EXPECT_EQ(partial.tracked_leaf(kMany), std::nullopt);
  EXPECT_EQ(partial.open(kMany).error().code, "PositionNotFound");
}

TEST(PartialMmr, RefusesPathsThatDoNotLeadToThePeak) {
  const std::vector<Word> leaves = some_leaves(11);
  const Mmr mmr = mmr_of(leaves);
  PartialMmr partial = PartialMmr::from_peaks(mmr.peaks());
  const MerklePath path = mmr.open_at(3, 11)->path;
  EXPECT_EQ(partial.track(3, leaves[4], path).error().code, "InvalidPath");
  EXPECT_EQ(partial.track(2, leaves[3], path).error().code, "InvalidPath");
  EXPECT_EQ(partial.track(9, leaves[3], path).error().code, "InvalidPath");
  EXPECT_EQ(partial.track(11, leaves[3], path).error().code, "InvalidPath");
  EXPECT_EQ(partial.track(~uint64_t{0}, leaves[3], path).error().code, "InvalidPath");
  MerklePath longer = path;
  longer.siblings.push_back(Word());
  EXPECT_EQ(partial.track(3, leaves[3], longer).error().code, "InvalidPath");
  EXPECT_TRUE(partial.tracked().empty());
  EXPECT_TRUE(partial.track(3, leaves[3], path).has_value());
}

TEST(PartialMmr, RefusesDeltasThatDoNotFit) {
  const Mmr mmr = mmr_of(some_leaves(20));
  PartialMmr partial = PartialMmr::from_peaks(mmr.peaks_at(11));
  MmrDelta delta = mmr.delta(11, 20).value();
  EXPECT_EQ(partial.apply({10, {}}).error().code, "InvalidPeaks");
  EXPECT_EQ(partial.apply({uint64_t{1} << 40, delta.data}).error().code, "InvalidPeaks");
  EXPECT_EQ(partial.apply({11, delta.data}).error().code, "InvalidUpdate");
  EXPECT_EQ(partial.apply({20, {}}).error().code, "InvalidUpdate");
  delta.data.push_back(Word());
  EXPECT_EQ(partial.apply(delta).error().code, "InvalidUpdate");
  EXPECT_EQ(partial.peaks(), mmr.peaks_at(11));
}

// What a PartialMmr's bytes are made of, to build damaged ones.
struct Parts {
  uint64_t num_leaves = 0;
  std::vector<Word> peaks;
  std::vector<std::pair<uint64_t, Word>> nodes;
  uint8_t marker = 0xff;
  std::vector<uint64_t> tracked;

  Result<PartialMmr> decode() const {
    ByteWriter writer;
    writer.vint(num_leaves);
    encode_vec(writer, peaks);
    writer.vint(nodes.size());
    for (const auto& [index, node] : nodes) writer.vint(index), node.encode(writer);
    writer.u8(marker);
    writer.vint(tracked.size());
    for (const uint64_t position : tracked) writer.vint(position);
    return from_bytes<PartialMmr>(writer.view());
  }
};

// Seven leaves: trees of 4, 2 and 1; position 1 tracked.
Parts tracked_parts(std::span<const Word> leaves) {
  return {7,
          naive_peaks(leaves),
          {{1, leaves[0]}, {3, leaves[1]}, {6, merge(leaves[2], leaves[3])}},
          0xff,
          {1}};
}

TEST(PartialMmr, DecodesTrackedLeaves) {
  const std::vector<Word> leaves = some_leaves(7);
  const PartialMmr partial = tracked_parts(leaves).decode().value();
  EXPECT_EQ(partial.open(1).value(), mmr_of(leaves).open_at(1, 7).value());
}

TEST(PartialMmr, RefusesDamagedBytes) {
  const std::vector<Word> leaves = some_leaves(7);
  const Parts good = tracked_parts(leaves);
  ASSERT_TRUE(good.decode().has_value());
  const auto refuses = [&](std::string_view what, auto damage) {
    Parts bad = good;
    damage(bad);
    const Result<PartialMmr> decoded = bad.decode();
    ASSERT_FALSE(decoded.has_value()) << what;
    EXPECT_EQ(decoded.error().code, "InvalidValue") << what;
  };
  refuses("marker", [](Parts& p) { p.marker = 0xfe; });
  refuses("too few peaks", [](Parts& p) { p.peaks.pop_back(); });
  refuses("too many leaves", [](Parts& p) { p.num_leaves |= uint64_t{1} << 40; });
  refuses("index 0", [](Parts& p) { p.nodes.push_back({0, Word()}); });
  refuses("separator 8", [](Parts& p) { p.nodes.push_back({8, Word()}); });
  refuses("separator 12", [](Parts& p) { p.nodes.push_back({12, Word()}); });
  refuses("index 14", [](Parts& p) { p.nodes.push_back({14, Word()}); });
  refuses("huge index", [](Parts& p) { p.nodes.push_back({~uint64_t{0}, Word()}); });
  refuses("top bit", [](Parts& p) { p.nodes.push_back({uint64_t{1} << 63, Word()}); });
  refuses("tracked beyond", [](Parts& p) { p.tracked.push_back(7); });
  refuses("tracked far beyond", [](Parts& p) { p.tracked.push_back(~uint64_t{0}); });
  refuses("tracked without value", [](Parts& p) { p.tracked.push_back(2); });
  refuses("lacks sibling", [](Parts& p) { p.nodes.erase(p.nodes.begin()); });
  refuses("lacks upper sibling", [](Parts& p) { p.nodes.pop_back(); });
  refuses("wrong value", [](Parts& p) { p.nodes[1].second = Word(); });
  refuses("wrong peak", [](Parts& p) { p.peaks[0] = Word(); });
  refuses("wrong inner node", [](Parts& p) { p.nodes.push_back({2, Word()}); });
  Parts extra = good;
  for (const uint64_t valid : {2, 4, 5, 7, 9, 10, 11, 13}) {
    extra.nodes.push_back({valid, Word()});
  }
  extra.tracked.clear();
  EXPECT_TRUE(extra.decode().has_value()) << "nodes of the forest that no tracked leaf needs";
}

TEST(PartialMmr, RefusesHugeCounts) {
  for (const int where : {0, 1, 2}) {
    ByteWriter writer;
    writer.vint(0);
    writer.vint(where == 0 ? uint64_t{1} << 59 : 0);
    if (where > 0) writer.vint(where == 1 ? uint64_t{1} << 59 : 0);
    if (where > 1) writer.u8(0xff), writer.vint(~uint64_t{0});
    EXPECT_EQ(from_bytes<PartialMmr>(writer.view()).error().code, "UnexpectedEOF");
  }
}

TEST(PartialMmr, EveryTruncationIsAnError) {
  const std::vector<Word> leaves = some_leaves(7);
  const Bytes bytes = to_bytes(tracked_parts(leaves).decode().value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(from_bytes<PartialMmr>(ByteView(bytes).first(size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace miden
