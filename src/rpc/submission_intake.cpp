#include "rpc/submission_intake.hpp"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <thread>

#include "net/deferred_call.hpp"
#include "net/serve_unary.hpp"
#include "rpc/submit_proven_tx.hpp"
#include "rpc/submit_proven_tx_batch.hpp"
#include "telemetry/log.hpp"
#include "types/blockchain.pb.h"
#include "types/transaction.pb.h"

namespace miden {
namespace {

// A tenth of a normal thread's share of a processor, when there are not enough.
constexpr int kVerificationNiceness = 10;

size_t verification_threads(size_t chosen) {
  if (chosen > 0) return chosen;
  return std::max(std::thread::hardware_concurrency(), 2u) - 1;
}

}  // namespace

// What a submission takes of the limits, from its arrival until nobody works on it.
class SubmissionIntake::Place {
 public:
  static std::shared_ptr<Place> take(SubmissionIntake& intake, size_t bytes) {
    auto place = std::shared_ptr<Place>(new Place(intake, bytes));
    const bool fits = place->number_ <= intake.options_.max_in_progress &&
                      place->sum_ <= intake.options_.max_bytes_in_progress;
    return fits ? place : nullptr;
  }
  ~Place() {
    --intake_.in_progress_;
    intake_.bytes_in_progress_ -= bytes_;
  }

 private:
  Place(SubmissionIntake& intake, size_t bytes)
      : intake_(intake),
        bytes_(bytes),
        number_(++intake.in_progress_),
        sum_(intake.bytes_in_progress_ += bytes) {}

  SubmissionIntake& intake_;
  const size_t bytes_;
  const size_t number_;
  const size_t sum_;
};

SubmissionIntake::SubmissionIntake(Options options, const ChainState& chain,
                                   TransactionVerifier& verifier, TransactionSubmitter& submitter)
    : options_(std::move(options)),
      chain_(chain),
      verifier_(verifier),
      submitter_(submitter),
      handovers_({.threads = options_.handover_threads, .max_queued = options_.max_in_progress}),
      checks_({.threads = verification_threads(options_.verification_threads),
               .max_queued = options_.max_in_progress,
               .niceness = kVerificationNiceness}) {}

SubmissionIntake::~SubmissionIntake() { stop(); }

void SubmissionIntake::stop() {
  is_stopping_ = true;
  checks_.stop();
  handovers_.stop();
}

Answer<> SubmissionIntake::check_open() const {
  if (is_stopping_) return refuse(StatusCode::kUnavailable, "server is shutting down");
  return {};
}

template <class Checked, class Request, class Check, class HandOver>
grpc::ServerUnaryReactor* SubmissionIntake::take(
    std::string_view method, grpc::CallbackServerContext& context, const Request& request,
    ::blockchain::BlockNumber* response, CallerHeaders caller, Check check, HandOver hand_over) {
  if (const Answer<> size = check_request_size(request); !size) {
    return end_unary(method, &context, size.error());
  }
  const std::shared_ptr<Place> place = Place::take(*this, request.ByteSizeLong());
  if (!place) {
    return end_unary(method, &context,
                     {StatusCode::kResourceExhausted, "the node is busy, try again"});
  }

  const bool is_authorized =
      options_.network_tx_auth && caller.network_tx_auth == options_.network_tx_auth;
  const auto call =
      DeferredCall<::blockchain::BlockNumber>::open(method, options_.timeout, response);
  caller.left = call->over();
  // gRPC keeps the request until the call is finished, which a timeout may do before the work is.
  call->run_on(checks_, [this, call, place, request = Request(request), is_authorized, caller,
                         check, hand_over]() mutable {
    if (const Answer<> open = check_open(); !open) {
      return call->answer(std::unexpected(open.error()));
    }
    Answer<Checked> checked = check(request, is_authorized, call->over());
    if (!checked) return call->answer(std::unexpected(checked.error()));

    call->run_on(handovers_, [this, call, place, checked = *std::move(checked),
                              caller = std::move(caller), hand_over]() mutable {
      if (const Answer<> open = check_open(); !open) {
        return call->answer(std::unexpected(open.error()));
      }
      const Answer<BlockNum> tip = hand_over(std::move(checked), caller);
      if (!tip) return call->answer(std::unexpected(tip.error()));
      ::blockchain::BlockNumber answer;
      answer.set_block_num(tip->value);
      call->answer(std::move(answer));
    });
  });
  return call->reactor();
}

grpc::ServerUnaryReactor* SubmissionIntake::submit_proven_tx(
    grpc::CallbackServerContext& context, const ::transaction::ProvenTransaction& request,
    ::blockchain::BlockNumber* response, CallerHeaders caller) {
  return take<CheckedTransaction>(
      "SubmitProvenTx", context, request, response, std::move(caller),
      [this](const ::transaction::ProvenTransaction& submitted, bool is_authorized,
             const std::stop_token&) {
        return check_submission(*chain_.view(), verifier_, submitted, is_authorized);
      },
      [this](CheckedTransaction checked, const CallerHeaders& caller) {
        const std::shared_ptr<const ProvenTransaction> transaction = checked.transaction;
        Answer<BlockNum> tip = submitter_.submit(std::move(checked), caller);
        if (tip) {
          log_debug("transaction accepted", {{"transaction", transaction->id},
                                             {"account", transaction->account_id()},
                                             {"tip", *tip}});
        }
        return tip;
      });
}

grpc::ServerUnaryReactor* SubmissionIntake::submit_proven_tx_batch(
    grpc::CallbackServerContext& context, const ::transaction::TransactionBatch& request,
    ::blockchain::BlockNumber* response, CallerHeaders caller) {
  return take<CheckedBatch>(
      "SubmitProvenTxBatch", context, request, response, std::move(caller),
      [this](const ::transaction::TransactionBatch& submitted, bool is_authorized,
             const std::stop_token& over) {
        return check_batch_submission(*chain_.view(), verifier_, submitted, is_authorized, over);
      },
      [this](CheckedBatch checked, const CallerHeaders& caller) {
        const size_t transactions = checked.transactions.size();
        const TransactionId first = checked.transactions.front().transaction->id;
        Answer<BlockNum> tip = submitter_.submit_batch(std::move(checked), caller);
        if (tip) {
          log_debug("batch accepted",
                    {{"transactions", transactions}, {"first", first}, {"tip", *tip}});
        }
        return tip;
      });
}

}  // namespace miden
