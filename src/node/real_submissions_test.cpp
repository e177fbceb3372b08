// Real transactions of the reference's own chain, from the public API into a block: single and as a
// user's batch, again and again, across a restart.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <atomic>

#include "base/read_file.hpp"
#include "engine/test_support/fake_engine.hpp"
#include "net/grpc_status.hpp"
#include "node/admit_transaction.hpp"
#include "node/test_support/validating_service.hpp"
#include "producer/test_support/producer_world.hpp"
#include "producer/test_support/served.hpp"
#include "rpc.grpc.pb.h"
#include "rpc/rpc_server.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Bytes fixture(const std::string& name) {
  const auto contents = read_file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name);
  EXPECT_TRUE(contents) << name;
  return contents.value_or(Bytes());
}
std::string fixture_text(const std::string& name) {
  return std::string(as_string_view(fixture(name)));
}

// The reference engine, of which only verification is asked for, and counted.
class CountingEngine final : public FakeEngine {
 public:
  Result<void> verify_transaction(ByteView bytes) const override {
    ++verifications;
    return real().verify_transaction(bytes);
  }
  mutable std::atomic<int> verifications = 0;

 private:
  static const Engine& real() {
    static const std::unique_ptr<Engine> engine = make_reference_engine(0);
    return *engine;
  }
};

class NoReport final : public ProducerReporter {
 public:
  ProducerReport producer_report() const override { return {}; }
};

// A sequencer, taken apart: its validator signs whatever fits and accepts whatever is submitted.
class RealSubmissions : public ::testing::Test {
 protected:
  RealSubmissions() {
    directory_.bootstrap(*from_bytes<SignedBlock>(fixture("chain.block.0")));
    chain_ = directory_.open();
    const auto first = *from_bytes<SignedBlock>(fixture("chain.block.1"));
    apply(*chain_, first);
    signer_ = std::make_shared<FakeValidator>(
        *from_bytes<SignedBlock>(fixture("chain.block.0")),
        *SecretKey::from_hex(to_hex(fixture("chain.validator_key"))),
        first.header.tx_kernel_commitment);
    signer_->remember(first);
    open();
  }
  ~RealSubmissions() override { close(); }

  void open() {
    BlockProducerOptions options = quick_options();
    options.tx_kernel_commitment = chain_->view()->tip_header().header.tx_kernel_commitment;
    verifier_ = std::make_shared<TransactionVerifier>(engine_);
    producer_ =
        std::make_unique<BlockProducer>(*chain_, signer_, make_local_batch_prover(verifier_),
                                        std::make_shared<FakeBlockProver>(), options);
    submitter_ = std::make_unique<AdmitTransaction>(client_, *producer_);
    RpcOptions rpc;
    rpc.listen = *SocketAddress::parse("127.0.0.1:0");
    rpc.version = "0.15.2";
    server_ = *RpcServer::start(rpc, {.chain = chain_.get(),
                                      .verifier = verifier_.get(),
                                      .submitter = submitter_.get(),
                                      .producer = &report_});
    api_ = ::rpc::Api::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                                   grpc::InsecureChannelCredentials()));
  }
  void close() {
    server_.reset();
    submitter_.reset();
    producer_.reset();
  }
  // As after the end of the process.
  void restart() {
    close();
    chain_.reset();
    chain_ = directory_.open();
    open();
  }

  // "CODE [details]: message", or "OK" and the tip.
  template <class Request>
  std::string call(grpc::Status (::rpc::Api::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            ::blockchain::BlockNumber*),
                   const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 30s);
    context.AddMetadata("accept", "application/vnd.miden; version=0.15.5; genesis=" +
                                      chain_->genesis_commitment().to_hex());
    ::blockchain::BlockNumber response;
    const Status status = from_grpc((api_.get()->*method)(&context, request, &response));
    if (status.is_ok()) return "OK " + std::to_string(response.block_num());
    std::string text(to_string(status.code));
    for (const char byte : status.details) text += " [" + std::to_string(byte) + "]";
    return text + ": " + status.message;
  }
  std::string submit(const ::transaction::ProvenTransaction& request) {
    return call(&::rpc::Api::Stub::SubmitProvenTx, request);
  }
  std::string submit(const ::transaction::TransactionBatch& request) {
    return call(&::rpc::Api::Stub::SubmitProvenTxBatch, request);
  }
  static ::transaction::ProvenTransaction single(const std::string& name) {
    ::transaction::ProvenTransaction request;
    request.set_transaction(fixture_text(name + ".proven"));
    request.set_transaction_inputs(fixture_text(name + ".inputs"));
    return request;
  }
  static ::transaction::TransactionBatch batch() {
    ::transaction::TransactionBatch request;
    request.set_batch_proof(fixture_text("batch.proven"));
    request.set_proposed_batch(fixture_text("batch.proposed"));
    request.add_transaction_inputs(fixture_text("falcon.inputs"));
    request.add_transaction_inputs(fixture_text("ecdsa.inputs"));
    return request;
  }
  static TransactionId id_of(const std::string& name) {
    return from_bytes<ProvenTransaction>(fixture(name + ".proven"))->id;
  }

  // The transactions of each block after the reference's two, those without any left out.
  std::vector<std::vector<TransactionId>> blocks() const {
    std::vector<std::vector<TransactionId>> blocks;
    const std::shared_ptr<const StateView> view = chain_->view();
    for (BlockNum block_num{2}; block_num <= view->tip(); block_num = block_num.next()) {
      const auto block = from_bytes<SignedBlock>(*view->block(block_num));
      if (block->body.transactions.transactions.empty()) continue;
      blocks.emplace_back();
      for (const TransactionHeader& transaction : block->body.transactions.transactions) {
        blocks.back().push_back(transaction.id);
      }
    }
    return blocks;
  }
  testing::AssertionResult await_transactions(size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      size_t found = 0;
      for (const auto& block : blocks()) found += block.size();
      if (found == count) return testing::AssertionSuccess();
      std::this_thread::sleep_for(10ms);
    }
    return testing::AssertionFailure() << "not " << count << " transactions within patience";
  }

  ChainDirectory directory_;
  const std::shared_ptr<CountingEngine> engine_ = std::make_shared<CountingEngine>();
  ValidatingService validator_;
  Served validating_{validator_};
  ValidatorClient client_{{.url = validating_.url(), .timeout = 5s}};
  NoReport report_;
  std::unique_ptr<ChainState> chain_;
  std::shared_ptr<FakeValidator> signer_;
  std::shared_ptr<TransactionVerifier> verifier_;
  std::unique_ptr<BlockProducer> producer_;
  std::unique_ptr<AdmitTransaction> submitter_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<::rpc::Api::Stub> api_;
};

TEST_F(RealSubmissions, AreVerifiedOnceOnTheirWayIntoABlock) {
  EXPECT_EQ(submit(single("falcon")), "OK 1");
  EXPECT_EQ(submit(single("ecdsa")), "OK 1");
  const auto known = from_bytes<ProvenTransaction>(fixture("falcon.proven"));
  const std::string conflict =
      "transaction conflicts with current mempool state\ncaused by: nullifiers already exist: " +
      known->input_notes.notes[0].nullifier.to_hex();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(submit(single("falcon")), "INVALID_ARGUMENT [2]: " + conflict);
  }
  EXPECT_EQ(submit(batch()), "INVALID_ARGUMENT [2]: " + conflict);
  producer_->start();
  ASSERT_TRUE(await_transactions(2));
  EXPECT_EQ(engine_->verifications, 2);
  EXPECT_EQ(validator_.submitted().size(), 2u);

  // The chain has it now: the reference's code and byte, and why.
  EXPECT_EQ(submit(single("falcon")),
            "INTERNAL [0]: transaction conflicts with the chain\ncaused by: nullifiers already "
            "exist: " +
                known->input_notes.notes[0].nullifier.to_hex());
  EXPECT_EQ(engine_->verifications, 2);
  EXPECT_EQ(validator_.submitted().size(), 2u);
}

TEST_F(RealSubmissions, OfAUsersBatchStayTogetherAcrossARestart) {
  EXPECT_EQ(submit(batch()), "OK 1");
  EXPECT_EQ(validator_.submitted().size(), 2u);
  EXPECT_EQ(validator_.submitted()[0].transaction_inputs(), fixture_text("falcon.inputs"));
  EXPECT_EQ(validator_.submitted()[1].transaction(), fixture_text("ecdsa.proven"));
  EXPECT_EQ(engine_->verifications, 2);
  EXPECT_EQ(chain_->journal_entries().size(), 1u);

  restart();
  EXPECT_EQ(producer_->status().mempool.uncommitted_transactions, 2u);
  EXPECT_THAT(submit(batch()), StartsWith("INVALID_ARGUMENT [2]: "));
  EXPECT_THAT(submit(single("ecdsa")), StartsWith("INVALID_ARGUMENT [2]: "));
  EXPECT_EQ(validator_.submitted().size(), 2u);
  producer_->start();
  ASSERT_TRUE(await_transactions(2));
  EXPECT_THAT(blocks(),
              testing::ElementsAre(testing::ElementsAre(id_of("falcon"), id_of("ecdsa"))));
  EXPECT_EQ(engine_->verifications, 4) << "the new process has verified each once more";
  EXPECT_EQ(chain_->journal_entries().size(), 0u);
}

TEST_F(RealSubmissions, WithDamagedProofsAreRefused) {
  auto request = single("ecdsa");
  std::string& bytes = *request.mutable_transaction();
  bytes[bytes.size() - 30'000] ^= 4;
  EXPECT_THAT(submit(request), StartsWith("INVALID_ARGUMENT: Invalid proof for transaction " +
                                          id_of("ecdsa").to_hex() + ": failed to verify"));

  auto damaged = batch();
  (*damaged.mutable_proposed_batch())[30'000] ^= 4;  // well inside the first proof
  EXPECT_THAT(submit(damaged),
              StartsWith("INVALID_ARGUMENT: proposed block proof failed: \ncaused by: failed to "
                         "verify transaction " +
                         id_of("falcon").to_hex() + " in transaction batch\ncaused by: "));
  EXPECT_TRUE(validator_.submitted().empty());

  // And they are not taken for the good ones, nor the other way round.
  EXPECT_EQ(submit(single("ecdsa")), "OK 1");
  EXPECT_THAT(submit(request), HasSubstr("Invalid proof"));
}

TEST_F(RealSubmissions, OfAnotherBatchDoNotProveThisOne) {
  auto request = batch();
  auto proven = *from_bytes<ProvenBatch>(fixture("batch.proven"));
  std::swap(proven.transactions.transactions[0], proven.transactions.transactions[1]);
  request.set_batch_proof(std::string(as_string_view(to_bytes(proven))));
  EXPECT_EQ(submit(request), "INVALID_ARGUMENT: batch proof did not match proposed batch");
  EXPECT_TRUE(validator_.submitted().empty());
}

}  // namespace
}  // namespace miden
