// What the reference replied, recorded by `make conformance RECORD=1`, asked of our server again: a
// store is built from the recorded blocks and served over a socket.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "accepted_differences.hpp"
#include "base/version.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "compare.hpp"
#include "recording.hpp"
#include "rpc/rpc_server.hpp"

namespace miden {
namespace {

// Only questions that are answered before production is asked were recorded.
class NoSubmitter final : public TransactionSubmitter {
 public:
  Answer<BlockNum> submit(CheckedTransaction, const CallerHeaders&) override { return refused(); }
  Answer<BlockNum> submit_batch(CheckedBatch, const CallerHeaders&) override { return refused(); }

 private:
  static std::unexpected<Status> refused() {
    return refuse(StatusCode::kUnknown, "this submission should not have been admitted");
  }
};

class IdleProducer final : public ProducerReporter {
 public:
  explicit IdleProducer(BlockNum tip) : tip_(tip) {}
  ProducerReport producer_report() const override {
    return {std::string(kReleaseVersion), "connected", tip_, 0, 0, 0};
  }

 private:
  BlockNum tip_;
};

std::unique_ptr<ChainState> rebuild(const Recording& recording, const ChainDirectory& directory) {
  for (size_t i = 0; i < recording.blocks.size(); ++i) {
    if (!from_bytes<SignedBlock>(as_bytes(recording.blocks[i]))) {
      ADD_FAILURE() << "block " << i << " cannot be read";
      return nullptr;
    }
  }
  directory.bootstrap(*from_bytes<SignedBlock>(as_bytes(recording.blocks.front())));
  auto chain = directory.open();
  for (uint32_t i = 1; i < recording.blocks.size(); ++i) {
    apply(*chain, *from_bytes<SignedBlock>(as_bytes(recording.blocks[i])));
    if (i > recording.proven_tip.value) continue;
    EXPECT_TRUE(chain->apply_proof({i}, {}));
  }
  return chain;
}

TEST(Conformance, AnswersAsTheReferenceDid) {
  const auto recording = Recording::read(MIDEN_CONFORMANCE_RECORDING);
  ASSERT_TRUE(recording) << recording.error().message;
  const ChainDirectory directory;
  const std::unique_ptr<ChainState> chain = rebuild(*recording, directory);
  ASSERT_NE(chain, nullptr);

  TransactionVerifier verifier{std::shared_ptr<const Engine>(make_reference_engine(0))};
  NoSubmitter submitter;
  const IdleProducer producer(chain->tip());
  RpcOptions options;
  options.listen = *SocketAddress::parse("127.0.0.1:0");
  options.version = std::string(kReleaseVersion);
  auto server = RpcServer::start(options, {chain.get(), &verifier, &submitter, &producer, nullptr});
  ASSERT_TRUE(server) << server.error().message;
  const auto channel = open_channel(fmt::format("127.0.0.1:{}", (*server)->port()));

  std::map<std::string, size_t> asked;
  std::map<std::string_view, size_t> accepted;
  uint32_t caller = 0;
  for (const auto& [question, reply] : recording->entries) {
    ++asked[question.group];
    const Reply ours = canonical(question, ask(*channel, question, ++caller));
    Reply expected = reply;
    if (with_fingerprints(ours) == expected) continue;
    const auto rows = apply_accepted_differences(question, expected, ours);
    EXPECT_EQ(differences(question, with_fingerprints(expected), with_fingerprints(ours)), "")
        << describe(question) << "\n(`make conformance` shows long messages field by field)";
    for (const std::string_view row : rows) ++accepted[row];
  }
  size_t total = 0;
  for (const auto& [group, count] : asked) {
    fmt::print("{:<26}{:>6}\n", group, count);
    total += count;
  }
  fmt::print("{:<26}{:>6}\n", "all", total);
  for (const auto& [row, count] : accepted) fmt::print("accepted {}: {}\n", row, count);
  EXPECT_GT(total, 1000u);
}

}  // namespace
}  // namespace miden
