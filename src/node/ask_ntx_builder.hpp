// How far network notes have come, asked of the network transaction builder.
// spec/store-rpc.md §17.14.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "net/address.hpp"
#include "rpc/network_note_source.hpp"

namespace grpc {
class Channel;
}

namespace miden {

class AskNtxBuilder final : public NetworkNoteSource {
 public:
  // Connects with the first question.
  AskNtxBuilder(const ServiceUrl& url, std::chrono::milliseconds timeout);
  Answer<::rpc::GetNetworkNoteStatusResponse> network_note_status(
      const ::note::NoteId& request, const CallerHeaders& caller) override;
  // Ends what is being asked and refuses what comes: UNAVAILABLE.
  void stop() { stop_.request_stop(); }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::chrono::milliseconds timeout_;
  std::stop_source stop_;
};

}  // namespace miden
