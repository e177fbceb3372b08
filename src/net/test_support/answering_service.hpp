// Methods of rpc.Api that answer what a test of the transport wants to know.
#pragma once

#include <atomic>
#include <string>

#include "net/metadata.hpp"
#include "net/peer_address.hpp"
#include "net/serve_unary.hpp"
#include "rpc.grpc.pb.h"

namespace miden {

class AnsweringService final : public ::rpc::Api::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // Who calls, in `version`; of the metadata `accept` and `x-user-agent`, in `block_producer`.
  Reactor* Status(Context* context, const google::protobuf::Empty* request,
                  ::rpc::RpcStatus* response) override {
    ++calls;
    context->AddInitialMetadata("x-initial", "1");
    return serve_unary("Status", context, request, response, [&]() -> Answer<::rpc::RpcStatus> {
      ::rpc::RpcStatus status;
      status.set_version(peer_address(*context));
      status.mutable_block_producer()->set_version(
          std::string(first_metadata(*context, "accept").value_or("none")));
      status.mutable_block_producer()->set_status(
          std::string(first_metadata(*context, "x-user-agent").value_or("none")));
      return status;
    });
  }
  // As many bytes as the block's number.
  Reactor* GetBlockByNumber(Context* context, const ::blockchain::BlockRequest* request,
                            ::blockchain::MaybeBlock* response) override {
    ++calls;
    return serve_unary("GetBlockByNumber", context, request, response,
                       [&]() -> Answer<::blockchain::MaybeBlock> {
                         ::blockchain::MaybeBlock block;
                         block.set_block(std::string(request->block_num(), 'x'));
                         return block;
                       });
  }
  // How many bytes it was sent.
  Reactor* SubmitProvenTx(Context* context, const ::transaction::ProvenTransaction* request,
                          ::blockchain::BlockNumber* response) override {
    return serve_unary("SubmitProvenTx", context, request, response,
                       [&]() -> Answer<::blockchain::BlockNumber> {
                         ::blockchain::BlockNumber number;
                         number.set_block_num(static_cast<uint32_t>(request->transaction().size()));
                         return number;
                       });
  }
  // A refusal with all its parts.
  Reactor* GetAccount(Context* context, const ::rpc::AccountRequest* request,
                      ::rpc::AccountResponse* response) override {
    context->AddTrailingMetadata("x-trailing", "2");
    return serve_unary("GetAccount", context, request, response,
                       []() -> Answer<::rpc::AccountResponse> {
                         return refuse(StatusCode::kNotFound, "no account \"é\"", "\2");
                       });
  }
  // Never, until it is cancelled.
  Reactor* GetLimits(Context*, const google::protobuf::Empty*, ::rpc::RpcLimits*) override {
    class Never final : public Reactor {
     public:
      explicit Never(AnsweringService& service) : service_(service) {}
      void OnCancel() override {
        ++service_.cancelled;
        Finish(grpc::Status::CANCELLED);
      }
      void OnDone() override { delete this; }

     private:
      AnsweringService& service_;
    };
    ++calls;
    return new Never(*this);
  }

  // Messages of as many bytes as the first block's number, without an end; for 0 the headers and
  // then nothing.
  grpc::ServerWriteReactor<::rpc::BlockSubscriptionResponse>* BlockSubscription(
      Context*, const ::rpc::BlockSubscriptionRequest* request) override {
    class Endless final : public grpc::ServerWriteReactor<::rpc::BlockSubscriptionResponse> {
     public:
      Endless(AnsweringService& service, size_t bytes) : service_(service) {
        message_.set_block(std::string(bytes, 'b'));
        bytes == 0 ? StartSendInitialMetadata() : OnWriteDone(true);
      }
      void OnWriteDone(bool ok) override {
        if (!ok) return;  // OnCancel ends it
        message_.set_committed_chain_tip(++service_.written);
        StartWrite(&message_);
      }
      void OnCancel() override {
        ++service_.cancelled;
        Finish(grpc::Status::CANCELLED);
      }
      void OnDone() override { delete this; }

     private:
      AnsweringService& service_;
      ::rpc::BlockSubscriptionResponse message_;
    };
    ++calls;
    return new Endless(*this, request->block_from());
  }
  // Three messages and an error.
  grpc::ServerWriteReactor<::rpc::ProofSubscriptionResponse>* ProofSubscription(
      Context*, const ::rpc::ProofSubscriptionRequest*) override {
    class Three final : public grpc::ServerWriteReactor<::rpc::ProofSubscriptionResponse> {
     public:
      Three() { OnWriteDone(true); }
      void OnWriteDone(bool) override {
        if (message_.block_num() == 3) {
          return Finish({grpc::StatusCode::DATA_LOSS, "that was all"});
        }
        message_.set_block_num(message_.block_num() + 1);
        StartWrite(&message_);
      }
      void OnDone() override { delete this; }

     private:
      ::rpc::ProofSubscriptionResponse message_;
    };
    return new Three();
  }

  std::atomic<int> calls = 0;
  std::atomic<int> cancelled = 0;
  std::atomic<uint32_t> written = 0;  // messages of endless streams
};

// Refuses everything after `left` calls.
class CountingGate final : public CallGate {
 public:
  Answer<> admit(grpc::CallbackServerContext& context, std::string_view method) override {
    last_method = method;
    if (left-- > 0) return {};
    context.AddTrailingMetadata("retry-after", "7");
    return refuse(StatusCode::kResourceExhausted, "Too Many Requests! Wait for 7s");
  }
  std::atomic<int> left = 1'000'000;
  std::string last_method;
};

}  // namespace miden
