#include "ntx_builder/judge_submission.hpp"

namespace miden {
namespace {

// Of the mempool's refusals; what stands in for the number where a node in between dropped it.
constexpr char kExpired = 1;
constexpr char kStateConflict = 2;
constexpr char kCapacityExceeded = 3;

bool says(const Status& status, char number, std::string_view text) {
  if (status.details.size() == 1) return status.details.front() == number;
  return status.message.find(text) != std::string::npos;
}

SubmissionVerdict judge_invalid(const Status& status) {
  if (says(status, kStateConflict, "conflicts with current mempool state")) {
    return SubmissionVerdict::kConflict;
  }
  if (says(status, kCapacityExceeded, "mempool is at capacity")) return SubmissionVerdict::kNotNow;
  if (says(status, kExpired, "transaction expired at")) return SubmissionVerdict::kLate;
  if (status.message.find("Network transactions may not be submitted") != std::string::npos) {
    return SubmissionVerdict::kNotAllowed;
  }
  return SubmissionVerdict::kRefused;
}

}  // namespace

SubmissionVerdict judge_submission(const Answer<>& answer) {
  if (answer) return SubmissionVerdict::kAccepted;
  const Status& status = answer.error();
  switch (status.code) {
    case StatusCode::kAlreadyExists:
      return SubmissionVerdict::kConflict;
    case StatusCode::kInvalidArgument:
      return judge_invalid(status);
    case StatusCode::kResourceExhausted:
      // gRPC for C++ refuses a message that is too large with the code of a full queue.
      if (status.message.find("larger than max") != std::string::npos) {
        return SubmissionVerdict::kTooLarge;
      }
      return SubmissionVerdict::kNotNow;
    case StatusCode::kOutOfRange:
      return SubmissionVerdict::kTooLarge;
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
      return SubmissionVerdict::kNotAllowed;
    case StatusCode::kUnimplemented:
    case StatusCode::kNotFound:
    case StatusCode::kFailedPrecondition:
      return SubmissionVerdict::kRefused;
    default:
      return SubmissionVerdict::kUnknown;
  }
}

}  // namespace miden
