// How a call ended, without gRPC's headers: handlers return these, and net/grpc_status.hpp turns
// them into what goes over the wire. spec/store-rpc.md §15.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace miden {

// gRPC's numbers.
enum class StatusCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};
std::string_view to_string(StatusCode code);  // "INVALID_ARGUMENT"

struct Status {
  StatusCode code = StatusCode::kOk;
  std::string message;
  // `grpc-status-details-bin`, raw: one byte that numbers a submission's error, or what a called
  // service sent.
  std::string details;

  Status() = default;
  Status(StatusCode status_code, std::string text, std::string raw_details = {})
      : code(status_code), message(std::move(text)), details(std::move(raw_details)) {}
  // What is wrong with a request is its sender's fault: TRY() in a handler ends in
  // INVALID_ARGUMENT. Errors with another meaning are turned into a Status by name.
  Status(const Error& error) : Status(StatusCode::kInvalidArgument, error.message) {}

  bool is_ok() const { return code == StatusCode::kOk; }
  friend bool operator==(const Status&, const Status&) = default;
};

// What a handler or a call to another service gives.
template <class T = void>
using Answer = std::expected<T, Status>;

inline std::unexpected<Status> invalid_argument(std::string message) {
  return std::unexpected(Status(StatusCode::kInvalidArgument, std::move(message)));
}
inline std::unexpected<Status> refuse(StatusCode code, std::string message,
                                      std::string details = {}) {
  return std::unexpected(Status(code, std::move(message), std::move(details)));
}

// For TRY.
template <class T>
T take_value(Answer<T>&& answer) {
  if constexpr (!std::is_void_v<T>) return std::move(*answer);
}
template <class T>
T take_value(const Answer<T>& answer) {
  if constexpr (!std::is_void_v<T>) return *answer;
}

}  // namespace miden
