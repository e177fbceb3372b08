// validator_gate: stands between sequencers and a validator and hands every call on, but
// - keeps each submitted transaction with its inputs in a folder;
// - while told to be busy, signs only blocks with transactions: the chain does not grow with the
//   time that clients take;
// - once told to freeze, signs nothing more, so that the chain stands still;
// - once told to capture, refuses submissions after it has kept them: what a client makes then fits
//   the tip and is in no mempool.
// It also answers for a network transaction builder, by the first element of the note's id, so that
// what nodes hand on of its replies can be compared.
//
// The mode is the first word of the file named: "pass", "busy", "freeze" or "capture".
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>

#include "internal/ntx_builder.grpc.pb.h"
#include "internal/validator.grpc.pb.h"
#include "net/signals.hpp"
#include "protocol/proposed_block.hpp"

namespace {

namespace fs = std::filesystem;

class Gate final : public ::validator::Api::Service {
 public:
  Gate(const std::shared_ptr<grpc::Channel>& validator, fs::path mode_file, fs::path folder)
      : validator_(::validator::Api::NewStub(validator)),
        mode_file_(std::move(mode_file)),
        folder_(std::move(folder)) {}

  grpc::Status Status(grpc::ServerContext*, const ::google::protobuf::Empty* request,
                      ::validator::ValidatorStatus* response) override {
    grpc::ClientContext context;
    return validator_->Status(&context, *request, response);
  }

  grpc::Status SubmitProvenTransaction(grpc::ServerContext*,
                                       const ::transaction::ProvenTransaction* request,
                                       ::google::protobuf::Empty* response) override {
    const std::string current = mode();
    // The comparison's own damaged transactions come while the chain is frozen.
    if (current != "freeze") keep(*request, current == "capture" ? "fresh" : "committed");
    if (current == "capture") return {grpc::StatusCode::INVALID_ARGUMENT, "captured"};
    grpc::ClientContext context;
    return validator_->SubmitProvenTransaction(&context, *request, response);
  }

  grpc::Status SignBlock(grpc::ServerContext*, const ::blockchain::ProposedBlock* request,
                         ::blockchain::SignBlockResponse* response) override {
    const std::string current = mode();
    if (current == "busy" && is_empty(*request)) return {grpc::StatusCode::UNAVAILABLE, "idle"};
    if (current == "freeze" || current == "capture") {
      return {grpc::StatusCode::UNAVAILABLE, "frozen"};
    }
    grpc::ClientContext context;
    return validator_->SignBlock(&context, *request, response);
  }

  grpc::Status BlockSubscription(
      grpc::ServerContext* caller, const ::validator::BlockSubscriptionRequest* request,
      grpc::ServerWriter<::validator::BlockSubscriptionResponse>* writer) override {
    const std::unique_ptr<grpc::ClientContext> context =
        grpc::ClientContext::FromServerContext(*caller);
    const auto blocks = validator_->BlockSubscription(context.get(), *request);
    ::validator::BlockSubscriptionResponse block;
    while (blocks->Read(&block) && writer->Write(block)) {
    }
    context->TryCancel();
    return blocks->Finish();
  }

 private:
  static bool is_empty(const ::blockchain::ProposedBlock& request) {
    const auto block =
        miden::from_bytes<miden::ProposedBlock>(miden::as_bytes(request.proposed_block()));
    return block && block->batches.batches.empty();
  }

  std::string mode() const {
    std::ifstream in(mode_file_);
    std::string word;
    in >> word;
    return word;
  }

  void keep(const ::transaction::ProvenTransaction& submission, const std::string& kind) {
    const std::scoped_lock lock(mutex_);
    const fs::path folder = folder_ / kind;
    fs::create_directories(folder);
    const size_t number = kept_[kind]++;
    const auto write = [&](const char* what, const std::string& bytes) {
      std::ofstream out(folder / fmt::format("{}.{}", number, what), std::ios::binary);
      out << bytes;
    };
    write("transaction", submission.transaction());
    write("inputs", submission.transaction_inputs());
  }

  std::unique_ptr<::validator::Api::Stub> validator_;
  const fs::path mode_file_;
  const fs::path folder_;
  std::mutex mutex_;  // guards what is kept
  std::map<std::string, size_t> kept_;
};

class Builder final : public ::ntx_builder::Api::Service {
 public:
  grpc::Status GetNetworkNoteStatus(grpc::ServerContext* context, const ::note::NoteId* request,
                                    ::rpc::GetNetworkNoteStatusResponse* response) override {
    const uint64_t kind = request->id().d0();
    switch (kind) {
      case 0:
        return {grpc::StatusCode::NOT_FOUND, "Note not found in ntx-builder database"};
      case 1:
        return {grpc::StatusCode::INTERNAL, "failed with \"quotes\", 100% and\na second line"};
      case 2:
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, "busy", std::string("\x07\x00\xff", 3)};
      case 3: {
        const auto& metadata = context->client_metadata();
        const auto accept = metadata.find("accept");
        response->set_last_error(accept == metadata.end()
                                     ? "no accept header"
                                     : std::string(accept->second.data(), accept->second.size()));
        return grpc::Status::OK;
      }
      case 4:
        response->set_status(::rpc::NETWORK_NOTE_STATUS_PENDING);
        response->set_last_error("");
        return grpc::Status::OK;
      default:
        response->set_status(static_cast<::rpc::NetworkNoteStatus>(kind % 5));
        response->set_attempt_count(static_cast<uint32_t>(kind));
        response->set_last_attempt_block_num(static_cast<uint32_t>(kind * 7));
        response->set_last_error(std::string("error \xc3\xa4"));
        return grpc::Status::OK;
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  miden::StopOnSignal signals;
  std::string listen;
  std::string validator;
  fs::path mode_file;
  fs::path folder;
  CLI::App app("Hands calls to a validator on until told to stop the chain", "validator_gate");
  app.add_option("--listen", listen, "Address to serve on")->required();
  app.add_option("--validator", validator, "Address of the validator")->required();
  app.add_option("--mode-file", mode_file, "Holds pass, busy, freeze or capture")->required();
  app.add_option("--keep", folder, "Folder for what is submitted")->required();
  CLI11_PARSE(app, argc, argv);

  grpc::ChannelArguments unlimited;
  unlimited.SetMaxReceiveMessageSize(-1);
  Gate gate(grpc::CreateCustomChannel(validator, grpc::InsecureChannelCredentials(), unlimited),
            mode_file, folder);
  Builder builder;
  grpc::ServerBuilder server;
  server.AddListeningPort(listen, grpc::InsecureServerCredentials());
  server.SetMaxReceiveMessageSize(-1);
  server.RegisterService(&gate);
  server.RegisterService(&builder);
  const std::unique_ptr<grpc::Server> running = server.BuildAndStart();
  if (!running) {
    std::cerr << "Error: cannot listen on " << listen << '\n';
    return 1;
  }
  signals.wait();
  running->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}
