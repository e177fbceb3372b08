// A node's public API over a chain in memory, which can be told to misbehave.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "chain/test_support/simulated_chain.hpp"
#include "net/address.hpp"
#include "net/convert_primitives.hpp"
#include "rpc.grpc.pb.h"

namespace miden {

class StandInSource final : public ::rpc::Api::Service {
 public:
  // What it does, from the next message on; nothing: it behaves.
  struct Mood {
    // Of the message with block n: other bytes, or nothing to end the stream as if all were well.
    std::function<std::optional<std::string>(uint32_t n, std::string bytes)> block = {};
    // Number and bytes of the proof of block n.
    std::function<std::pair<uint32_t, std::string>(uint32_t n)> proof = {};
    std::optional<uint32_t> silent_after = {};  // sends no block above
    std::optional<uint32_t> claimed_tip = {};
    std::optional<Word> genesis = {};
    bool hangs_in_status = false;
    std::optional<grpc::Status> to_streams = {};
    std::chrono::milliseconds between_blocks{0};
    bool compresses = false;
  };

  // Serves the model's blocks up to `tip`, which may rise later, and proofs up to `proven_tip`.
  StandInSource(const SimulatedChain& model, uint32_t tip, uint32_t proven_tip = 0)
      : model_(model), tip_(tip), proven_tip_(proven_tip) {
    start();
  }
  ~StandInSource() override { stop(); }

  // On the same port again after a stop.
  void start() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port_),
                             grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxSendMessageSize(-1);
    builder.RegisterService(this);
    is_stopping_ = false;
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void stop() {
    if (!server_) return;
    is_stopping_ = true;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }
  ServiceUrl url() const { return *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port_)); }

  void set_mood(Mood mood) {
    const std::scoped_lock lock(mutex_);
    mood_ = std::move(mood);
  }
  void set_tip(uint32_t tip) { tip_ = tip; }
  void set_proven_tip(uint32_t tip) { proven_tip_ = tip; }

  // A call that this node forwarded: its accept and network-transaction headers, and its fields.
  struct Forwarded {
    std::string accept;
    std::string network_tx_auth;
    std::vector<std::string> fields;
    friend bool operator==(const Forwarded&, const Forwarded&) = default;
  };
  std::vector<Forwarded> forwarded() const {
    const std::scoped_lock lock(mutex_);
    return forwarded_;
  }
  // Of the next forwarded calls.
  void set_answer(grpc::Status answer) {
    const std::scoped_lock lock(mutex_);
    answer_ = std::move(answer);
  }

  uint32_t streams() const { return streams_; }
  uint32_t proof_streams() const { return proof_streams_; }
  std::string last_accept() const {
    const std::scoped_lock lock(mutex_);
    return last_accept_;
  }

  grpc::Status Status(grpc::ServerContext* context, const google::protobuf::Empty*,
                      ::rpc::RpcStatus* response) override {
    const Mood mood = this->mood();
    while (mood.hangs_in_status && goes_on(*context)) pause();
    response->set_version("0.15.2");
    *response->mutable_genesis_commitment() =
        to_message(mood.genesis.value_or(model_.blocks[0].header.commitment()));
    response->set_chain_tip(mood.claimed_tip.value_or(tip_));
    auto& producer = *response->mutable_block_producer();
    producer.set_version("0.15.7");
    producer.set_status("connected");
    producer.set_chain_tip(tip_);
    producer.mutable_mempool_stats()->set_unbatched_transactions(7);
    return grpc::Status::OK;
  }

  grpc::Status BlockSubscription(
      grpc::ServerContext* context, const ::rpc::BlockSubscriptionRequest* request,
      grpc::ServerWriter<::rpc::BlockSubscriptionResponse>* writer) override {
    ++streams_;
    note_accept(*context);
    if (this->mood().compresses) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    for (uint32_t next = request->block_from(); goes_on(*context);) {
      const Mood mood = this->mood();
      if (mood.to_streams) return *mood.to_streams;
      if (next > tip_ || next > mood.silent_after.value_or(UINT32_MAX)) {
        pause();
        continue;
      }
      const Bytes bytes = to_bytes(model_.blocks.at(next));
      std::optional<std::string> block(std::string(bytes.begin(), bytes.end()));
      if (mood.block) block = mood.block(next, *std::move(block));
      if (!block) return grpc::Status::OK;
      ::rpc::BlockSubscriptionResponse response;
      response.set_block(*std::move(block));
      response.set_committed_chain_tip(tip_);
      if (!writer->Write(response)) break;
      ++next;
      std::this_thread::sleep_for(mood.between_blocks);
    }
    return {grpc::StatusCode::UNAVAILABLE, "server is shutting down"};
  }

  grpc::Status ProofSubscription(
      grpc::ServerContext* context, const ::rpc::ProofSubscriptionRequest* request,
      grpc::ServerWriter<::rpc::ProofSubscriptionResponse>* writer) override {
    ++proof_streams_;
    for (uint32_t next = request->block_from(); goes_on(*context);) {
      const Mood mood = this->mood();
      if (mood.to_streams) return *mood.to_streams;
      if (next > proven_tip_) {
        pause();
        continue;
      }
      ::rpc::ProofSubscriptionResponse response;
      response.set_block_num(next);
      if (mood.proof) {
        const auto [block_num, proof] = mood.proof(next);
        response.set_block_num(block_num);
        response.set_proof(proof);
      }
      response.set_proven_chain_tip(proven_tip_);
      if (!writer->Write(response)) break;
      ++next;
    }
    return {grpc::StatusCode::UNAVAILABLE, "server is shutting down"};
  }

  grpc::Status SubmitProvenTx(grpc::ServerContext* context,
                              const ::transaction::ProvenTransaction* request,
                              ::blockchain::BlockNumber* response) override {
    response->set_block_num(tip_);
    return note(*context,
                {request->transaction(),
                 request->has_transaction_inputs() ? request->transaction_inputs() : "none"});
  }
  grpc::Status SubmitProvenTxBatch(grpc::ServerContext* context,
                                   const ::transaction::TransactionBatch* request,
                                   ::blockchain::BlockNumber* response) override {
    response->set_block_num(tip_);
    std::vector<std::string> fields{request->batch_proof(), request->proposed_batch()};
    fields.insert(fields.end(), request->transaction_inputs().begin(),
                  request->transaction_inputs().end());
    return note(*context, std::move(fields));
  }
  grpc::Status GetNetworkNoteStatus(grpc::ServerContext* context, const ::note::NoteId* request,
                                    ::rpc::GetNetworkNoteStatusResponse* response) override {
    response->set_attempt_count(3);
    return note(*context, {request->SerializeAsString()});
  }

 private:
  grpc::Status note(const grpc::ServerContext& context, std::vector<std::string> fields) {
    const std::scoped_lock lock(mutex_);
    forwarded_.push_back({metadata(context, "accept"), metadata(context, "x-miden-network-tx-auth"),
                          std::move(fields)});
    return answer_;
  }
  static std::string metadata(const grpc::ServerContext& context, const char* name) {
    const auto found = context.client_metadata().find(name);
    if (found == context.client_metadata().end()) return "";
    return {found->second.data(), found->second.size()};
  }
  Mood mood() const {
    const std::scoped_lock lock(mutex_);
    return mood_;
  }
  void note_accept(const grpc::ServerContext& context) {
    const std::scoped_lock lock(mutex_);
    last_accept_ = metadata(context, "accept");
  }
  bool goes_on(const grpc::ServerContext& context) const {
    return !context.IsCancelled() && !is_stopping_;
  }
  static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

  const SimulatedChain& model_;
  std::atomic<uint32_t> tip_;
  std::atomic<uint32_t> proven_tip_;
  std::atomic<uint32_t> streams_ = 0;
  std::atomic<uint32_t> proof_streams_ = 0;
  std::atomic<bool> is_stopping_ = false;
  mutable std::mutex mutex_;  // guards what follows
  Mood mood_;
  std::string last_accept_;
  std::vector<Forwarded> forwarded_;
  grpc::Status answer_;

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace miden
