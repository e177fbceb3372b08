// Block and proof subscriptions over a socket, on a chain that grows.
#include "rpc/subscription.hpp"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "rpc.grpc.pb.h"
#include "rpc/rpc_server.hpp"
#include "rpc/test_support/chain_world.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::rpc::BlockSubscriptionRequest;
using ::rpc::BlockSubscriptionResponse;
using ::rpc::ProofSubscriptionRequest;
using ::rpc::ProofSubscriptionResponse;
using ::testing::HasSubstr;

constexpr const char* kLoopback = "127.0.0.1:0";

class NoProducer final : public ProducerReporter {
 public:
  ProducerReport producer_report() const override { return {}; }
};

std::string outcome(const grpc::Status& status) {
  if (status.ok()) return "OK";
  return miden::outcome(Answer<int>(std::unexpected(from_grpc(status))));
}

// A stream and its context. Nothing waits longer than a minute.
template <class Response>
class Reader {
 public:
  using Stream = std::unique_ptr<grpc::ClientReader<Response>>;

  Reader(::rpc::Api::Stub& api,
         Stream (::rpc::Api::Stub::*method)(grpc::ClientContext*, const BlockSubscriptionRequest&),
         uint32_t from) requires std::same_as<Response, BlockSubscriptionResponse> {
    BlockSubscriptionRequest request;
    request.set_block_from(from);
    stream_ = (api.*method)(prepared(), request);
  }
  Reader(::rpc::Api::Stub& api,
         Stream (::rpc::Api::Stub::*method)(grpc::ClientContext*, const ProofSubscriptionRequest&),
         uint32_t from) requires std::same_as<Response, ProofSubscriptionResponse> {
    ProofSubscriptionRequest request;
    request.set_block_from(from);
    stream_ = (api.*method)(prepared(), request);
  }
  ~Reader() { leave(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Returns when the server has taken the subscription or refused it.
  void wait_for_headers() { stream_->WaitForInitialMetadata(); }
  std::optional<Response> next() {
    Response response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response;
  }
  // How it ended; reads what is left.
  std::string end() {
    while (next()) {
    }
    return outcome(stream_->Finish());
  }
  void leave() { context_.TryCancel(); }

 private:
  grpc::ClientContext* prepared() {
    context_.set_deadline(std::chrono::system_clock::now() + 60s);
    return &context_;
  }

  grpc::ClientContext context_;
  Stream stream_;
};

class BlockReader final : public Reader<BlockSubscriptionResponse> {
 public:
  BlockReader(::rpc::Api::Stub& api, uint32_t from)
      : Reader(api, &::rpc::Api::Stub::BlockSubscription, from) {}
};
class ProofReader final : public Reader<ProofSubscriptionResponse> {
 public:
  ProofReader(::rpc::Api::Stub& api, uint32_t from)
      : Reader(api, &::rpc::Api::Stub::ProofSubscription, from) {}
};

// A chain that the test lets grow, and its public server.
class SubscriptionTest : public ::testing::Test {
 protected:
  SubscriptionTest() {
    directory_.bootstrap(model_.blocks.front());
    chain_ = directory_.open();
  }
  void start(const std::function<void(RpcOptions&)>& change = [](RpcOptions&) {}) {
    RpcOptions options;
    options.listen = *SocketAddress::parse(kLoopback);
    options.version = "0.15.2";
    options.rate_limit.burst = 100'000;
    change(options);
    auto started = RpcServer::start(options, {.chain = chain_.get(), .producer = &producer_});
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
    api_ = new_client();
  }
  // Over a connection of its own, which takes at most 64 KiB that nobody reads.
  std::unique_ptr<::rpc::Api::Stub> new_client() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
    arguments.SetMaxReceiveMessageSize(-1);
    return ::rpc::Api::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                  grpc::InsecureChannelCredentials(), arguments));
  }

  void grow(uint32_t count, const BlockShape& shape = {}) {
    for (uint32_t i = 0; i < count; ++i) apply(*chain_, model_.next(shape));
  }
  // Blocks that are large but cost little to make: transactions of private accounts, each of which
  // lists 1000 notes (about 80 KB).
  void grow_widely(uint32_t count, uint64_t transactions = 1) {
    static const std::vector<NoteHeader> notes = [] {
      std::vector<NoteHeader> headers;
      for (uint64_t i = 0; i < 1000; ++i) headers.push_back(private_note(i).header());
      return headers;
    }();
    static const Word notes_commitment = output_notes_commitment(notes);
    for (uint32_t i = 0; i < count; ++i) {
      BlockBody body;
      for (uint64_t account = 1; account <= transactions; ++account) {
        const AccountId id = private_account(account);
        const Word before = model_.state.commitments[id];
        const Word after = model_.random_word();
        body.updated_accounts.push_back({id, after, {}});
        body.transactions.transactions.push_back(
            {.id = transaction_id(before, after, Word(), notes_commitment, coins(1)),
             .account_id = id,
             .initial_commitment = before,
             .final_commitment = after,
             .input_notes = {},
             .output_notes = notes,
             .fee = coins(1)});
      }
      apply(*chain_, model_.append(std::move(body)));
    }
  }
  void prove(uint32_t block_num) { ASSERT_TRUE(chain_->apply_proof({block_num}, {})); }
  uint32_t tip() const { return chain_->tip().value; }

  std::string model_bytes(uint32_t block_num) const {
    return std::string(as_string_view(to_bytes(model_.blocks.at(block_num))));
  }
  std::string block_by_number(uint32_t block_num) const {
    grpc::ClientContext context;
    ::blockchain::BlockRequest request;
    request.set_block_num(block_num);
    ::blockchain::MaybeBlock response;
    EXPECT_TRUE(api_->GetBlockByNumber(&context, request, &response).ok());
    return response.block();
  }
  // Reads the blocks from `first` up to and including `last`.
  void expect_blocks(BlockReader& reader, uint32_t first, uint32_t last) const {
    for (uint32_t n = first; n <= last; ++n) {
      const auto response = reader.next();
      ASSERT_TRUE(response) << "block " << n << ": " << reader.end();
      ASSERT_TRUE(response->block() == model_bytes(n)) << "block " << n;
    }
  }

  SimulatedChain model_{20251126, {.new_private = 5, .new_public = 5}, false};
  ChainDirectory directory_;
  std::unique_ptr<ChainState> chain_;
  NoProducer producer_;
  std::unique_ptr<::rpc::Api::Stub> api_;
  std::unique_ptr<RpcServer> server_;  // goes first
};

constexpr BlockShape kEmptyBlock{.new_private = 0,
                                 .new_public = 0,
                                 .private_updates = 0,
                                 .public_updates = 0,
                                 .batches = 0,
                                 .notes_per_batch = 0,
                                 .random_nullifiers = 0,
                                 .consumed_notes = 0,
                                 .map_entries = 0};
TEST_F(SubscriptionTest, SendsWhatThereIsAndThenEachNewBlock) {
  grow(7);
  start();
  BlockReader reader(*api_, 0);
  for (uint32_t n = 0; n <= 7; ++n) {
    const auto response = reader.next();
    ASSERT_TRUE(response) << reader.end();
    EXPECT_TRUE(response->block() == model_bytes(n)) << n;
    EXPECT_TRUE(response->block() == block_by_number(n)) << n;
    EXPECT_EQ(response->committed_chain_tip(), 7u);
  }
  for (uint32_t n = 8; n <= 20; ++n) {
    grow(1);
    const auto response = reader.next();
    ASSERT_TRUE(response) << reader.end();
    EXPECT_TRUE(response->block() == model_bytes(n)) << n;
    EXPECT_EQ(response->committed_chain_tip(), n);
  }
}

TEST_F(SubscriptionTest, AnswersWithHeadersBeforeThereIsABlock) {
  grow(2);
  start();
  const auto began = std::chrono::steady_clock::now();
  BlockReader next_block(*api_, 3);
  next_block.wait_for_headers();
  BlockReader later(*api_, 5);
  later.wait_for_headers();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  grow(4);
  expect_blocks(next_block, 3, 6);
  expect_blocks(later, 5, 6);
}

TEST_F(SubscriptionTest, MayStartAHundredBlocksAboveTheTip) {
  grow(3);
  prove(1);
  start();
  BlockReader allowed(*api_, 103);
  allowed.wait_for_headers();
  const std::string refusal =
      "OUT_OF_RANGE: subscription starting block is too far ahead of chain tip";
  EXPECT_EQ(BlockReader(*api_, 104).end(), refusal);
  EXPECT_EQ(BlockReader(*api_, 0xffffffff).end(), refusal);
  ProofReader allowed_proof(*api_, 101);
  allowed_proof.wait_for_headers();
  EXPECT_EQ(ProofReader(*api_, 102).end(), refusal);
}

TEST_F(SubscriptionTest, SendsProofsAsBlocksAreProven) {
  grow(9);
  for (uint32_t n = 1; n <= 4; ++n) prove(n);
  start();
  ProofReader reader(*api_, 2);
  for (uint32_t n = 2; n <= 9; ++n) {
    if (n > 4) prove(n);
    const auto response = reader.next();
    ASSERT_TRUE(response) << reader.end();
    EXPECT_EQ(response->block_num(), n);
    EXPECT_EQ(response->proof(), "");
    EXPECT_EQ(response->proven_chain_tip(), std::max(n, 4u));
  }
}

TEST_F(SubscriptionTest, PassesOverTheGenesisBlockThatHasNoProof) {
  grow(2);
  prove(1);
  start();
  ProofReader reader(*api_, 0);
  EXPECT_EQ(reader.next().value().block_num(), 1u);
  ProofReader waiting(*api_, 2);
  waiting.wait_for_headers();
  prove(2);
  EXPECT_EQ(waiting.next().value().block_num(), 2u);
  EXPECT_EQ(reader.next().value().block_num(), 2u);
}

TEST_F(SubscriptionTest, HasSoManySlotsOfEachKind) {
  start([](RpcOptions& options) { options.max_subscriptions = 2; });
  std::optional<BlockReader> first;
  first.emplace(*api_, 0);
  BlockReader second(*api_, 50);
  ProofReader proof(*api_, 1);
  first->wait_for_headers();
  second.wait_for_headers();
  proof.wait_for_headers();
  EXPECT_EQ(BlockReader(*api_, 0).end(), "RESOURCE_EXHAUSTED: maximum subscriptions reached");
  ProofReader other_proof(*api_, 1);
  other_proof.wait_for_headers();
  EXPECT_EQ(ProofReader(*api_, 1).end(), "RESOURCE_EXHAUSTED: maximum subscriptions reached");

  // A waiting subscriber that goes frees its slot although no block comes.
  first.reset();
  std::string refusal;
  for (int i = 0; i < 500; ++i) {
    BlockReader reader(*api_, 0);
    if (reader.next()) return;
    refusal = reader.end();
    std::this_thread::sleep_for(10ms);
  }
  FAIL() << "the slot stays taken: " << refusal;
}

TEST_F(SubscriptionTest, SendsABlockThatIsLargerThanAnyOtherMessage) {
  grow_widely(1, 60);
  ASSERT_GT(model_bytes(1).size(), size_t{4} << 20);
  start();
  BlockReader reader(*api_, 0);
  expect_blocks(reader, 0, 1);
  grow(1);
  expect_blocks(reader, 2, 2);
}

TEST_F(SubscriptionTest, EndsAStalledSubscriberWhichCanResume) {
  grow_widely(100);
  start([](RpcOptions& options) {
    options.max_subscriptions = 1;
    options.subscription_write_timeout = 300ms;
  });
  const auto stalled_api = new_client();
  BlockReader stalled(*stalled_api, 0);
  expect_blocks(stalled, 0, 0);

  // Its slot is free again although it has not even read that it was ended.
  std::optional<BlockReader> other;
  std::string refusal;
  for (int i = 0; i < 500; ++i) {
    other.emplace(*api_, 0);
    if (other->next()) break;
    refusal = other->end();
    other.reset();
    std::this_thread::sleep_for(10ms);
  }
  ASSERT_TRUE(other) << "the slot stays taken: " << refusal;
  other.reset();

  uint32_t next = 1;
  while (const auto response = stalled.next()) {
    ASSERT_TRUE(response->block() == model_bytes(next)) << next;
    ++next;
  }
  EXPECT_LT(next, 100u) << "more was buffered than a connection holds";
  EXPECT_EQ(stalled.end(),
            "DATA_LOSS: client is too slow to keep up with the chain: resume from block " +
                std::to_string(next));

  grow(5);
  for (int i = 0; i < 500; ++i) {
    BlockReader resumed(*stalled_api, next);
    resumed.wait_for_headers();
    const auto response = resumed.next();
    if (!response) {  // the slot of `other`
      std::this_thread::sleep_for(10ms);
      continue;
    }
    EXPECT_TRUE(response->block() == model_bytes(next));
    expect_blocks(resumed, next + 1, 105);
    return;
  }
  FAIL() << "cannot resume";
}

TEST_F(SubscriptionTest, LetsASubscriberPauseWhileLittleWaitsForIt) {
  grow_widely(25);  // 25 blocks wait: more than the connection holds, fewer than 32
  start([](RpcOptions& options) { options.subscription_write_timeout = 50ms; });
  BlockReader reader(*api_, 0);
  reader.wait_for_headers();
  std::this_thread::sleep_for(1s);
  expect_blocks(reader, 0, 25);
}

TEST_F(SubscriptionTest, EndsASubscriberThatFallsFurtherBehind) {
  start();
  BlockReader reader(*api_, 0);
  expect_blocks(reader, 0, 0);
  grow_widely(20);  // fills the connection
  std::this_thread::sleep_for(200ms);
  grow(150, kEmptyBlock);
  uint32_t next = 1;
  while (const auto response = reader.next()) {
    ASSERT_TRUE(response->block() == model_bytes(next)) << next;
    ++next;
  }
  EXPECT_LT(next, 20u);
  EXPECT_EQ(reader.end(),
            "DATA_LOSS: client is too slow to keep up with the chain: resume from block " +
                std::to_string(next));
  BlockReader resumed(*api_, next);
  expect_blocks(resumed, next, 170);
}

TEST_F(SubscriptionTest, EndsAllWhenTheServerShutsDown) {
  grow_widely(60);
  prove(1);
  start();
  BlockReader waiting(*api_, 61);
  waiting.wait_for_headers();
  ProofReader waiting_proof(*api_, 2);
  waiting_proof.wait_for_headers();
  const auto stalled_api = new_client();
  BlockReader stalled(*stalled_api, 0);
  expect_blocks(stalled, 0, 0);
  std::jthread shutdown([this] { server_->shutdown(10s); });
  EXPECT_EQ(waiting.end(), "UNAVAILABLE: server is shutting down");
  EXPECT_EQ(waiting_proof.end(), "UNAVAILABLE: server is shutting down");
  EXPECT_EQ(stalled.end(), "UNAVAILABLE: server is shutting down");
}

TEST_F(SubscriptionTest, IsNotHeldUpByASubscriberThatReadsNothing) {
  grow_widely(60);
  start();
  BlockReader stalled(*api_, 0);
  expect_blocks(stalled, 0, 0);
  const auto began = std::chrono::steady_clock::now();
  server_->shutdown(200ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

// What a process holds in memory.
size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

TEST_F(SubscriptionTest, HoldsOneMessageForEachOfManyThatReadNothing) {
  grow_widely(150);
  size_t history = 0;
  for (const SignedBlock& block : model_.blocks) history += to_bytes(block).size();
  start([](RpcOptions& options) { options.max_subscriptions = 200; });
  std::vector<std::unique_ptr<::rpc::Api::Stub>> clients;
  std::vector<std::unique_ptr<BlockReader>> readers;
  const size_t before = resident_bytes();
  for (int i = 0; i < 100; ++i) {
    clients.push_back(new_client());
    readers.push_back(std::make_unique<BlockReader>(*clients.back(), 0));
    readers.back()->wait_for_headers();
  }
  std::this_thread::sleep_for(1s);
  const size_t grown = std::max(resident_bytes(), before) - before;
  std::cout << "history " << history << " bytes, 100 stalled subscribers " << grown << " bytes\n";
  // Connections, 64 KiB in the client's hands and a block each; not their history.
  EXPECT_LT(grown, 100 * history / 4);
}

TEST_F(SubscriptionTest, ServesManyWhileTheChainGrowsAndSomeComeAndGo) {
  constexpr uint32_t kLast = 150;
  constexpr int kFollowers = 40;
  grow(20);
  start([](RpcOptions& options) {
    options.max_subscriptions = 100;
    options.subscription_write_timeout = 20s;
  });
  std::atomic<int> complete = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < kFollowers; ++i) {
    clients.emplace_back([&, i] {
      const auto api = i % 2 == 0 ? nullptr : new_client();
      ::rpc::Api::Stub& stub = api ? *api : *api_;
      uint32_t next = static_cast<uint32_t>(i);
      const uint32_t stay = i % 4 == 0 ? 7 : 1000;  // blocks, after which it comes again
      while (next <= kLast) {
        BlockReader reader(stub, next);
        for (uint32_t n = 0; n < stay && next <= kLast; ++n, ++next) {
          const auto response = reader.next();
          // Falls behind where the machine is busy, and resumes.
          if (!response) {
            EXPECT_THAT(reader.end(), HasSubstr("DATA_LOSS"));
            break;
          }
          // The model grows meanwhile: blocks are compared by what they hash to.
          const auto block = from_bytes<SignedBlock>(as_bytes(response->block()));
          ASSERT_TRUE(block);
          ASSERT_EQ(block->header.block_num.value, next);
          ASSERT_EQ(block->header.commitment(),
                    chain_->view()->block_commitment({next}).value_or(Word()));
        }
      }
      ++complete;
    });
  }
  while (tip() < kLast) {
    grow(1);
    std::this_thread::sleep_for(2ms);
  }
  clients.clear();
  EXPECT_EQ(complete, kFollowers);
}

TEST_F(SubscriptionTest, SurvivesAShutdownInTheMiddleOfEverything) {
  for (int round = 0; round < 3; ++round) {
    start([](RpcOptions& options) {
      options.max_subscriptions = 20;
      options.subscription_write_timeout = 5ms;
    });
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([this, i](const std::stop_token& stop) {
        const auto api = new_client();
        while (!stop.stop_requested()) {
          BlockReader reader(*api, static_cast<uint32_t>(i));
          ProofReader proofs(*api, 1);
          for (int n = 0; n < i && reader.next(); ++n) {
          }
          if (i == 7) std::this_thread::sleep_for(10ms);  // stalls
        }
      });
    }
    grow_widely(10);
    for (int n = 0; n < 3; ++n) prove(static_cast<uint32_t>(round * 3 + n + 1));
    server_->shutdown(std::chrono::milliseconds(round * 30));
    clients.clear();
    server_.reset();
  }
}

TEST_F(SubscriptionTest, RefusesARequestThatIsNoProtobuf) {
  start();
  const std::string bytes = "\x0d\x01";  // a number that breaks off
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::GenericStub stub(grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                             grpc::InsecureChannelCredentials()));
  for (const char* method : {"/rpc.Api/BlockSubscription", "/rpc.Api/ProofSubscription"}) {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, method, {}, &request, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    EXPECT_EQ(outcome(done.get_future().get()), "INTERNAL: failed to decode Protobuf message");
  }
}

// A service over a kind of subscription that the test makes up.
class MadeUpService final
    : public ::rpc::Api::WithRawCallbackMethod_BlockSubscription<::rpc::Api::CallbackService> {
 public:
  MadeUpService(const SubscriptionKind& kind, const ChainState& chain)
      : subscriptions(kind, chain, {}) {}
  grpc::ServerWriteReactor<grpc::ByteBuffer>* BlockSubscription(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer*) override {
    return subscriptions.subscribe(*context, kGenesis);
  }
  Subscriptions subscriptions;
};

// Sends the chain's blocks, of which one is lost or unreadable.
std::string end_of_stream_with(std::optional<Bytes> (*payload)(const StateView&, BlockNum),
                               const ChainState& chain) {
  SubscriptionKind kind = kBlockSubscription;
  kind.payload = payload;
  MadeUpService service(kind, chain);
  ServerOptions options;
  options.listen = *SocketAddress::parse(kLoopback);
  const auto server = *GrpcServer::start(options, {&service});
  const auto api = ::rpc::Api::NewStub(server->in_process_channel());
  BlockReader reader(*api, 0);
  int count = 0;
  while (reader.next()) ++count;
  return std::to_string(count) + " blocks, " + reader.end();
}

TEST_F(SubscriptionTest, EndsWithInternalWhereABlockIsMissing) {
  grow(5);
  EXPECT_EQ(end_of_stream_with(
                [](const StateView& view, BlockNum block_num) {
                  return block_num.value == 3 ? std::nullopt : view.block(block_num);
                },
                *chain_),
            "3 blocks, INTERNAL: internal error");
  EXPECT_EQ(end_of_stream_with(
                [](const StateView& view, BlockNum block_num) -> std::optional<Bytes> {
                  if (block_num.value == 2) throw std::runtime_error("disk on fire");
                  return view.block(block_num);
                },
                *chain_),
            "2 blocks, INTERNAL: internal error");
}

TEST(MessageAround, IsWhatProtobufWouldWrite) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{127}, size_t{128}, size_t{3'000'000}}) {
    const std::string payload(size, 'p');
    ProofSubscriptionResponse before;
    before.set_block_num(7);
    ProofSubscriptionResponse after;
    after.set_proven_chain_tip(9);
    ProofSubscriptionResponse whole;
    whole.set_block_num(7);
    whole.set_proof(payload);
    whole.set_proven_chain_tip(9);
    const grpc::ByteBuffer message = message_around(before, 2, grpc::Slice(payload), after);
    grpc::Slice flat;
    ASSERT_TRUE(message.DumpToSingleSlice(&flat).ok());
    EXPECT_TRUE(std::string(flat.begin(), flat.end()) == whole.SerializeAsString()) << size;
  }
}

}  // namespace
}  // namespace miden
