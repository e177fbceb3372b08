// The one thread that drives the mempool and its journal.
//
// Events wait in one queue and are handled in order. A submission is admitted, journalled and only
// then answered: what has been answered for survives a restart. Submissions that wait together are
// journalled in one write.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>

#include "chain/chain_state.hpp"
#include "mempool/mempool.hpp"
#include "net/status.hpp"

namespace miden {

class MempoolOwner {
 public:
  struct Options {
    MempoolOptions mempool;
    size_t max_queued_submissions = 4096;  // further ones are RESOURCE_EXHAUSTED
    // Called once, from any thread, when a disk fails: nothing can be promised any more.
    std::function<void(const std::string&)> on_fatal;
  };

  // Takes back what the journal holds, so that nobody meets a mempool without it. What the chain no
  // longer admits is dropped with a warning.
  MempoolOwner(ChainState& chain, Options options);
  // Refuses what still waits (UNAVAILABLE) and joins the thread.
  ~MempoolOwner();
  MempoolOwner(const MempoolOwner&) = delete;
  MempoolOwner& operator=(const MempoolOwner&) = delete;

  // Takes in nothing more; what waits is still handled. For an orderly end.
  void stop();

  // The committed tip at acceptance, once the submission is journalled. `answered` runs on the
  // owner's thread and must be quick.
  using Answered = std::function<void(Answer<BlockNum>)>;
  void submit(AuthenticatedTransaction transaction, Answered answered);
  void submit_batch(std::vector<AuthenticatedTransaction> transactions, Answered answered);
  // The same, waiting.
  Answer<BlockNum> submit(AuthenticatedTransaction transaction);
  Answer<BlockNum> submit_batch(std::vector<AuthenticatedTransaction> transactions);

  // Runs `event` with the mempool on the owner's thread and waits for what it returns. False or
  // nothing once the owner has stopped.
  bool run(std::function<void(Mempool&)> event);
  template <class T>
  std::optional<T> ask(std::function<T(Mempool&)> event) {
    std::optional<T> result;
    if (!run([&](Mempool& mempool) { result.emplace(event(mempool)); })) return std::nullopt;
    return result;
  }

  // Logs evictions and strikes them from the journal; on the owner's thread, from an event.
  void note_evictions(const std::vector<Eviction>& evictions);
  // The chain now holds `block`, which is not the pending one. On the owner's thread, from an
  // event: what the block does not contain is authenticated anew and kept.
  void adopt(Mempool& mempool, const BlockHeader& header,
             const std::vector<TransactionHeader>& included);
  // The chain now holds the pending block with these transactions.
  void committed(const std::vector<TransactionHeader>& included);

  // As of the last event.
  MempoolStats stats() const;
  BlockNum chain_tip() const;  // the pending block counts

 private:
  struct SubmissionEvent {
    std::vector<AuthenticatedTransaction> transactions;
    bool is_user_batch = false;
    Answered answered;
  };
  struct Inquiry {
    std::function<void(Mempool&)> event;
    std::shared_ptr<std::promise<bool>> done;
  };
  using Event = std::variant<SubmissionEvent, Inquiry>;

  void enqueue(SubmissionEvent submission);
  void work();
  void handle(std::vector<Event> events);
  void admit_and_journal(std::span<SubmissionEvent> submissions);
  void readmit_journal();
  bool readmit(Mempool& mempool, const StateView& view, const Submission& submission);
  void strike(const std::vector<TransactionId>& transactions);
  void publish();
  void fail_for_good(const std::string& why);

  ChainState& chain_;
  const Options options_;

  // The thread's own, after construction.
  Mempool mempool_;
  std::unordered_map<TransactionId, uint64_t> journalled_;  // to the entry's sequence

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable event_arrived_;
  std::deque<Event> queue_;
  size_t queued_submissions_ = 0;
  bool is_stopping_ = false;
  bool has_failed_ = false;
  MempoolStats stats_;
  BlockNum chain_tip_;

  std::jthread thread_;
};

}  // namespace miden
