#include "rpc/rpc_server.hpp"

#include <grpcpp/server_context.h>

#include <atomic>

#include "net/health.hpp"
#include "net/metadata.hpp"
#include "net/reflection.hpp"
#include "net/serve_unary.hpp"
#include "rpc.grpc.pb.h"
#include "rpc/get_network_note_status.hpp"
#include "rpc/methods.hpp"
#include "rpc/public_gate.hpp"
#include "rpc/quick_reads.hpp"
#include "rpc/submission_intake.hpp"
#include "rpc/subscription.hpp"

namespace miden {
namespace {

constexpr const char* kServiceName = "rpc.Api";
constexpr const char* kAuthHeader = "x-miden-network-tx-auth";

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;
using StreamReactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

// Most of such a call is waiting for the other service.
constexpr size_t kQuestionThreads = 8;

CallerHeaders caller_headers(const Context& context) {
  CallerHeaders headers;
  if (const auto accept = first_metadata(context, "accept")) headers.accept = *accept;
  if (const auto auth = first_metadata(context, kAuthHeader)) headers.network_tx_auth = *auth;
  return headers;
}

// Streams are served as bytes, so that what is sent is not copied for each subscriber.
using Service = ::rpc::Api::WithRawCallbackMethod_BlockSubscription<
    ::rpc::Api::WithRawCallbackMethod_ProofSubscription<::rpc::Api::CallbackService>>;

class Api final : public Service {
 public:
  Api(const RpcOptions& options, RpcParts parts, CallGate& gate)
      : options_(options),
        parts_(std::move(parts)),
        gate_(gate),
        submissions_({.network_tx_auth = options.network_tx_auth,
                      .timeout = options.request_timeout,
                      .max_in_progress = options.max_waiting_calls,
                      .max_bytes_in_progress = options.max_submission_bytes,
                      .verification_threads = options.verification_threads,
                      .handover_threads = options.submission_threads},
                     *parts_.chain, *parts_.verifier, *parts_.submitter),
        questions_({.threads = kQuestionThreads, .max_queued = options.max_waiting_calls}),
        blocks_(kBlockSubscription, *parts_.chain,
                {options.max_subscriptions, options.subscription_write_timeout}),
        proofs_(kProofSubscription, *parts_.chain,
                {options.max_subscriptions, options.subscription_write_timeout}) {}

  // Refuses the calls that wait, finishes those that run, ends the subscriptions.
  void refuse_waiting() {
    is_stopping_ = true;
    submissions_.refuse_waiting();
    blocks_.close();
    proofs_.close();
  }
  void stop() {
    submissions_.stop();
    questions_.stop();
  }

  Reactor* Status(Context* context, const google::protobuf::Empty* request,
                  ::rpc::RpcStatus* response) override {
    return read("Status", context, request, response, [this](const StateView& view) {
      return get_status(view, options_.version, parts_.producer->producer_report());
    });
  }
  Reactor* GetLimits(Context* context, const google::protobuf::Empty* request,
                     ::rpc::RpcLimits* response) override {
    return read("GetLimits", context, request, response,
                [](const StateView&) { return get_limits(); });
  }
  Reactor* GetBlockHeaderByNumber(Context* context,
                                  const ::rpc::BlockHeaderByNumberRequest* request,
                                  ::rpc::BlockHeaderByNumberResponse* response) override {
    return read("GetBlockHeaderByNumber", context, request, response, get_block_header_by_number);
  }
  Reactor* GetBlockByNumber(Context* context, const ::blockchain::BlockRequest* request,
                            ::blockchain::MaybeBlock* response) override {
    return read("GetBlockByNumber", context, request, response, get_block_by_number);
  }
  Reactor* GetAccount(Context* context, const ::rpc::AccountRequest* request,
                      ::rpc::AccountResponse* response) override {
    return read("GetAccount", context, request, response, get_account);
  }
  Reactor* GetNotesById(Context* context, const ::note::NoteIdList* request,
                        ::note::CommittedNoteList* response) override {
    return read("GetNotesById", context, request, response, get_notes_by_id);
  }
  Reactor* GetNoteScriptByRoot(Context* context, const ::note::NoteScriptRoot* request,
                               ::rpc::MaybeNoteScript* response) override {
    return read("GetNoteScriptByRoot", context, request, response, get_note_script_by_root);
  }
  Reactor* SyncTransactions(Context* context, const ::rpc::SyncTransactionsRequest* request,
                            ::rpc::SyncTransactionsResponse* response) override {
    return read("SyncTransactions", context, request, response, sync_transactions);
  }
  Reactor* SyncNotes(Context* context, const ::rpc::SyncNotesRequest* request,
                     ::rpc::SyncNotesResponse* response) override {
    return read("SyncNotes", context, request, response, sync_notes);
  }
  Reactor* SyncNullifiers(Context* context, const ::rpc::SyncNullifiersRequest* request,
                          ::rpc::SyncNullifiersResponse* response) override {
    return read("SyncNullifiers", context, request, response, sync_nullifiers);
  }
  Reactor* SyncAccountVault(Context* context, const ::rpc::SyncAccountVaultRequest* request,
                            ::rpc::SyncAccountVaultResponse* response) override {
    return read("SyncAccountVault", context, request, response, sync_account_vault);
  }
  Reactor* SyncAccountStorageMaps(Context* context,
                                  const ::rpc::SyncAccountStorageMapsRequest* request,
                                  ::rpc::SyncAccountStorageMapsResponse* response) override {
    return read("SyncAccountStorageMaps", context, request, response, sync_account_storage_maps);
  }
  Reactor* SyncChainMmr(Context* context, const ::rpc::SyncChainMmrRequest* request,
                        ::rpc::SyncChainMmrResponse* response) override {
    return read("SyncChainMmr", context, request, response, sync_chain_mmr);
  }

  Reactor* SubmitProvenTx(Context* context, const ::transaction::ProvenTransaction* request,
                          ::blockchain::BlockNumber* response) override {
    constexpr std::string_view kMethod = "SubmitProvenTx";
    const Answer<> admitted = gate_.admit(*context, kMethod);
    if (!admitted) return end_unary(kMethod, context, admitted.error());
    return submissions_.submit_proven_tx(*context, *request, response, caller_headers(*context));
  }
  Reactor* SubmitProvenTxBatch(Context* context, const ::transaction::TransactionBatch* request,
                               ::blockchain::BlockNumber* response) override {
    constexpr std::string_view kMethod = "SubmitProvenTxBatch";
    const Answer<> admitted = gate_.admit(*context, kMethod);
    if (!admitted) return end_unary(kMethod, context, admitted.error());
    return submissions_.submit_proven_tx_batch(*context, *request, response,
                                               caller_headers(*context));
  }
  Reactor* GetNetworkNoteStatus(Context* context, const ::note::NoteId* request,
                                ::rpc::GetNetworkNoteStatusResponse* response) override {
    constexpr std::string_view kMethod = "GetNetworkNoteStatus";
    Answer<> admitted = gate_.admit(*context, kMethod);
    if (admitted) admitted = check_request_size(*request);
    if (!admitted) return end_unary(kMethod, context, admitted.error());
    return serve_pooled<::rpc::GetNetworkNoteStatusResponse>(
        kMethod, questions_, options_.request_timeout, response,
        [this, request = *request,
         caller = caller_headers(*context)]() -> Answer<::rpc::GetNetworkNoteStatusResponse> {
          if (is_stopping_) return refuse(StatusCode::kUnavailable, "server is shutting down");
          return get_network_note_status(parts_.network_notes, request, caller);
        });
  }

  StreamReactor* BlockSubscription(Context* context, const grpc::ByteBuffer* request) override {
    return subscribe<::rpc::BlockSubscriptionRequest>(blocks_, "BlockSubscription", context,
                                                      *request);
  }
  StreamReactor* ProofSubscription(Context* context, const grpc::ByteBuffer* request) override {
    return subscribe<::rpc::ProofSubscriptionRequest>(proofs_, "ProofSubscription", context,
                                                      *request);
  }

 private:
  // `handler`: Answer<Response>(view) or Answer<Response>(view, request).
  template <class Request, class Response, class Handler>
  Reactor* read(std::string_view method, Context* context, const Request* request,
                Response* response, const Handler& handler) {
    return serve_unary(method, context, request, response, [&]() -> Answer<Response> {
      TRY(gate_.admit(*context, method));
      const std::shared_ptr<const StateView> view = parts_.chain->view();
      if constexpr (std::is_invocable_v<const Handler&, const StateView&>) {
        return handler(*view);
      } else {
        return handler(*view, *request);
      }
    });
  }

  template <class Request>
  StreamReactor* subscribe(Subscriptions& subscriptions, std::string_view method, Context* context,
                           grpc::ByteBuffer request) {
    Request decoded;
    Answer<> admitted = gate_.admit(*context, method);
    if (admitted && !grpc::SerializationTraits<Request>::Deserialize(&request, &decoded).ok()) {
      admitted = refuse(StatusCode::kInternal, "failed to decode Protobuf message");
    }
    if (admitted) admitted = check_request_size(decoded);
    if (!admitted) return refuse_stream(method, admitted.error());
    return subscriptions.subscribe(*context, BlockNum{decoded.block_from()});
  }

  const RpcOptions options_;
  const RpcParts parts_;
  CallGate& gate_;
  std::atomic<bool> is_stopping_ = false;
  SubmissionIntake submissions_;
  ThreadPool questions_;  // that other services answer; apart, so that they delay no submission
  Subscriptions blocks_;
  Subscriptions proofs_;
};

}  // namespace

struct RpcServer::State {
  State(const RpcOptions& options, RpcParts parts, AcceptPolicy policy)
      : gate(std::move(policy), options.rate_limit, options.trusts_forwarding),
        quick(quick_reads({*parts.chain, *parts.producer, gate, options.version})),
        api(options, std::move(parts), gate),
        health(gate),
        reflection({kServiceName, "grpc.health.v1.Health"}, gate) {}

  PublicGate gate;
  const QuickMethods quick;
  Api api;
  HealthService health;
  ReflectionService reflection;
  std::unique_ptr<GrpcServer> server;
};

RpcServer::RpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

RpcServer::~RpcServer() { shutdown(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<RpcServer>> RpcServer::start(const RpcOptions& options, RpcParts parts) {
  AcceptPolicy policy{TRY(SemanticVersion::parse(options.version)),
                      parts.chain->view()->genesis_commitment()};
  auto state = std::make_unique<State>(options, std::move(parts), std::move(policy));
  state->health.set_serving(kServiceName, options.is_serving_at_start);
  state->server =
      TRY(GrpcServer::start({.listen = options.listen,
                             .max_connection_age = options.max_connection_age,
                             .gate = &state->gate,
       .quick_methods = &state->quick,
                             .serves_browsers = true,
                             .request_timeout = options.request_timeout},
                            {&state->api, state->health.service(), state->reflection.service(),
                             state->reflection.v1alpha_service()}));
  log_info("serving the public API", {{"address", state->server->address()}});
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(state)));
}

uint16_t RpcServer::port() const { return state_->server->port(); }

void RpcServer::set_serving(bool is_serving) {
  state_->health.set_serving(kServiceName, is_serving);
}

void RpcServer::shutdown(std::chrono::milliseconds grace) {
  state_->health.close();
  state_->api.refuse_waiting();
  state_->server->shutdown(grace);
  state_->api.stop();
}

std::shared_ptr<grpc::Channel> RpcServer::in_process_channel() {
  return state_->server->in_process_channel();
}

}  // namespace miden
