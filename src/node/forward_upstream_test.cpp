#include "node/forward_upstream.hpp"

#include <gtest/gtest.h>

#include "net/convert_primitives.hpp"
#include "sync/test_support/follower_world.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

class Forwarding : public ::testing::Test {
 protected:
  StandInSource source{long_chain(), 7};
  BlockSources sources{
      {source.url()}, long_chain().blocks[0].header.commitment(), quick_follower({}).polling};
  ForwardUpstream forward{sources, 10s};
  CallerHeaders caller{
      .accept = "application/vnd.miden; genesis=0x1", .network_tx_auth = "secret", .left = {}};
};

TEST_F(Forwarding, HandsASubmissionOnWithTheCallersHeaders) {
  const auto answer =
      forward.submit({.transaction = nullptr, .bytes = "tx", .inputs = "private"}, caller);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, BlockNum{7});
  ASSERT_TRUE(forward.submit({.transaction = nullptr, .bytes = "tx2", .inputs = std::nullopt},
                             {.accept = "*/*", .network_tx_auth = std::nullopt, .left = {}}));
  const std::vector<StandInSource::Forwarded> expected = {
      {"application/vnd.miden; genesis=0x1", "secret", {"tx", "private"}},
      {"*/*", "", {"tx2", "none"}}};
  EXPECT_EQ(source.forwarded(), expected);
}

TEST_F(Forwarding, HandsABatchOnAsItCame) {
  CheckedBatch batch;
  batch.transactions.push_back({.transaction = nullptr, .bytes = "1", .inputs = "first"});
  batch.transactions.push_back({.transaction = nullptr, .bytes = "2", .inputs = "second"});
  batch.proven_batch = "proven";
  batch.proposed_batch = "proposed";
  const auto answer = forward.submit_batch(std::move(batch), caller);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(source.forwarded().size(), 1u);
  EXPECT_EQ(source.forwarded()[0].fields,
            (std::vector<std::string>{"proven", "proposed", "first", "second"}));
  EXPECT_EQ(source.forwarded()[0].network_tx_auth, "secret");
}

TEST_F(Forwarding, HandsRefusalsBackAsTheyCame) {
  source.set_answer({grpc::StatusCode::INVALID_ARGUMENT,
                     "transaction conflicts with current mempool state\ncaused by: why", "\x02"});
  const auto answer =
      forward.submit({.transaction = nullptr, .bytes = "tx", .inputs = std::nullopt}, caller);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Status(StatusCode::kInvalidArgument,
                                   "transaction conflicts with current mempool state\ncaused by: "
                                   "why",
                                   "\x02"));
  source.stop();
  const auto lost =
      forward.submit({.transaction = nullptr, .bytes = "tx", .inputs = std::nullopt}, caller);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, StatusCode::kUnavailable);
}

TEST_F(Forwarding, AsksUpstreamAboutNetworkNotesUntilItIsStopped) {
  ::note::NoteId note;
  *note.mutable_id() = to_message(word(5));
  const auto answer = forward.network_note_status(note, caller);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->attempt_count(), 3u);
  EXPECT_EQ(source.forwarded()[0].accept, *caller.accept);
  forward.stop();
  const auto refused = forward.network_note_status(note, caller);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Status(StatusCode::kUnavailable, "server is shutting down"));
}

TEST_F(Forwarding, ReportsTheBlockProductionOfUpstream) {
  const UpstreamReport report(sources);
  const auto says = [&](std::string_view status) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (report.producer_report().status != status &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(2ms);
    }
    return report.producer_report();
  };
  EXPECT_EQ(report.producer_report().status, "unreachable");
  sources.start();
  const ProducerReport connected = says("connected");
  EXPECT_EQ(connected.version, "0.15.7");
  EXPECT_EQ(connected.chain_tip, BlockNum{7});
  EXPECT_EQ(connected.unbatched_transactions, 7u);
  source.stop();
  const ProducerReport lost = says("unreachable");
  EXPECT_EQ(lost.version, "-");
  EXPECT_EQ(lost.chain_tip, BlockNum{0});
  EXPECT_EQ(lost.unbatched_transactions, 0u);
  sources.stop();
}

}  // namespace
}  // namespace miden
