// One call of a public API as it goes over the wire, and what came back.
#pragma once

#include <grpcpp/channel.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/status.hpp"

namespace miden {

struct Question {
  // What the summary counts it under: a method, or what is tried on any method.
  std::string group;
  std::string path;  // "/rpc.Api/GetAccount"
  std::string body;  // the request message's bytes, whether they are one or not
  std::vector<std::pair<std::string, std::string>> metadata = {};
  // How many messages of a stream are waited for before the caller hangs up.
  uint32_t messages = 1;
  // So many calls of the same are held open while this one is made.
  uint32_t held_open = 0;
  // Asked again, from one address, until it is refused, but not more often than this.
  uint32_t most_repetitions = 1;
  // Which of several large things of a kind it is about; recordings keep the first.
  uint32_t about = 0;

  std::string_view method() const { return std::string_view(path).substr(path.rfind('/') + 1); }
};

struct Reply {
  // The stream gave the messages that were waited for, or none in time, and had not ended.
  bool is_open = false;
  int code = 0;
  std::string message;
  std::string details;
  // Of headers and trailers those that clients act on: x-ratelimit-*, retry-after.
  std::map<std::string, std::string> metadata;
  std::vector<std::string> messages;

  friend bool operator==(const Reply&, const Reply&) = default;
};

// "INVALID_ARGUMENT: text [2]", "OK", "open", without the messages.
std::string outcome_of(const Reply& reply);

// To 127.0.0.1 or another address, without limits on what is received.
std::shared_ptr<grpc::Channel> open_channel(const std::string& address);

// Makes the call. Each caller has an address of its own (x-forwarded-for): the rate limit counts by
// it. Calls that hang end as DEADLINE_EXCEEDED.
Reply ask(grpc::Channel& channel, const Question& question, uint32_t caller);

}  // namespace miden
