// A chain that follows stand-ins over sockets, honest and otherwise.
#include "sync/chain_follower.hpp"

#include <gtest/gtest.h>

#include <random>

#include "sync/test_support/follower_world.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

std::string bytes_of(const SignedBlock& block) {
  const Bytes bytes = to_bytes(block);
  return {bytes.begin(), bytes.end()};
}

TEST(ChainFollower, FollowsFromGenesisToTheTipAndOn) {
  StandInSource source(long_chain(), 300, 250);
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await_tip(300));
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{250}; }));
  source.set_tip(301);
  ASSERT_TRUE(world.await_tip(301));
  source.set_proven_tip(301);
  source.set_tip(400);
  ASSERT_TRUE(world.await_tip(400));
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{301}; }));
  world.expect_the_models_chain();
  EXPECT_EQ(source.streams(), 1u);
  EXPECT_EQ(source.proof_streams(), 1u);
  EXPECT_EQ(source.last_accept(), "application/vnd.miden; genesis=" +
                                      long_chain().blocks[0].header.commitment().to_hex());
  EXPECT_EQ(world.follower->sources().followed(), 0u);
  EXPECT_TRUE(
      world.await([&] { return world.follower->sources().network_tip() == BlockNum{400}; }));
  const auto status = world.follower->sources().upstream_status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->producer.version, "0.15.7");
  EXPECT_EQ(status->producer.unbatched_transactions, 7u);
  EXPECT_EQ(world.log.count("following block source"), 1u);
  EXPECT_EQ(world.log.count(" warn ") + world.log.count(" error "), 0u) << world.log.text();
}

TEST(ChainFollower, ComesBackToASourceThatWasAway) {
  StandInSource source(long_chain(), 200);
  source.stop();
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await_log("block source does not answer"));
  source.start();
  ASSERT_TRUE(world.await_tip(200));
  source.stop();
  source.set_tip(250);
  std::this_thread::sleep_for(300ms);
  source.start();
  ASSERT_TRUE(world.await_tip(250));
  world.expect_the_models_chain();
  // Once for each time it went away, however many attempts there were.
  EXPECT_LE(world.log.count("block source does not answer"), 2u) << world.log.text();
}

// Every lie: the blocks before it are kept, nothing of it is, and the source is named and left.
TEST(ChainFollower, LeavesASourceThatLiesAndAppliesNothingOfIt) {
  struct Lie {
    std::string name;
    std::function<std::string(uint32_t n, std::string bytes)> tell;
  };
  const SimulatedChain& model = long_chain();
  const auto signed_again = [&](uint32_t n, const std::function<void(BlockHeader&)>& change) {
    SignedBlock block = model.blocks[n];
    change(block.header);
    return bytes_of(model.sign(block.header, block.body));
  };
  const std::vector<Lie> lies = {
      {"garbage", [](uint32_t, std::string) { return std::string(1000, '\x7f'); }},
      {"nothing", [](uint32_t, std::string) { return std::string(); }},
      {"the end is cut off",
       [](uint32_t, std::string bytes) { return bytes.substr(0, bytes.size() - 1); }},
      {"a bit is turned",
       [](uint32_t, const std::string& bytes) {
         return bytes.substr(0, 40) + static_cast<char>(bytes[40] ^ 1) + bytes.substr(41);
       }},
      {"huge garbage", [](uint32_t, std::string) { return std::string(20 << 20, '\x11'); }},
      {"a number is left out",
       [&](uint32_t n, std::string) { return bytes_of(model.blocks[n + 1]); }},
      {"a number comes again",
       [&](uint32_t n, std::string) { return bytes_of(model.blocks[n - 1]); }},
      {"nobody signed",
       [&](uint32_t n, std::string) {
         SignedBlock block = model.blocks[n];
         block.header.timestamp += 1;
         return bytes_of(block);
       }},
      {"someone else signed",
       [&](uint32_t n, std::string) {
         const SecretKey other = *SecretKey::from_hex(std::string(63, '0') + "8");
         SignedBlock block = model.blocks[n];
         block.header.validator_key = other.public_key();
         block.signature = other.sign(block.header.commitment());
         return bytes_of(block);
       }},
      {"another nullifier root",
       [&](uint32_t n, std::string) {
         return signed_again(n, [](BlockHeader& h) { h.nullifier_root = word(1); });
       }},
      {"another account root",
       [&](uint32_t n, std::string) {
         return signed_again(n, [](BlockHeader& h) { h.account_root = word(1); });
       }},
      {"another note root",
       [&](uint32_t n, std::string) {
         return signed_again(n, [](BlockHeader& h) { h.note_root = word(1); });
       }},
      {"another chain commitment",
       [&](uint32_t n, std::string) {
         return signed_again(n, [](BlockHeader& h) { h.chain_commitment = word(1); });
       }},
      {"another transaction commitment",
       [&](uint32_t n, std::string) {
         return signed_again(n, [](BlockHeader& h) { h.tx_commitment = word(1); });
       }},
  };
  for (const Lie& lie : lies) {
    StandInSource source(model, 60);
    source.set_mood({.block = [&](uint32_t n, std::string bytes) -> std::optional<std::string> {
      return n == 31 ? lie.tell(n, std::move(bytes)) : std::move(bytes);
    }});
    FollowerWorld world;
    world.follow({&source});
    ASSERT_TRUE(world.await_log("block source sends what is no block of this chain")) << lie.name;
    EXPECT_EQ(world.chain->tip(), BlockNum{30}) << lie.name;
    EXPECT_EQ(world.log.count("cause=\"block 31: "), 1u) << world.log.text();
    EXPECT_EQ(world.log.count(source.url().to_string()), 2u) << world.log.text();
    EXPECT_EQ(world.follower->sources().best(), std::nullopt);
    EXPECT_EQ(world.follower->sources().network_tip(), std::nullopt);

    source.set_mood({});
    ASSERT_TRUE(world.await_tip(60)) << lie.name;
    ASSERT_TRUE(world.await_log("block source delivers again"));
    world.expect_the_models_chain();
  }
}

TEST(ChainFollower, ReportsALieThatIsToldAgainOnlyOnce) {
  StandInSource source(long_chain(), 60);
  source.set_mood({.block = [](uint32_t, std::string) { return std::string("lie"); }});
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await([&] { return source.streams() >= 3; }));
  EXPECT_EQ(world.log.count("no block of this chain"), 1u) << world.log.text();
  EXPECT_EQ(world.chain->tip(), kGenesis);
}

TEST(ChainFollower, FollowsAnotherSourceWhenOneLies) {
  StandInSource liar(long_chain(), 400);
  liar.set_mood({.block = [](uint32_t n, std::string bytes) -> std::optional<std::string> {
    return n == 31 ? "lie" : bytes;
  }});
  StandInSource honest(long_chain(), 380);
  FollowerWorld world;
  world.follow({&liar, &honest});
  ASSERT_TRUE(world.await_tip(380));
  world.expect_the_models_chain();
  EXPECT_EQ(world.log.count("no block of this chain"), 1u) << world.log.text();
}

TEST(ChainFollower, NamesASourceOnAnotherBranch) {
  // The same blocks up to 10, then others, by the same validator.
  SimulatedChain fork(20251126, {.new_private = 5, .new_public = 5}, false);
  for (int i = 0; i < 10; ++i) fork.next();
  for (int i = 0; i < 10; ++i) fork.append({});
  ASSERT_EQ(fork.blocks[10], long_chain().blocks[10]);
  ASSERT_NE(fork.blocks[11], long_chain().blocks[11]);

  StandInSource honest(long_chain(), 15);
  StandInSource forked(fork, 0);
  FollowerWorld world;
  world.follow({&honest, &forked});
  ASSERT_TRUE(world.await_tip(15));
  forked.set_tip(20);
  honest.stop();
  ASSERT_TRUE(world.await_log("block source is on another branch of this chain"));
  EXPECT_EQ(world.chain->tip(), BlockNum{15});
  honest.set_tip(30);
  honest.start();
  ASSERT_TRUE(world.await_tip(30));
  world.expect_the_models_chain();
}

TEST(ChainFollower, NeverAsksASourceOfAnotherNetworkForBlocks) {
  StandInSource foreign(long_chain(), 60);
  foreign.set_mood({.genesis = word(3)});
  FollowerWorld world;
  world.follow({&foreign});
  ASSERT_TRUE(world.await_log("block source is of another network"));
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(foreign.streams(), 0u);
  EXPECT_EQ(world.chain->tip(), kGenesis);
  EXPECT_EQ(world.log.count("another network"), 1u);
  EXPECT_EQ(world.follower->sources().network_tip(), std::nullopt);
}

TEST(ChainFollower, LeavesASourceThatClaimsMoreThanItSends) {
  StandInSource stalling(long_chain(), 400);
  stalling.set_mood({.silent_after = 50, .claimed_tip = 4'000'000'000});
  StandInSource honest(long_chain(), 390);
  FollowerWorld world;
  world.follow({&stalling, &honest});
  ASSERT_TRUE(world.await_tip(390));
  EXPECT_EQ(world.log.count("block source stalls"), 1u) << world.log.text();
  EXPECT_TRUE(
      world.await([&] { return world.follower->sources().network_tip() == BlockNum{390}; }));
  world.expect_the_models_chain();
}

TEST(ChainFollower, LeavesASourceThatFallsSilent) {
  StandInSource silent(long_chain(), 400);
  StandInSource other(long_chain(), 390);
  silent.set_mood({.silent_after = 50});
  FollowerWorld world;
  world.follow({&silent, &other}, [](ChainFollower::Options& options) {
    options.polling.poll_timeout = 300ms;
    options.polling.silence = 1s;
  });
  ASSERT_TRUE(world.await_tip(50));
  silent.set_mood({.silent_after = 50, .hangs_in_status = true});
  ASSERT_TRUE(world.await_tip(390));
  EXPECT_EQ(world.follower->sources().followed(), 1u);
  world.stop();  // before the stand-in waits for its hanging calls
  silent.set_mood({});
}

TEST(ChainFollower, LeavesASourceThatTricklesWhenThereIsAnother) {
  StandInSource trickling(long_chain(), 400);
  trickling.set_mood({.between_blocks = 100ms});
  StandInSource other(long_chain(), 390);
  FollowerWorld world;
  world.follow({&trickling, &other}, [](ChainFollower::Options& options) {
    options.blocks.pace_window = 500ms;
    options.blocks.slowest_block = 10ms;
  });
  ASSERT_TRUE(world.await_tip(390));
  EXPECT_EQ(world.log.count("block source stalls"), 1u) << world.log.text();
}

TEST(ChainFollower, ChangesToASourceThatIsMuchFurther) {
  StandInSource first(long_chain(), 100);
  StandInSource second(long_chain(), 95);
  FollowerWorld world;
  world.follow({&first, &second});
  ASSERT_TRUE(world.await_tip(95));
  const auto before = world.follower->sources().followed();
  second.set_tip(200);
  ASSERT_TRUE(world.await_tip(200));
  EXPECT_EQ(world.follower->sources().followed(), 1u);
  if (before == 0u) {
    EXPECT_EQ(world.log.count("changing to another block source"), 1u);
  }
  world.expect_the_models_chain();
}

TEST(ChainFollower, FailsOverWithoutAGap) {
  StandInSource first(long_chain(), 400);
  StandInSource second(long_chain(), 400);
  first.set_mood({.between_blocks = 1ms});
  second.set_mood({.between_blocks = 1ms});
  FollowerWorld world;
  world.follow({&first, &second});
  ASSERT_TRUE(world.await_tip(50));
  first.stop();
  const uint32_t at = world.chain->tip().value;
  ASSERT_TRUE(world.await_tip(at + 50));
  first.start();
  second.stop();
  ASSERT_TRUE(world.await_tip(400));
  world.expect_the_models_chain();
}

TEST(ChainFollower, SurvivesASourceThatDisconnectsAtRandom) {
  constexpr uint32_t kSeed = 7;
  std::mutex mutex;
  std::mt19937 random(kSeed);
  StandInSource source(long_chain(), 400, 400);
  source.set_mood({.block = [&](uint32_t, std::string bytes) -> std::optional<std::string> {
    const std::scoped_lock lock(mutex);
    if (random() % 20 == 0) return std::nullopt;
    return bytes;
  }});
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await_tip(400));
  EXPECT_GT(source.streams(), 5u);
  EXPECT_EQ(world.log.count("block source ended its stream"), 1u) << world.log.text();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{400}; }));
  world.expect_the_models_chain();
}

// A hundred kilobytes that would become a hundred megabytes.
TEST(ChainFollower, DoesNotUnpackWhatASourceHasPacked) {
  StandInSource source(long_chain(), 60);
  source.set_mood({.block = [](uint32_t, std::string) { return std::string(100 << 20, '\0'); },
                   .compresses = true});
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await_log("block source does not serve this node"));
  EXPECT_EQ(world.log.count("ompression"), 1u) << world.log.text();
  source.set_mood({});
  ASSERT_TRUE(world.await_tip(60));
}

TEST(ChainFollower, SaysOnceThatItIsNotServed) {
  StandInSource source(long_chain(), 60);
  source.set_mood({.to_streams = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                              "maximum subscriptions reached")});
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await([&] { return source.streams() >= 4; }));
  EXPECT_EQ(world.log.count("block source does not serve this node"), 1u) << world.log.text();
  EXPECT_EQ(world.log.count("maximum subscriptions reached"), 1u);
  source.set_mood({});
  ASSERT_TRUE(world.await_tip(60));
}

TEST(ChainFollower, BelievesNobodyWhoHasBeenSilentForTooLong) {
  StandInSource source(long_chain(), 60);
  FollowerWorld world;
  world.follow({&source}, [](ChainFollower::Options& options) {
    options.polling.poll_timeout = 300ms;
    options.polling.silence = 1s;
  });
  ASSERT_TRUE(world.await_tip(60));
  EXPECT_EQ(world.follower->sources().network_tip(), BlockNum{60});
  EXPECT_TRUE(world.follower->sources().upstream_status());
  source.stop();
  ASSERT_TRUE(world.await([&] { return world.follower->sources().network_tip() == std::nullopt; }));
  EXPECT_FALSE(world.follower->sources().upstream_status());
  source.start();
  ASSERT_TRUE(world.await([&] { return world.follower->sources().network_tip() == BlockNum{60}; }));
}

// As a process that ends in the middle, again and again.
TEST(ChainFollower, GoesOnAfterBeingStoppedAtRandomMoments) {
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  StandInSource source(long_chain(), 400, 400);
  source.set_mood({.between_blocks = 1ms});
  FollowerWorld world;
  uint32_t rounds = 0;
  while (world.chain->tip() < BlockNum{400} && ++rounds < 200) {
    const uint32_t before = world.chain->tip().value;
    world.follow({&source}, [&](ChainFollower::Options& options) {
      options.blocks.pipeline.max_group_blocks = 1 + random() % 20;
      options.blocks.pipeline.checkers = 1 + random() % 3;
    });
    const uint32_t target = std::min(400u, before + static_cast<uint32_t>(random() % 30));
    ASSERT_TRUE(world.await_tip(target));
    world.reopen();
    ASSERT_GE(world.chain->tip(), BlockNum{target});
  }
  EXPECT_EQ(world.chain->tip(), BlockNum{400});
  EXPECT_GT(rounds, 5u);
  world.expect_the_models_chain();
}

TEST(ChainFollower, TakesBlocksAboveFourMegabytes) {
  SimulatedChain model(13, {.new_private = 1, .new_public = 1}, false);
  BlockBody body;
  for (uint64_t batch = 0; batch < 2; ++batch) {
    OutputNoteBatch& notes = body.output_note_batches.emplace_back();
    for (uint64_t i = 0; i < 300; ++i) {
      const Note note(
          {NoteType::kPublic, private_account(77), 1},
          {NoteAssets{},
           {*NoteScript::make(forest_of({word(600)}), 0),
            NoteStorage{std::vector<Felt>(1000, Felt::from_canonical(i))}, word(batch)}},
          NoteAttachments{});
      notes.notes.emplace_back(i, *OutputNote::from_public(note));
    }
  }
  ASSERT_GT(to_bytes(model.append(std::move(body))).size(), size_t{4} << 20);
  model.append({});
  StandInSource source(model, 2);
  FollowerWorld world(model);
  world.follow({&source});
  ASSERT_TRUE(world.await_tip(2));
  world.expect_the_models_chain();
}

TEST(ProofFollower, LeavesASourceWhoseProofsAreOutOfOrder) {
  StandInSource source(long_chain(), 60, 60);
  source.set_mood({.proof = [](uint32_t n) { return std::pair(n < 20 ? n : n + 1, ""); }});
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await_log("out-of-sequence proof: expected block 20, got 21"));
  EXPECT_LT(world.chain->proven_tip(), BlockNum{20});
  source.set_mood({});
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{60}; }));
}

TEST(ProofFollower, WaitsForTheBlockOfAProof) {
  StandInSource source(long_chain(), 60, 80);
  FollowerWorld world;
  world.follow({&source});
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{60}; }));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(world.chain->proven_tip(), BlockNum{60});
  EXPECT_EQ(source.proof_streams(), 1u);
  source.set_tip(70);
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{70}; }));
  EXPECT_EQ(source.proof_streams(), 1u);
}

TEST(ProofFollower, DoesNotAskForProofsWhileBlocksAreFarBehind) {
  StandInSource source(long_chain(), 400, 400);
  source.set_mood({.silent_after = 100});
  FollowerWorld world;
  world.follow({&source}, [](ChainFollower::Options& options) {
    options.blocks.stall_timeout = std::chrono::hours(1);
  });
  ASSERT_TRUE(world.await_tip(100));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(source.proof_streams(), 0u);
  source.set_mood({});
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() == BlockNum{400}; }));
}

}  // namespace
}  // namespace miden
