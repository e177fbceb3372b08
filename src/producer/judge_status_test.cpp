#include "producer/judge_status.hpp"

#include <gtest/gtest.h>

#include "producer/submission_status.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

TEST(JudgeStatus, BlamesTheContentOnlyForRefusals) {
  for (int code = 1; code <= 16; ++code) {
    const Status status(static_cast<StatusCode>(code), "");
    const bool is_refusal =
        status.code == StatusCode::kInvalidArgument || status.code == StatusCode::kOutOfRange;
    EXPECT_EQ(judge_status(status).cause,
              is_refusal ? Failure::Cause::kContent : Failure::Cause::kInfrastructure)
        << to_string(status.code);
  }
}

TEST(JudgeStatus, BlamesTheContentForBeingTooLarge) {
  EXPECT_EQ(judge_status({StatusCode::kResourceExhausted,
                          "Received message larger than max (5000000 vs. 4194304)"})
                .cause,
            Failure::Cause::kContent);
}

TEST(JudgeStatus, FindsTheTransactionsThatAMessageNames) {
  const TransactionId first(word(1));
  const TransactionId second(word(2));
  const std::string text = "0x12 unvalidated [" + first.to_hex() + ", " + second.to_hex() + "] 0x" +
                           std::string(63, '0') + " 0x" + std::string(64, 'f') + " 0x";
  EXPECT_EQ(ids_in(text), (std::vector{first, second}));
  EXPECT_EQ(ids_in(""), std::vector<TransactionId>());
}

TEST(SubmissionStatus, KeepsTheNumbersThatClientsKnow) {
  const auto detail = [](const char* code) {
    const Status status = submission_status({code, "why"});
    return std::pair(status.code, status.details);
  };
  const auto invalid = StatusCode::kInvalidArgument;
  EXPECT_EQ(detail("Expired"), std::pair(invalid, std::string("\x01")));
  for (const char* conflict :
       {"NullifiersAlreadyExist", "OutputNotesAlreadyExist", "UnauthenticatedNotesMissing",
        "AccountCommitmentMismatch", "AccountIdPrefixDuplicate", "TransactionAlreadyExists"}) {
    EXPECT_EQ(detail(conflict), std::pair(invalid, std::string("\x02"))) << conflict;
  }
  EXPECT_EQ(detail("CapacityExceeded"), std::pair(invalid, std::string("\x03")));
}

// The reference's code and number, and the reason.
TEST(SubmissionStatus, TellsCallersWhatTheyDid) {
  const std::string zero(1, '\0');
  for (const char* code : {"StaleInputs", "InputsAheadOfTip", "AccountIdPrefixTaken"}) {
    EXPECT_EQ(submission_status({code, "why"}), Status(StatusCode::kInternal, "why", zero)) << code;
  }
  EXPECT_EQ(submission_status({"SpentInChain", "nullifiers already exist: 0x1"}),
            Status(StatusCode::kInternal,
                   "transaction conflicts with the chain\ncaused by: nullifiers already exist: 0x1",
                   zero));
}

TEST(SubmissionStatus, KeepsOwnFailuresToTheLog) {
  for (const char* code : {"JournalFailed", "StoreStateReadFailed"}) {
    EXPECT_EQ(submission_status({code, "secret"}),
              Status(StatusCode::kInternal, "Internal error", std::string(1, '\0')))
        << code;
  }
}

}  // namespace
}  // namespace miden
