#include "node/recover.hpp"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "internal/validator.grpc.pb.h"
#include "sync/test_support/follower_world.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

// A validator that has signed the model's blocks up to `tip`.
class StandInValidator final : public ::validator::Api::Service {
 public:
  StandInValidator(const SimulatedChain& model, uint32_t signed_tip)
      : tip(signed_tip), model_(model) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    url = *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port));
  }
  ~StandInValidator() override { stop(); }
  void stop() { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Status(grpc::ServerContext*, const google::protobuf::Empty*,
                      ::validator::ValidatorStatus* response) override {
    response->set_chain_tip(tip);
    return grpc::Status::OK;
  }
  grpc::Status BlockSubscription(
      grpc::ServerContext*, const ::validator::BlockSubscriptionRequest* request,
      grpc::ServerWriter<::validator::BlockSubscriptionResponse>* writer) override {
    ++streams;
    if (busy_for > 0) {
      --busy_for;
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              "cannot stream backup while validator is serving requests"};
    }
    if (request->block_from() > tip) return {grpc::StatusCode::OUT_OF_RANGE, "beyond the tip"};
    for (uint32_t n = request->block_from(); n <= tip; ++n) {
      if (n == missing) return {grpc::StatusCode::NOT_FOUND, "block not found"};
      if (breaks_every > 0 && n % breaks_every == 0 && n != request->block_from()) {
        return {grpc::StatusCode::UNAVAILABLE, "gone"};
      }
      const Bytes bytes = to_bytes(model_.blocks[n]);
      std::string block(bytes.begin(), bytes.end());
      if (n == lies_at) block[10] = static_cast<char>(block[10] ^ 1);
      ::validator::BlockSubscriptionResponse response;
      response.set_block(std::move(block));
      response.set_committed_chain_tip(tip);
      writer->Write(response);
    }
    return grpc::Status::OK;
  }

  std::atomic<uint32_t> tip;
  std::atomic<int> streams = 0;
  std::atomic<int> busy_for = 0;
  std::atomic<uint32_t> breaks_every = 0;
  std::atomic<uint32_t> lies_at = UINT32_MAX;
  std::atomic<uint32_t> missing = UINT32_MAX;
  ServiceUrl url;

 private:
  const SimulatedChain& model_;
  std::unique_ptr<grpc::Server> server_;
};

class Recover : public ::testing::Test {
 protected:
  void SetUp() override { directory_.bootstrap(long_chain().blocks.front()); }
  void apply_up_to(uint32_t tip) {
    const auto chain = directory_.open();
    for (uint32_t n = 1; n <= tip; ++n) apply(*chain, long_chain().blocks[n]);
  }
  std::string outcome(const StandInValidator& validator, std::chrono::milliseconds patience = 10s,
                      const std::stop_token& stop = {}) {
    RecoverOptions options;
    options.data_directory = directory_.data();
    options.store.durability = StoreOptions::Durability::kRelaxed;
    options.validator_url = validator.url;
    options.patience = patience;
    const auto recovered = run_recover(options, stop);
    return recovered ? "ok"
                     : std::string(recovered.error().code) + ": " + recovered.error().message;
  }
  void expect_tip(uint32_t tip) {
    const auto chain = directory_.open();
    ASSERT_EQ(chain->tip(), BlockNum{tip});
    for (uint32_t n = 0; n <= tip; ++n) {
      ASSERT_EQ(chain->view()->block({n}), to_bytes(long_chain().blocks[n])) << n;
    }
  }

  CapturedLog log;
  ChainDirectory directory_;
};

TEST_F(Recover, RebuildsAChainFromItsGenesis) {
  StandInValidator validator(long_chain(), 400);
  EXPECT_EQ(outcome(validator), "ok");
  expect_tip(400);
  EXPECT_EQ(log.count("recovered tip=400 blocks=400"), 1u) << log.text();
  EXPECT_EQ(outcome(validator), "ok");
  EXPECT_EQ(log.count("nothing to recover"), 1u);
}

TEST_F(Recover, FetchesOnlyWhatIsMissing) {
  apply_up_to(60);
  StandInValidator validator(long_chain(), 61);
  EXPECT_EQ(outcome(validator), "ok");
  expect_tip(61);
}

TEST_F(Recover, OutlastsAValidatorThatIsBusyOrBreaksOff) {
  StandInValidator validator(long_chain(), 400);
  validator.busy_for = 2;
  validator.breaks_every = 90;
  EXPECT_EQ(outcome(validator), "ok");
  expect_tip(400);
  EXPECT_GT(validator.streams, 5);
}

TEST_F(Recover, KeepsWhatItHasWhenTheValidatorIsLost) {
  StandInValidator validator(long_chain(), 400);
  validator.missing = 200;
  EXPECT_EQ(outcome(validator, 300ms),
            "ValidatorUnreachable: the validator does not answer: NOT_FOUND: block not found");
  expect_tip(199);
  validator.missing = UINT32_MAX;
  EXPECT_EQ(outcome(validator), "ok");
  expect_tip(400);
}

TEST_F(Recover, AppliesNothingThatWasNotSigned) {
  StandInValidator validator(long_chain(), 400);
  validator.lies_at = 30;
  EXPECT_TRUE(
      outcome(validator).starts_with("InvalidBlock: block 30 of the validator does not fit "
                                     "this chain: "));
  expect_tip(29);
}

TEST_F(Recover, RefusesAValidatorOnAnotherBranch) {
  SimulatedChain other(20251126, {.new_private = 5, .new_public = 5}, false);
  for (int i = 0; i < 10; ++i) other.next();
  for (int i = 0; i < 20; ++i) other.append({});
  apply_up_to(15);
  {
    StandInValidator validator(other, 25);
    EXPECT_TRUE(outcome(validator).starts_with("ValidatorForked: block 15 of this node is "));
  }
  {
    StandInValidator validator(other, 12);
    EXPECT_TRUE(outcome(validator).starts_with("ValidatorForked: block 12 of this node is "));
  }
  expect_tip(15);
}

TEST_F(Recover, SaysThatAValidatorIsBehind) {
  apply_up_to(15);
  StandInValidator validator(long_chain(), 12);
  EXPECT_EQ(outcome(validator), "ok");
  EXPECT_EQ(log.count("validator lacks blocks of this chain"), 1u);
  expect_tip(15);
}

TEST_F(Recover, GivesUpOnAValidatorThatIsAway) {
  StandInValidator validator(long_chain(), 400);
  validator.stop();
  EXPECT_TRUE(outcome(validator, 300ms).starts_with("ValidatorUnreachable: "));
}

TEST_F(Recover, EndsWhenItIsStopped) {
  StandInValidator validator(long_chain(), 400);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_NE(outcome(validator, 10s, stop.get_token()), "ok");
  EXPECT_LT(directory_.open()->tip(), BlockNum{400});
}

}  // namespace
}  // namespace miden
