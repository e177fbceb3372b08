#include "protocol/partial_blockchain.hpp"

#include <gtest/gtest.h>

#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

TEST(PartialBlockchain, HoldsTheHeadersOfAChainItCommitsTo) {
  const TestChain chain(11);
  const PartialBlockchain& before = chain.before_tip();
  EXPECT_EQ(before.chain_length(), 11u);
  EXPECT_EQ(before.headers().size(), 11u);
  EXPECT_EQ(before.find({11}), nullptr);
  Mmr mmr;
  for (uint32_t n = 0; n < 11; ++n) mmr.add(chain.block(n).commitment());
  EXPECT_EQ(before.chain_commitment(), mmr.peaks().hash());
}

TEST(PartialBlockchain, HasThePublishedCommitmentWhenEmpty) {
  EXPECT_EQ(PartialBlockchain().chain_commitment().to_hex(),
            "0xb36ec812745f75211f23fa488295c2b5086b0c6e331c0f33f24f04c30c27db70");
}

TEST(PartialBlockchain, AppendsOnlyTheNextBlock) {
  PartialBlockchain blockchain = TestChain(3).before_tip();
  EXPECT_EQ(outcome(blockchain.add(test_header(2), true)), "BlockNumMismatch");
  EXPECT_EQ(outcome(blockchain.add(test_header(4), true)), "BlockNumMismatch");
  EXPECT_EQ(outcome(blockchain.add(test_header(3), false)), "ok");
  EXPECT_EQ(blockchain.chain_length(), 4u);
  EXPECT_EQ(blockchain.find({3}), nullptr);
}

TEST(PartialBlockchain, RefusesHeadersThatItsRangeDoesNotProve) {
  const TestChain chain(6);
  PartialMmr mmr;
  for (uint32_t n = 0; n < 6; ++n) mmr.add(chain.block(n).commitment(), n == 2 || n == 3);

  const auto make = [&](std::vector<BlockHeader> headers) {
    return outcome(PartialBlockchain::make(mmr, std::move(headers)));
  };
  BlockHeader forged = chain.block(3);
  forged.timestamp += 1;
  EXPECT_EQ(make({}), "ok");
  EXPECT_EQ(make({chain.block(3), chain.block(2)}), "ok");
  EXPECT_EQ(make({chain.tip()}), "BlockNumTooBig");
  EXPECT_EQ(make({chain.block(1)}), "UntrackedBlock");
  EXPECT_EQ(make({chain.block(2), chain.block(2)}), "DuplicateBlock");
  EXPECT_EQ(make({forged}), "BlockHeaderCommitmentMismatch");
  // Numbers are judged header by header, commitments only once all numbers are right.
  EXPECT_EQ(make({forged, chain.block(1)}), "UntrackedBlock");
  EXPECT_EQ(make({chain.block(1), chain.tip()}), "UntrackedBlock");
  EXPECT_EQ(make({forged, chain.block(3)}), "DuplicateBlock");
}

TEST(PartialBlockchain, StandsDamagedBytes) {
  const TestChain chain(5);
  expect_every_cut_is_refused(chain.before_tip());
  expect_bytes_survive_decoding(chain.before_tip());
  PartialBlockchain one_block;
  ASSERT_TRUE(one_block.add(chain.block(0), true));
  expect_flipped_bits_do_no_harm(one_block);
}

TEST(PartialBlockchain, IgnoresTheKeysUnderWhichHeadersArrive) {
  const TestChain chain(2);
  ByteWriter writer;
  chain.before_tip().mmr().encode(writer);
  writer.vint(2);
  writer.u32(77);
  chain.block(1).encode(writer);
  writer.u32(5);
  chain.block(0).encode(writer);
  const Result<PartialBlockchain> decoded = from_bytes<PartialBlockchain>(writer.view());
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(to_hex(to_bytes(*decoded)), to_hex(to_bytes(chain.before_tip())));
}

}  // namespace
}  // namespace miden
