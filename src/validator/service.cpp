#include "validator/service.hpp"

#include <type_traits>

#include "base/version.hpp"
#include "internal/validator.grpc.pb.h"
#include "net/convert_block.hpp"
#include "net/convert_primitives.hpp"
#include "net/end.hpp"
#include "net/health.hpp"
#include "net/reflection.hpp"
#include "net/serve_unary.hpp"
#include "net/server.hpp"
#include "net/thread_pool.hpp"
#include "storage/storage_error.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr std::string_view kService = "validator.Api";

// Sends the signed blocks from one number to the tip as it was at the start, one at a time as the
// subscriber takes them, and ends. Reads by key, so a slow or silent reader holds nothing up.
class BlockStream final : public grpc::ServerWriteReactor<::validator::BlockSubscriptionResponse> {
 public:
  BlockStream(const Validator& validator, BlockNum from)
      : validator_(validator), next_(from.value), tip_(validator.tip().value) {
    if (next_ > tip_) {
      Finish(grpc::Status(
          grpc::StatusCode::OUT_OF_RANGE,
          "subscriber's requested starting block should be <= the committed chain tip"));
      return;
    }
    send_next();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
    } else {
      send_next();
    }
  }
  void OnDone() override { delete this; }

 private:
  void send_next() {
    if (next_ > tip_) {
      Finish(grpc::Status::OK);
      return;
    }
    const BlockNum block_num{static_cast<uint32_t>(next_++)};
    std::optional<Bytes> block;
    try {
      block = validator_.block(block_num);
    } catch (...) {
      Finish(to_grpc(status_of_exception("BlockSubscription")));
      return;
    }
    if (!block) {
      Finish(grpc::Status(grpc::StatusCode::NOT_FOUND,
                          "block " + std::to_string(block_num.value) + " not found"));
      return;
    }
    response_.set_block(block->data(), block->size());
    response_.set_committed_chain_tip(static_cast<uint32_t>(tip_));
    StartWrite(&response_);
  }

  const Validator& validator_;
  uint64_t next_;  // wider than a block number: it passes the tip
  uint64_t tip_;
  ::validator::BlockSubscriptionResponse response_;
};

class ValidatorApi final : public ::validator::Api::CallbackService {
 public:
  ValidatorApi(Validator& validator, const ValidatorServiceOptions& options, End& end)
      : validator_(validator),
        end_(end),
        timeout_(options.timeout),
        submissions_({.threads = options.worker_threads, .max_queued = 256}),
        // Apart from the submissions: a flood of them must not delay a block.
        blocks_({.threads = 1, .max_queued = 16}) {}

  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const google::protobuf::Empty* request,
                                   ::validator::ValidatorStatus* response) override {
    return serve_unary("Status", context, request, response,
                       [&]() -> Answer<::validator::ValidatorStatus> {
                         const ValidatorStanding standing = validator_.standing();
                         ::validator::ValidatorStatus status;
                         status.set_version(std::string(kReleaseVersion));
                         status.set_status("OK");
                         status.set_chain_tip(standing.chain_tip.value);
                         status.set_validated_transactions_count(standing.validated_transactions);
                         status.set_signed_blocks_count(standing.signed_blocks);
                         return status;
                       });
  }

  grpc::ServerUnaryReactor* SubmitProvenTransaction(grpc::CallbackServerContext*,
                                                    const ::transaction::ProvenTransaction* request,
                                                    google::protobuf::Empty* response) override {
    return serve_pooled("SubmitProvenTransaction", submissions_, timeout_, response,
                        [this, request = *request]() -> Answer<google::protobuf::Empty> {
                          std::optional<ByteView> inputs;
                          if (request.has_transaction_inputs())
                            inputs = as_bytes(request.transaction_inputs());
                          TRY(ending_with_the_store([&] {
                            return validator_.submit(as_bytes(request.transaction()), inputs);
                          }));
                          return google::protobuf::Empty();
                        });
  }

  grpc::ServerUnaryReactor* SignBlock(grpc::CallbackServerContext*,
                                      const ::blockchain::ProposedBlock* request,
                                      ::blockchain::SignBlockResponse* response) override {
    return serve_pooled("SignBlock", blocks_, timeout_, response,
                        [this, request = *request]() -> Answer<::blockchain::SignBlockResponse> {
                          const SignedCommitment block = TRY(ending_with_the_store(
                              [&] { return validator_.sign(as_bytes(request.proposed_block())); }));
                          ::blockchain::SignBlockResponse signed_block;
                          *signed_block.mutable_signature() = to_message(block.signature);
                          *signed_block.mutable_block_commitment() =
                              to_message(block.block_commitment);
                          return signed_block;
                        });
  }

  grpc::ServerWriteReactor<::validator::BlockSubscriptionResponse>* BlockSubscription(
      grpc::CallbackServerContext*, const ::validator::BlockSubscriptionRequest* request) override {
    return new BlockStream(validator_, BlockNum{request->block_from()});
  }

 private:
  // A store that has refused a write refuses all that follow, until it is opened again.
  template <class Work>
  std::invoke_result_t<Work> ending_with_the_store(Work work) {
    try {
      return work();
    } catch (const StorageError& error) {
      end_.because(error.what());
      throw;
    }
  }

  Validator& validator_;
  End& end_;
  std::chrono::milliseconds timeout_;
  ThreadPool submissions_;
  ThreadPool blocks_;
};

}  // namespace

Result<void> serve_validator(Validator& validator, const ValidatorServiceOptions& options,
                             const std::stop_token& stop) {
  End end(stop);
  ValidatorApi api(validator, options, end);
  OpenGate gate;
  HealthService health(gate);
  health.set_serving(std::string(kService), true);
  ReflectionService reflection({std::string(kService), "grpc.health.v1.Health"}, gate);
  // A proposal holds whole batches: it may be larger than what clients send to the public API.
  ServerOptions server_options;
  server_options.listen = options.listen;
  server_options.max_message_bytes = size_t{64} << 20;
  const auto server =
      TRY(GrpcServer::start(server_options, {&api, health.service(), reflection.service(),
                                             reflection.v1alpha_service()}));
  log_info("validator is serving", {{"address", server->address()}, {"tip", validator.tip()}});

  const std::string failure = end.wait();
  log_info("stopping", {{"tip", validator.tip()}});
  health.close();
  server->shutdown(std::chrono::seconds(5));
  if (!failure.empty()) return fail("StorageFailed", failure);
  return {};
}

}  // namespace miden
