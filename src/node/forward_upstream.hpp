// What a full node does not decide itself: it asks the node that it follows.
// spec/store-rpc.md §17.1, §17.14, §18.5.
#pragma once

#include <chrono>
#include <stop_token>

#include "rpc/network_note_source.hpp"
#include "rpc/producer_report.hpp"
#include "rpc/transaction_submitter.hpp"
#include "sync/block_sources.hpp"

namespace miden {

// Submissions and questions go to the source that is followed at the time, whose answer is handed
// on as it comes. The caller's accept header goes with them, and so does its network-transaction
// header (ours; the reference drops it, D-21): a transaction builder may then sit behind a full
// node.
class ForwardUpstream final : public TransactionSubmitter, public NetworkNoteSource {
 public:
  // `sources` must outlive this. `timeout`: of one call.
  ForwardUpstream(const BlockSources& sources, std::chrono::milliseconds timeout)
      : sources_(sources), timeout_(timeout) {}

  Answer<BlockNum> submit(CheckedTransaction transaction, const CallerHeaders& caller) override;
  Answer<BlockNum> submit_batch(CheckedBatch batch, const CallerHeaders& caller) override;
  Answer<::rpc::GetNetworkNoteStatusResponse> network_note_status(
      const ::note::NoteId& request, const CallerHeaders& caller) override;
  // Ends the questions under way and refuses what comes: UNAVAILABLE.
  void stop() { stop_.request_stop(); }

 private:
  const BlockSources& sources_;
  const std::chrono::milliseconds timeout_;
  std::stop_source stop_;
};

// The block production of the node that is followed, as it last told of it.
class UpstreamReport final : public ProducerReporter {
 public:
  explicit UpstreamReport(const BlockSources& sources) : sources_(sources) {}
  ProducerReport producer_report() const override;

 private:
  const BlockSources& sources_;
};

}  // namespace miden
