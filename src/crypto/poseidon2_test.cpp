#include "crypto/poseidon2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace miden {
namespace {

HashState state_of(const std::array<uint64_t, 12>& values) {
  HashState state;
  std::transform(values.begin(), values.end(), state.begin(), Felt::from_canonical);
  return state;
}

std::vector<Felt> random_felts(std::mt19937_64& random, size_t count) {
  std::vector<Felt> felts(count);
  std::generate(felts.begin(), felts.end(), [&] { return Felt::reduce(random()); });
  return felts;
}

// spec/crypto.md §3.4.
TEST(Poseidon2, PermutesTheReferenceVector) {
  HashState state = state_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  permute(state);
  EXPECT_EQ(state, state_of({0xf292ab67c0f14b03, 0x0a32f1b37656544c, 0x053c61ab895498de,
                             0x02ff92e55b196ffb, 0x58176e8f6f58cab2, 0xb0aa1206e7aec0f8,
                             0xe90c13f3dce83ca4, 0xf4da15333edf39c2, 0x23b701c053c2ca6c,
                             0xd233d593dcdfbf58, 0x4effa5f9516fb52e, 0x0aaf4489f1f40166}));
}

// spec/crypto.md §3.4 and spec/types.md §16: E_k is the root of an empty tree of depth k.
TEST(Poseidon2, GivesTheRootsOfEmptyTrees) {
  std::vector<Word> roots = {Word()};
  while (roots.size() < 256) roots.push_back(merge(roots.back(), roots.back()));
  EXPECT_EQ(roots[1].to_hex(),
            "0x36f89f79b9a8315b084b0fe64f1785e37c76508de86b2ce8e28189a1b6f37827");
  EXPECT_EQ(roots[10].to_hex(),
            "0x5f11964952c4011277e665e461738b298716b2c0bd6e60b53d217dc4b84f6af7");
  EXPECT_EQ(roots[16].to_hex(),
            "0xa9dbd47f245bdfb8db210428b8b8b3e5f6e89ae32ff335de02e7b30002c2523a");
  EXPECT_EQ(roots[64].to_hex(),
            "0x2d2a45733b612b370c67837c9e92262316d7ef884d02a624418fee262203da9a");
  EXPECT_EQ(roots[255], Word::of(0x4c4f25c381e6b418, 0x4efaef9f33cf00b3, 0x9b4ccd92de23bca0,
                                 0x5cbbdf50c70326fb));
}

TEST(Poseidon2, MergesInADomain) {
  EXPECT_EQ(merge_in_domain(Word(), Word(), Felt::from_canonical(0x58)),
            Word::of(16952228088962355159u, 5793482471479538911u, 14446299416172848527u,
                     13522295374716441620u));
  EXPECT_EQ(merge_in_domain(Word(), Word(), Felt::from_canonical(0x5c)),
            Word::of(16830415514927835337u, 12164645914672292987u, 13192574193032437705u,
                     4604554596675732269u));
  // A single-entry leaf of a sparse Merkle tree.
  EXPECT_EQ(
      merge_in_domain(Word::of(1, 2, 3, 4), Word::of(5, 6, 7, 8), Felt::from_canonical(0x13af))
          .to_hex(),
      "0x888987d356a30160141cd48e84221c14a17de3815e214d0ceebbec2f2116de12");
}

TEST(Poseidon2, HashesElements) {
  EXPECT_EQ(hash_elements({}), Word());
  EXPECT_EQ(hash_elements(std::array{Felt::from_canonical(1)}).to_hex(),
            "0x48aa1a72f1245987c683b0ff7a89fe9eee9d204174ab95f5c85dbb21f6722f71");
  EXPECT_EQ(hash_words(std::vector<Word>(16)).to_hex(),
            "0xb36ec812745f75211f23fa488295c2b5086b0c6e331c0f33f24f04c30c27db70");
  const Word left = Word::of(1, 2, 3, 4);
  const Word right = Word::of(5, 6, 7, 8);
  EXPECT_EQ(hash_words(std::array{left, right}), merge(left, right));
}

// spec/types.md §16: a block's sub-commitment (40 elements) and commitment.
TEST(Poseidon2, HashesABlockHeader) {
  std::vector<Word> words(10);
  words[8] = Word::of(0, 0, 0x7fffffffffffff00, 0x7ffffffffffffff1);
  const Word sub_commitment = hash_words(words);
  EXPECT_EQ(sub_commitment.to_hex(),
            "0x2e492212319ec2fe2eb50454ef341ab52e02b9ca536df333baab263ec4d27c90");
  EXPECT_EQ(merge(sub_commitment, Word()).to_hex(),
            "0xd4a1f30c9858313fa64fb0e8b35d1d01929a06bdd5b62420364dea5222c87c83");
}

TEST(Poseidon2, FeedsPiecewiseAsAtOnce) {
  std::mt19937_64 random(1);
  for (size_t length = 0; length <= 40; ++length) {
    const std::vector<Felt> elements = random_felts(random, length);
    SequentialHash hash(length);
    for (const Felt element : elements) hash.add(element);
    EXPECT_EQ(std::move(hash).finish(), hash_elements(elements)) << "length " << length;
  }
}

// The rule of spec/crypto.md §3.2 in its plain words: chunk, terminate, absorb.
Word hash_bytes_by_the_rule(ByteView bytes) {
  if (bytes.empty()) return {};
  std::vector<uint64_t> chunks((bytes.size() + 6) / 7);
  for (size_t i = 0; i < bytes.size(); ++i) {
    chunks[i / 7] |= static_cast<uint64_t>(bytes[i]) << (8 * (i % 7));
  }
  chunks.back() |= uint64_t{1} << (8 * ((bytes.size() - 1) % 7 + 1));
  HashState state{};
  state[8] = Felt::from_canonical(8 + chunks.size() % 8);
  for (size_t i = 0; i < chunks.size(); i += 8) {
    for (size_t j = 0; j < 8; ++j) {
      state[j] = i + j < chunks.size() ? Felt::from_canonical(chunks[i + j]) : Felt();
    }
    permute(state);
  }
  return {state[0], state[1], state[2], state[3]};
}

TEST(Poseidon2, HashesBytes) {
  std::mt19937_64 random(2);
  for (size_t length = 0; length <= 200; ++length) {
    Bytes bytes(length);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<uint8_t>(random()); });
    EXPECT_EQ(hash_bytes(bytes), hash_bytes_by_the_rule(bytes)) << "length " << length;
  }
}

}  // namespace
}  // namespace miden
