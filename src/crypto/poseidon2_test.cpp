#include "crypto/poseidon2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
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

// Made with miden-crypto 0.25.1: elements and bytes count up from 0.
TEST(Poseidon2, HashesAsTheReference) {
  constexpr std::array<std::tuple<size_t, std::string_view, std::string_view>, 8> kElements = {
      {{1, "0xd8a01ab92b91580bb8e27b24405cfeabe6c55f0d7c1adf6e473fc62c754102b9",
        "0xbb49ba64dcb9f192da72303ea5d4fabe916a74b652ab592f855f1735603601fe"},
       {7, "0xd898ac90853a2c8b9fcea0b9715d5ba574aa9f6251ec8ceaa44c27aa9fb6d198",
        "0x727ffd72de289bd53d2a4c1c8a5fb67d442e2c9186b98daa6743137e3a1725ca"},
       {8, "0x1f85f52c5851b7c7d12cf9070f228bedd3a32b0922a014e25692a8395772f5f2",
        "0xc72dd33d526498132225816328da7826260ce34518e078681fce8cf648487993"},
       {9, "0xce283c373bcf7ebe328f9caf0c995c0c8c0fff548a10742a3c993d7a2fdc3f78",
        "0x8098b7105d6caa2f6dee72c21629e464b388ff08c7a61240d973394e560d2bfb"},
       {15, "0xaf197b8718ffd39f402d03a5b16752e02a46284a1d303a3dd3ba05c008ce6f11",
        "0xb50256791f1173b23aa62881e696bbfc90468d3fe6ff6c02dc573ffbda042d7f"},
       {16, "0x5ff2d955ad556911ea52437a5866b13aa905c4dd1e5bfe3db3bb673a2b29b7c2",
        "0x4938753d01b12feb89df70f5cf1f95322e7173d418f2cb46a5b78d3604dbfa3a"},
       {17, "0xea5ded20a2028fd7c0e7ab7fc8f5556eab5c65b6c00ee451e213bbebf99c4393",
        "0x74e233567c33c3816695d5240a28ab2e97f3cfa9d079aefbc996059ddab6fef1"},
       {40, "0x5d48a2364f018bd7b03bcb386bcd6dc157306d55585297d5a7d356dac8edfb6f",
        "0xa17d967621ae026643903d18752b903051f444afc662192b5db834b7fa93e640"}}};
  for (const auto& [length, digest, digest_in_domain] : kElements) {
    std::vector<Felt> elements;
    for (uint64_t i = 0; i < length; ++i) elements.push_back(Felt::from_canonical(i));
    EXPECT_EQ(hash_elements(elements).to_hex(), digest) << length;
    EXPECT_EQ(hash_elements_in_domain(elements, Felt::from_canonical(0x13af)).to_hex(),
              digest_in_domain)
        << length;
  }
  constexpr std::array<std::pair<size_t, std::string_view>, 10> kBytes = {
      {{1, "0x2b95d50cf7cbfca9ecd722e99615089f0d5e4b0cbac315e43b1b5a549b9c511d"},
       {6, "0xeda0e83d281b6040d21f17c86ae9e685575751659dbcfd4c336992b6937dea0e"},
       {7, "0x73057cbac448afc475c69c49feb99a2281d5e31549f7936d7deae3b95241aa7e"},
       {8, "0x4f2ab87b55035abaf0efcbdc3a249e0dac3299d3c478863002a8c358b91340a5"},
       {55, "0xfedfc06508db2f7b88a8e046efdb18d7c648dcba9197f0c3f87745d0a0f4d500"},
       {56, "0xb116e65d26d24098cae4bce2f52fd0ee2745e7396fb597b435b3409db093327b"},
       {57, "0x10b8a9c06fe962742e457be15f5d4e4ac8c0b183e11a36d991036a7f325b771a"},
       {63, "0x13b12972c4a90ebf750d59558bc474f1cc4093dae11cf858620631098cde128a"},
       {112, "0x3425d92c645f00c4ee8ab430d72e9f34d69ac7b88f88695e45b5498faaca5ad8"},
       {200, "0x2c618d1ad3765908cc7b773a2298e50f6dcb3734bf498c72d84f439071ce81ce"}}};
  for (const auto& [length, digest] : kBytes) {
    Bytes bytes(length);
    std::iota(bytes.begin(), bytes.end(), uint8_t{0});
    EXPECT_EQ(hash_bytes(bytes).to_hex(), digest) << length;
  }
}

// Made with miden-crypto 0.25.1: 100,000 merges of a chain with words of edge values.
TEST(Poseidon2, FollowsTheReferencesChain) {
  constexpr std::array<uint64_t, 8> kEdges = {0,
                                              1,
                                              0xffffffff,
                                              0x100000000,
                                              0xfffffffe00000001,
                                              0xffffffff00000000,
                                              0x7fffffff80000001,
                                              0x8000000000000000};
  Word link;
  uint64_t x = 12345;
  for (int i = 0; i < 100000; ++i) {
    Word edges;
    for (Felt& element : edges.elements) {
      x = x * 6364136223846793005 + 1442695040888963407;
      element = Felt::from_canonical(kEdges[x >> 61]);
    }
    link = merge(link, edges);
  }
  EXPECT_EQ(link.to_hex(), "0x3b2a47f93cf0ab79e7ca0dc42efb0404bb0db6bf5c370c1f36663fe6afce4b21");
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

// Values where limbs fill, carry and borrow; the last is random.
Felt edge_or_random(std::mt19937_64& random) {
  constexpr std::array<uint64_t, 12> kEdges = {0,
                                               1,
                                               2,
                                               Felt::kModulus - 1,
                                               Felt::kModulus - 2,
                                               0xffffffff,
                                               0x100000000,
                                               (uint64_t{1} << 52) - 1,
                                               uint64_t{1} << 52,
                                               0xfff0000000000000,
                                               0xfffffffe00000001,
                                               0x7fffffff80000001};
  const size_t choice = random() % (2 * kEdges.size());
  return choice < kEdges.size() ? Felt::from_canonical(kEdges[choice]) : Felt::reduce(random());
}

std::vector<Word> merge_one_by_one(std::span<const Word> pairs) {
  std::vector<Word> digests;
  for (size_t i = 0; i < pairs.size(); i += 2) digests.push_back(merge(pairs[i], pairs[i + 1]));
  return digests;
}

class EveryBackend : public testing::TestWithParam<Poseidon2Backend> {};

INSTANTIATE_TEST_SUITE_P(Poseidon2, EveryBackend,
                         testing::ValuesIn(available_poseidon2_backends().begin(),
                                           available_poseidon2_backends().end()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(EveryBackend, MergesAsTheScalarOne) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    for (size_t count = 0; count <= 40; ++count) {
      std::vector<Word> pairs(2 * count);
      for (Word& word : pairs) {
        for (Felt& element : word.elements) element = edge_or_random(random);
      }
      std::vector<Word> digests(count);
      merge_batch_on(GetParam(), pairs, digests);
      ASSERT_EQ(digests, merge_one_by_one(pairs)) << "seed " << seed << ", count " << count;
    }
  }
}

TEST_P(EveryBackend, MergesEqualLanes) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, Felt::kModulus - 1}) {
    const Word word = Word::of(value, value, value, value);
    const std::vector<Word> pairs(2 * 9, word);
    std::vector<Word> digests(9);
    merge_batch_on(GetParam(), pairs, digests);
    EXPECT_EQ(digests, std::vector<Word>(9, merge(word, word))) << value;
  }
}

TEST_P(EveryBackend, MergesInPlace) {
  std::mt19937_64 random(3);
  for (const size_t count : {1, 2, 7, 8, 9, 16, 31}) {
    std::vector<Word> words(2 * count);
    for (Word& word : words) {
      for (Felt& element : word.elements) element = edge_or_random(random);
    }
    const std::vector<Word> expected = merge_one_by_one(words);
    merge_batch_on(GetParam(), words, std::span(words).first(count));
    words.resize(count);
    EXPECT_EQ(words, expected) << "count " << count;
  }
}

// Each level of hashes becomes input: long chains reach values that nobody thought of.
TEST_P(EveryBackend, StaysRightOverLongChains) {
  constexpr unsigned kSeed = 4;
  std::mt19937_64 random(kSeed);
  std::vector<Word> words(32);
  for (Word& word : words) {
    for (Felt& element : word.elements) element = edge_or_random(random);
  }
  for (int step = 0; step < 500; ++step) {
    std::vector<Word> digests(16);
    merge_batch_on(GetParam(), words, digests);
    ASSERT_EQ(digests, merge_one_by_one(words)) << "seed " << kSeed << ", step " << step;
    std::copy(digests.begin(), digests.end(), words.begin() + (step % 2) * 16);
  }
}

TEST_P(EveryBackend, HashesElementsAsTheScalarOne) {
  constexpr unsigned kSeed = 5;
  std::mt19937_64 random(kSeed);
  for (size_t length = 0; length <= 40; ++length) {
    for (const size_t count : {0, 1, 3, 8, 13}) {
      std::vector<Felt> elements(length * count);
      std::generate(elements.begin(), elements.end(), [&] { return edge_or_random(random); });
      std::vector<Word> digests(count);
      hash_elements_batch_on(GetParam(), elements, length, digests);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(digests[i], hash_elements(std::span(elements).subspan(i * length, length)))
            << "seed " << kSeed << ", length " << length << ", input " << i << " of " << count;
      }
    }
  }
}

TEST(Poseidon2, MergesABatchOfAnySizeInPlace) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (size_t count = 0; count <= 40; ++count) {
    std::vector<Word> words(2 * count);
    for (Word& word : words) {
      for (Felt& element : word.elements) element = Felt::reduce(random());
    }
    const std::vector<Word> expected = merge_one_by_one(words);
    merge_batch(words, std::span(words).first(count));
    words.resize(count);
    ASSERT_EQ(words, expected) << "seed " << kSeed << ", " << count << " pairs";
  }
}

TEST(Poseidon2, UsesTheWidestBackendForBatches) {
  EXPECT_EQ(poseidon2_backend(), available_poseidon2_backends().back());
  std::mt19937_64 random(6);
  const std::vector<Felt> elements = random_felts(random, 8 * 11);
  std::vector<Word> pairs;
  for (size_t i = 0; i < elements.size(); i += 4) {
    pairs.emplace_back(elements[i], elements[i + 1], elements[i + 2], elements[i + 3]);
  }
  std::vector<Word> merged(11);
  merge_batch(pairs, merged);
  EXPECT_EQ(merged, merge_one_by_one(pairs));
  std::vector<Word> hashed(11);
  hash_elements_batch(elements, 8, hashed);
  EXPECT_EQ(hashed, merged);
  hash_elements_batch({}, 0, hashed);
  EXPECT_EQ(hashed, std::vector<Word>(11));
  for (size_t count = 0; count <= 20; ++count) {
    hashed.assign(count, Word());
    hash_elements_batch(std::span(elements).first(3 * count), 3, hashed);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(hashed[i], hash_elements(std::span(elements).subspan(3 * i, 3))) << count;
    }
  }
  const Felt domain = Felt::reduce(~uint64_t{0});
  merge_batch_in_domain(pairs, domain, merged);
  for (size_t i = 0; i < merged.size(); ++i) {
    EXPECT_EQ(merged[i], merge_in_domain(pairs[2 * i], pairs[2 * i + 1], domain));
  }
}

}  // namespace
}  // namespace miden
