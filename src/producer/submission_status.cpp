#include "producer/submission_status.hpp"

#include "telemetry/log.hpp"

namespace miden {
namespace {

bool is_state_conflict(std::string_view code) {
  return code == "NullifiersAlreadyExist" || code == "OutputNotesAlreadyExist" ||
         code == "UnauthenticatedNotesMissing" || code == "AccountCommitmentMismatch" ||
         code == "AccountIdPrefixDuplicate" || code == "TransactionAlreadyExists";
}

// The reference calls these internal too, though they are about what was submitted.
bool is_callers_doing(std::string_view code) {
  return code == "AccountIdPrefixTaken" || code == "StaleInputs" || code == "InputsAheadOfTip";
}

Status refusal(SubmissionError error, std::string message) {
  return {
      error == SubmissionError::kInternal ? StatusCode::kInternal : StatusCode::kInvalidArgument,
      std::move(message), std::string(1, static_cast<char>(error))};
}

}  // namespace

Status submission_status(const Error& error) {
  if (error.code == "Expired") return refusal(SubmissionError::kExpired, error.message);
  if (error.code == "CapacityExceeded") {
    return refusal(SubmissionError::kCapacityExceeded, error.message);
  }
  if (is_state_conflict(error.code)) {
    return refusal(SubmissionError::kStateConflict,
                   "transaction conflicts with current mempool state\ncaused by: " + error.message);
  }
  // A batch that decoding let through and no mempool takes.
  if (error.code == "NoteCreatedAndConsumed" || error.code == "EmptyTransactionBatch") {
    return {StatusCode::kInvalidArgument, error.message};
  }
  if (error.code == "SpentInChain") {
    return refusal(SubmissionError::kInternal,
                   "transaction conflicts with the chain\ncaused by: " + error.message);
  }
  if (is_callers_doing(error.code)) return refusal(SubmissionError::kInternal, error.message);
  log_warn("submission failed", {{"cause", error.code}, {"message", error.message}});
  return refusal(SubmissionError::kInternal, "Internal error");
}

}  // namespace miden
