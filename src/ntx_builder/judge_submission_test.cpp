#include "ntx_builder/judge_submission.hpp"

#include <gtest/gtest.h>

#include "producer/submission_status.hpp"

namespace miden {
namespace {

using enum SubmissionVerdict;

SubmissionVerdict verdict(StatusCode code, std::string message, std::string details = {}) {
  return judge_submission(refuse(code, std::move(message), std::move(details)));
}

// What this project's nodes say, whichever way it comes.
SubmissionVerdict of_mempool(std::string_view code, const std::string& message) {
  return judge_submission(std::unexpected(submission_status({code, message})));
}

TEST(JudgeSubmission, ALostAnswerSaysNothing) {
  EXPECT_EQ(judge_submission(Answer<>()), kAccepted);
  for (const StatusCode code :
       {StatusCode::kUnavailable, StatusCode::kCancelled, StatusCode::kDeadlineExceeded,
        StatusCode::kInternal, StatusCode::kUnknown, StatusCode::kAborted, StatusCode::kDataLoss}) {
    EXPECT_EQ(verdict(code, "Timeout expired"), kUnknown) << to_string(code);
  }
}

TEST(JudgeSubmission, ReadsTheMempoolsNumbers) {
  EXPECT_EQ(of_mempool("AccountCommitmentMismatch", "it is another"), kConflict);
  EXPECT_EQ(of_mempool("TransactionAlreadyExists", "known"), kConflict);
  EXPECT_EQ(of_mempool("NullifiersAlreadyExist", "spent"), kConflict);
  EXPECT_EQ(of_mempool("CapacityExceeded", "the mempool is at capacity"), kNotNow);
  EXPECT_EQ(of_mempool("Expired", "transaction expired at block height 3"), kLate);
  EXPECT_EQ(of_mempool("SpentInChain", "spent"), kUnknown);
  EXPECT_EQ(of_mempool("StoreFailed", "the disk"), kUnknown);
}

TEST(JudgeSubmission, ReadsTheTextWhereTheNumberIsLost) {
  EXPECT_EQ(verdict(StatusCode::kInvalidArgument,
                    "transaction conflicts with current mempool state\ncaused by: x"),
            kConflict);
  EXPECT_EQ(verdict(StatusCode::kInvalidArgument, "the mempool is at capacity"), kNotNow);
  EXPECT_EQ(verdict(StatusCode::kInvalidArgument,
                    "transaction expired at block height 3 but the block height limit was 5"),
            kLate);
}

TEST(JudgeSubmission, TellsRefusalsApart) {
  EXPECT_EQ(verdict(StatusCode::kInvalidArgument,
                    "Network transactions may not be submitted by users yet"),
            kNotAllowed);
  EXPECT_EQ(verdict(StatusCode::kResourceExhausted, "rate limit exceeded"), kNotNow);
  EXPECT_EQ(verdict(StatusCode::kResourceExhausted, "Received message larger than max (5 vs. 4)"),
            kTooLarge);
  EXPECT_EQ(verdict(StatusCode::kOutOfRange, "message too large"), kTooLarge);
  EXPECT_EQ(verdict(StatusCode::kInvalidArgument, "Invalid proof for transaction 0x00"), kRefused);
  EXPECT_EQ(verdict(StatusCode::kUnimplemented, ""), kRefused);
}

}  // namespace
}  // namespace miden
