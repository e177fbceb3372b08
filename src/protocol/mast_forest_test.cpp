#include "protocol/mast_forest.hpp"

#include <array>

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/mast_bytes.hpp"

namespace miden {
namespace {

constexpr uint64_t kJoin = 0, kSplit = 1, kLoop = 2, kBlock = 3, kCall = 4, kDyn = 6, kExternal = 8;
constexpr uint8_t kAdd = 0x22, kNoop = 0x00, kAssert = 0x20;

Word word(uint64_t n) { return Word::of(n, 0, 0, 0); }
Felt felt(uint64_t value) { return Felt::from_canonical(value); }

// push.5 add; the operand takes the group after the operations'.
Bytes small_block() { return block_bytes(2, push_bytes(5) + Bytes{kAdd}, {2}); }
Word small_block_digest() {
  std::array<Felt, 8> groups{};
  groups[0] = felt(0x5b | kAdd << 7);
  groups[1] = felt(5);
  return hash_elements(groups);
}

// A block, an external node, and their join, which is the only procedure.
ForestParts small_forest() {
  ForestParts parts;
  parts.internal_count = 2;
  parts.external_count = 1;
  parts.roots = {2};
  parts.blocks = small_block();
  parts.entries = {node_entry(kBlock, 0), node_entry(kExternal), node_entry(kJoin, 0, 1)};
  parts.external_digests = {word(77)};
  parts.internal_digests = {small_block_digest(),
                            merge_in_domain(small_block_digest(), word(77), felt(0x57))};
  parts.debug_info = empty_debug_info(3);
  return parts;
}

std::string outcome_of(const ForestParts& parts) {
  return outcome(from_bytes<MastForest>(parts.bytes()));
}
std::string reencoded(const ForestParts& parts) {
  const auto forest = from_bytes<MastForest>(parts.bytes());
  return forest ? to_hex(to_bytes(*forest)) : forest.error().message;
}
std::string hex_of(const ForestParts& parts) { return to_hex(parts.bytes()); }

// A forest of that block alone.
ForestParts forest_of_block(const Bytes& block) {
  ForestParts parts;
  parts.internal_count = 1;
  parts.blocks = block;
  parts.entries = {node_entry(kBlock, 0)};
  parts.internal_digests = {word(1)};
  parts.debug_info = empty_debug_info(1);
  return parts;
}

TEST(MastForest, FindsRootsAndDigests) {
  const MastForest forest = from_bytes<MastForest>(small_forest().bytes()).value();
  EXPECT_EQ(forest.node_count(), 3u);
  EXPECT_EQ(forest.roots(), std::vector<uint32_t>{2});
  EXPECT_EQ(forest.digest_of(0), small_block_digest());
  EXPECT_EQ(forest.digest_of(1), word(77));
  EXPECT_EQ(outcome(forest.digest_of(3)), "InvalidNodeId");
  EXPECT_TRUE(forest.has_procedure(*forest.digest_of(2)));
  EXPECT_FALSE(forest.has_procedure(word(77)));
}

TEST(MastForest, CopiesCanonicalBytes) {
  EXPECT_EQ(reencoded(small_forest()), hex_of(small_forest()));
}

TEST(MastForest, SurvivesDamage) {
  expect_robust_encoding(from_bytes<MastForest>(small_forest().bytes()).value());
}

TEST(MastForest, ReadsNoFurtherThanItsEnd) {
  Bytes bytes = small_forest().bytes();
  const size_t size = bytes.size();
  bytes.push_back(0x99);
  ByteReader reader(bytes);
  ASSERT_TRUE(MastForest::decode(reader));
  EXPECT_EQ(bytes.size() - reader.remaining(), size);
}

TEST(MastForest, WritesStrippedForestsWithEmptyDebugInformation) {
  ForestParts stripped = small_forest();
  stripped.flags = 1;
  stripped.debug_info = {};
  EXPECT_EQ(reencoded(stripped), hex_of(small_forest()));
}

TEST(MastForest, ForgetsDebugInformation) {
  ForestParts parts = small_forest();
  Bytes with_error_code = parts.debug_info;
  const Bytes code = Bytes{0x03} + Bytes{7, 0, 0, 0, 0, 0, 0, 0} + Bytes{0x05, 'o', 'k'};
  with_error_code.erase(with_error_code.begin() + 4);
  with_error_code.insert(with_error_code.begin() + 4, code.begin(), code.end());
  parts.debug_info = with_error_code;
  const MastForest forest = from_bytes<MastForest>(parts.bytes()).value();
  EXPECT_EQ(to_hex(to_bytes(forest)), hex_of(parts));
  EXPECT_EQ(to_hex(to_bytes(forest.without_debug_info())), hex_of(small_forest()));
  EXPECT_EQ(forest.without_debug_info().roots(), forest.roots());
}

TEST(MastForest, OfNoNodesIsTheDefault) {
  ForestParts none;
  none.debug_info = empty_debug_info(0);
  EXPECT_EQ(to_hex(to_bytes(MastForest())), hex_of(none));
  EXPECT_EQ(from_bytes<MastForest>(none.bytes()), MastForest());
  EXPECT_EQ(MastForest().without_debug_info(), MastForest());
}

TEST(MastForest, DropsRepeatedRootsInPlace) {
  ForestParts parts = small_forest();
  parts.roots = {2, 0, 2, 0, 1};
  ForestParts once = small_forest();
  once.roots = {2, 0, 1};
  EXPECT_EQ(reencoded(parts), hex_of(once));
}

TEST(MastForest, SortsItsAdviceAndKeepsTheLastOfEqualKeys) {
  const auto entry = [](uint64_t key, uint64_t value) {
    ByteWriter writer;
    word(key).encode(writer);
    writer.vint(1);
    writer.u64(value);
    return std::move(writer).take();
  };
  ForestParts parts = small_forest();
  parts.advice_map = Bytes{0x07} + entry(9, 1) + entry(4, 2) + entry(9, 3);
  ForestParts sorted = small_forest();
  sorted.advice_map = Bytes{0x05} + entry(4, 2) + entry(9, 3);
  EXPECT_EQ(reencoded(parts), hex_of(sorted));
  parts.advice_map = Bytes{0x03} + entry(9, Felt::kModulus);
  EXPECT_EQ(outcome_of(parts), "InvalidValue");
}

TEST(MastForest, LaysItsBlocksOutInNodeOrder) {
  const Bytes one = block_bytes(1, {kAdd}, {1});
  ForestParts parts = small_forest();
  parts.entries[1] = node_entry(kBlock, 1);
  parts.internal_count = 3;
  parts.external_count = 0;
  parts.internal_digests = {word(1), word(2), word(3)};
  parts.external_digests = {};
  // A byte that no node refers to, then the second node's block, then the first's.
  parts.blocks = Bytes{0xff} + one + small_block();
  parts.entries[0] = node_entry(kBlock, 1 + one.size());

  ForestParts ordered = parts;
  ordered.blocks = small_block() + one;
  ordered.entries[0] = node_entry(kBlock, 0);
  ordered.entries[1] = node_entry(kBlock, small_block().size());
  EXPECT_EQ(reencoded(parts), hex_of(ordered));
}

TEST(MastForest, GivesEachNodeItsOwnCopyOfASharedBlock) {
  ForestParts parts = forest_of_block(small_block());
  parts.internal_count = 2;
  parts.entries = {node_entry(kBlock, 0), node_entry(kBlock, 0)};
  parts.internal_digests = {word(1), word(1)};
  parts.debug_info = empty_debug_info(2);
  ForestParts copies = parts;
  copies.blocks = small_block() + small_block();
  copies.entries[1] = node_entry(kBlock, small_block().size());
  EXPECT_EQ(reencoded(parts), hex_of(copies));
}

TEST(MastForest, RefusesBlocksSharedBeyondMeasure) {
  ForestParts parts = forest_of_block(block_bytes(2000, Bytes(2000, kAdd), {}));
  parts.internal_count = 100000;
  parts.entries.assign(parts.internal_count, node_entry(kBlock, 0));
  parts.internal_digests.assign(parts.internal_count, word(1));
  parts.debug_info = empty_debug_info(parts.internal_count);
  EXPECT_EQ(outcome_of(parts), "InvalidValue");
}

TEST(MastForest, DropsOperationsThatNoBatchCovers) {
  const Bytes longer =
      block_bytes(4, push_bytes(5) + Bytes{kAdd} + push_bytes(6) + Bytes{kAdd}, {2});
  EXPECT_EQ(reencoded(forest_of_block(longer)), hex_of(forest_of_block(small_block())));
}

TEST(MastForest, ShortensCountsThatTakeMoreBytesThanTheyNeed) {
  Bytes bytes = small_forest().bytes();
  ASSERT_EQ(bytes[8], 0x05);  // two internal nodes
  bytes.erase(bytes.begin() + 8);
  const Bytes long_two = {0x00, 2, 0, 0, 0, 0, 0, 0, 0};
  bytes.insert(bytes.begin() + 8, long_two.begin(), long_two.end());
  EXPECT_EQ(to_hex(to_bytes(from_bytes<MastForest>(bytes).value())), hex_of(small_forest()));
}

TEST(MastForest, RefusesHeadersItDoesNotKnow) {
  const Bytes good = small_forest().bytes();
  const auto with = [&](size_t index, uint8_t value) {
    Bytes bytes = good;
    bytes[index] = value;
    return outcome(from_bytes<MastForest>(bytes));
  };
  EXPECT_EQ(with(0, 'm'), "InvalidValue");
  EXPECT_EQ(with(4, 2), "InvalidValue");  // without digests
  EXPECT_EQ(with(4, 3), "InvalidValue");
  EXPECT_EQ(with(4, 4), "InvalidValue");  // unknown flag
  EXPECT_EQ(with(7, 4), "InvalidValue");  // unknown version
}

TEST(MastForest, RefusesReferencesOutOfRange) {
  ForestParts parts = small_forest();
  parts.roots = {3};
  EXPECT_EQ(outcome_of(parts), "InvalidValue");
  for (const uint64_t entry :
       {node_entry(kJoin, 3, 0), node_entry(kSplit, 0, 3), node_entry(kLoop, 3),
        node_entry(kCall, 3), node_entry(kCall, uint64_t{1} << 32), node_entry(9),
        node_entry(15)}) {
    parts = small_forest();
    parts.entries[2] = entry;
    EXPECT_EQ(outcome_of(parts), "InvalidValue") << std::hex << entry;
  }
  parts = small_forest();
  parts.entries[0] = node_entry(kBlock, parts.blocks.size() + 1);
  EXPECT_EQ(outcome_of(parts), "InvalidValue");
  parts = small_forest();
  parts.entries[0] = node_entry(kExternal);  // two, where the header says one
  EXPECT_EQ(outcome_of(parts), "InvalidValue");
}

TEST(MastForest, AcceptsReferencesForwardAndDigestsUnchecked) {
  ForestParts parts = small_forest();
  parts.entries[2] = node_entry(kJoin, 2, 2);
  parts.internal_digests = {word(1), word(2)};
  EXPECT_EQ(reencoded(parts), hex_of(parts));
}

TEST(MastForest, IgnoresThePayloadOfNodesThatNeedNone) {
  ForestParts parts = small_forest();
  parts.entries[1] |= 12345;
  EXPECT_EQ(reencoded(parts), hex_of(small_forest()));
}

TEST(BasicBlock, ChecksBatchesAndPadding) {
  const auto outcome_of_block = [](const Bytes& block) {
    return outcome_of(forest_of_block(block));
  };
  const Bytes ops = push_bytes(5) + Bytes{kAdd};
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {2})), "ok");
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {3})), "InvalidValue");   // more than there are
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {10})), "InvalidValue");  // nine at most
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {1, 1})),
            "InvalidValue");  // operand's place taken
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {0, 0, 0, 0, 0, 0, 0, 2})), "InvalidValue");
  EXPECT_EQ(outcome_of_block(block_bytes(2, Bytes{kAdd, kNoop}, {2}, 0b1)), "ok");
  EXPECT_EQ(outcome_of_block(block_bytes(1, Bytes{kAdd}, {1}, 0b1)), "InvalidValue");
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {2}, 0b10)), "InvalidValue");  // operand's group
  EXPECT_EQ(outcome_of_block(block_bytes(2, ops, {2}, 0b100)), "ok");  // a group that is not there
  EXPECT_EQ(outcome_of_block(block_bytes(0, {}, {})), "ok");
  EXPECT_EQ(outcome_of_block(Bytes{0x01, 0, 0, 0, 0}), "InvalidValue");  // no batch
  EXPECT_EQ(outcome_of_block(Bytes{0x01, 9, 0, 0, 0}), "UnexpectedEOF");
}

TEST(BasicBlock, KnowsWhichOpcodesMayStandInIt) {
  const auto is_opcode = [](uint8_t opcode) {
    for (const Bytes& operand : {Bytes{}, Bytes(8, 0)}) {
      const Bytes block = block_bytes(1, Bytes{opcode} + operand, {1});
      if (from_bytes<MastForest>(forest_of_block(block).bytes())) return true;
    }
    return false;
  };
  std::string opcodes;
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    if (is_opcode(static_cast<uint8_t>(opcode)))
      opcodes += to_hex(Bytes{static_cast<uint8_t>(opcode)});
  }
  EXPECT_EQ(opcodes,
            "000102030405"
            "0708090a0b0c0d0e0f"
            "101112131415161718191a1b1c1d1e1f"
            "202122232425262728292a2b2c2d2e"
            "303132333435363738393a3b3c3d3e3f"
            "40424446484a4c4e"
            "50515253595a5b5d5e"
            "6064");
}

TEST(BasicBlock, MustHaveFieldElementsAsOperands) {
  for (const uint8_t opcode : std::initializer_list<uint8_t>{kAssert, 0x4a, 0x51, 0x5b}) {
    Bytes operation = push_bytes(Felt::kModulus);
    operation[0] = opcode;
    EXPECT_EQ(outcome_of(forest_of_block(block_bytes(1, operation, {1}))), "InvalidValue");
    operation = push_bytes(Felt::kModulus - 1);
    operation[0] = opcode;
    EXPECT_EQ(outcome_of(forest_of_block(block_bytes(1, operation, {1}))), "ok");
  }
}

TEST(MastForestValidate, RecomputesDigests) {
  const auto verdict = [](const ForestParts& parts) {
    return outcome(from_bytes<MastForest>(parts.bytes()).value().validate());
  };
  EXPECT_EQ(verdict(small_forest()), "ok");
  ForestParts parts = small_forest();
  parts.internal_digests[0] = word(5);
  EXPECT_EQ(verdict(parts), "HashMismatch");
  parts = small_forest();
  parts.internal_digests[1] = word(5);
  EXPECT_EQ(verdict(parts), "HashMismatch");
  parts = small_forest();
  parts.entries[2] = node_entry(kJoin, 0, 2);
  EXPECT_EQ(verdict(parts), "ForwardReference");
  parts = small_forest();
  parts.entries[2] = node_entry(kDyn);
  parts.internal_digests[1] = Word::of(16952228088962355159u, 5793482471479538911u,
                                       14446299416172848527u, 13522295374716441620u);
  EXPECT_EQ(verdict(parts), "ok");
}

TEST(MastForestValidate, ChecksBatches) {
  const auto verdict = [](const Bytes& block) {
    return outcome(from_bytes<MastForest>(forest_of_block(block).bytes()).value().validate());
  };
  EXPECT_EQ(verdict(block_bytes(1, {kAdd}, {1})), "HashMismatch");
  EXPECT_EQ(verdict(block_bytes(0, {}, {})), "InvalidBatch");                     // no group
  EXPECT_EQ(verdict(block_bytes(3, Bytes(3, kAdd), {1, 1, 1})), "InvalidBatch");  // three groups
  EXPECT_EQ(verdict(block_bytes(1, push_bytes(1), {1})), "InvalidBatch");  // ends with a push
}

}  // namespace
}  // namespace miden
