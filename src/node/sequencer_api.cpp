#include "node/sequencer_api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "internal/sequencer.grpc.pb.h"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"
#include "net/serve_unary.hpp"
#include "producer/submission_status.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

std::unexpected<Status> invalid(std::string_view what, const Error& cause) {
  return invalid_argument(fmt::format("invalid {}: \ncaused by: {}", what, cause.message));
}

Result<std::vector<NoteId>> read_note_ids(
    std::string_view field,
    const google::protobuf::RepeatedPtrField<::primitives::Digest>& digests) {
  std::vector<NoteId> ids;
  for (const ::primitives::Digest& digest : digests) {
    ids.emplace_back(TRY(at(field, from_message(digest))));
  }
  return ids;
}

// What the sender's store said: the nullifiers it found unspent are not sent along.
Result<AuthenticatedTransaction> read_transaction(
    const ::sequencer::AuthenticatedTransaction& message) {
  auto transaction = std::make_shared<const ProvenTransaction>(TRY(bytes_as(
      "ProvenTransaction", from_bytes<ProvenTransaction>(as_bytes(message.transaction())))));
  ChainAnswers answers;
  answers.height = {message.authentication_height()};
  if (message.has_store_account_state()) {
    answers.account_commitment = READ_FIELD(message, store_account_state);
  }
  answers.found_notes =
      TRY(read_note_ids("notes_authenticated_by_store", message.notes_authenticated_by_store()));
  return AuthenticatedTransaction::make(std::move(transaction), answers,
                                        message.transaction().size());
}

// Only what is about the transaction counts.
Result<ChainAnswers> read_answers(const ::sequencer::AuthInputs& message,
                                  const ProvenTransaction& transaction) {
  ChainAnswers answers;
  const AccountId account = READ_FIELD(message, account_id);
  if (account != transaction.account_id()) {
    return fail("AccountIdMismatch",
                fmt::format("account_id: {} where the transaction is of account {}",
                            account.to_hex(), transaction.account_id().to_hex()));
  }
  answers.height = {message.current_block_height()};
  if (message.has_account_commitment()) {
    answers.account_commitment = READ_FIELD(message, account_commitment);
  }
  const auto& own = transaction.input_notes.notes;
  for (const ::sequencer::NullifierRecord& record : message.nullifiers()) {
    if (!record.has_nullifier()) return missing_field(record, "nullifier");
    const Nullifier nullifier(TRY(at("nullifiers.nullifier", from_message(record.nullifier()))));
    if (record.block_num() == 0) continue;  // unspent
    if (std::ranges::find(own, nullifier, &InputNoteCommitment::nullifier) != own.end()) {
      answers.spent.push_back(nullifier);
    }
  }
  answers.found_notes =
      TRY(read_note_ids("found_unauthenticated_notes", message.found_unauthenticated_notes()));
  return answers;
}

Answer<::blockchain::BlockNumber> to_answer(const Answer<BlockNum>& tip) {
  if (!tip) return std::unexpected(tip.error());
  ::blockchain::BlockNumber message;
  message.set_block_num(tip->value);
  return message;
}

Answer<::blockchain::BlockNumber> submit(const ::sequencer::AuthenticatedTransaction& request,
                                         BlockProducer& producer) {
  Result<AuthenticatedTransaction> transaction = read_transaction(request);
  if (!transaction) return invalid("authenticated transaction", transaction.error());
  return to_answer(producer.submit_authenticated(*std::move(transaction)));
}

Answer<::blockchain::BlockNumber> submit_batch(
    const ::sequencer::AuthenticatedTransactionBatch& request, BlockProducer& producer) {
  const Result<ProposedBatch> batch = from_bytes<ProposedBatch>(as_bytes(request.proposed_batch()));
  if (!batch) return invalid("proposed_batch", batch.error());
  const auto& transactions = batch->transactions();
  if (static_cast<size_t>(request.auth_inputs_size()) != transactions.size()) {
    return invalid_argument(
        fmt::format("Number of inputs {} does not match number of transactions {} in batch",
                    request.auth_inputs_size(), transactions.size()));
  }
  std::vector<ChainAnswers> all_answers;
  for (size_t i = 0; i < transactions.size(); ++i) {
    Result<ChainAnswers> read =
        read_answers(request.auth_inputs(static_cast<int>(i)), *transactions[i]);
    if (!read) return invalid("auth_inputs", read.error());
    all_answers.push_back(*std::move(read));
  }
  std::vector<AuthenticatedTransaction> authenticated;
  for (size_t i = 0; i < transactions.size(); ++i) {
    Result<AuthenticatedTransaction> made =
        AuthenticatedTransaction::make(transactions[i], all_answers[i]);
    if (!made) return std::unexpected(submission_status(made.error()));
    authenticated.push_back(*std::move(made));
  }
  return to_answer(producer.submit_authenticated_batch(std::move(authenticated)));
}

class Service final : public ::sequencer::Api::CallbackService {
 public:
  Service(const SequencerApiOptions& options, BlockProducer& producer)
      : timeout_(options.request_timeout),
        producer_(producer),
        calls_({.threads = options.threads, .max_queued = options.max_waiting_calls}) {}

  Reactor* SubmitAuthenticatedTx(Context* context,
                                 const ::sequencer::AuthenticatedTransaction* request,
                                 ::blockchain::BlockNumber* response) override {
    return serve("SubmitAuthenticatedTx", context, *request, response, submit);
  }
  Reactor* SubmitAuthenticatedTxBatch(Context* context,
                                      const ::sequencer::AuthenticatedTransactionBatch* request,
                                      ::blockchain::BlockNumber* response) override {
    return serve("SubmitAuthenticatedTxBatch", context, *request, response, submit_batch);
  }
  void stop() { calls_.stop(); }

 private:
  template <class Request>
  Reactor* serve(std::string_view method, Context* context, const Request& request,
                 ::blockchain::BlockNumber* response,
                 Answer<::blockchain::BlockNumber> (*handler)(const Request&, BlockProducer&)) {
    if (const Answer<> size = check_request_size(request); !size) {
      return end_unary(method, context, size.error());
    }
    return serve_pooled<::blockchain::BlockNumber>(
        method, calls_, timeout_, response,
        [this, request, handler] { return handler(request, producer_); });
  }

  const std::chrono::milliseconds timeout_;
  BlockProducer& producer_;
  ThreadPool calls_;
};

}  // namespace

struct SequencerApi::State {
  State(const SequencerApiOptions& options, BlockProducer& producer) : service(options, producer) {}
  Service service;
  std::unique_ptr<GrpcServer> server;
};

SequencerApi::SequencerApi(std::unique_ptr<State> state) : state_(std::move(state)) {}

SequencerApi::~SequencerApi() { shutdown(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<SequencerApi>> SequencerApi::start(const SequencerApiOptions& options,
                                                          BlockProducer& producer) {
  auto state = std::make_unique<State>(options, producer);
  ServerOptions server;
  server.listen = options.listen;
  state->server = TRY(GrpcServer::start(server, {&state->service}));
  log_info("serving the private API", {{"address", state->server->address()}});
  return std::unique_ptr<SequencerApi>(new SequencerApi(std::move(state)));
}

uint16_t SequencerApi::port() const { return state_->server->port(); }

void SequencerApi::shutdown(std::chrono::milliseconds grace) {
  state_->server->shutdown(grace);
  state_->service.stop();
}

}  // namespace miden
