#include "rpc/submission_status.hpp"

namespace miden {

Status internal_submission_status() {
  return {StatusCode::kInternal, "Internal error", std::string(1, '\0')};
}

Status submission_status(const Error& error) {
  const auto refused = [](std::string text, char number) {
    return Status(StatusCode::kInvalidArgument, std::move(text), std::string(1, number));
  };
  if (error.code == "Expired") return refused(error.message, 1);
  if (error.code == "NullifiersAlreadyExist" || error.code == "OutputNotesAlreadyExist" ||
      error.code == "UnauthenticatedNotesMissing" || error.code == "AccountCommitmentMismatch" ||
      error.code == "AccountIdPrefixDuplicate") {
    return refused("transaction conflicts with current mempool state\ncaused by: " + error.message,
                   2);
  }
  if (error.code == "CapacityExceeded") return refused("the mempool is at capacity", 3);
  return internal_submission_status();
}

}  // namespace miden
