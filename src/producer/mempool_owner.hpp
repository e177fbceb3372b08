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
    // A disk failed: nothing can be promised any more and the program must end. On the owner's
    // thread.
    std::function<void(const std::string&)> on_fatal;
  };

  // Takes back what the journal holds, so that nobody meets a mempool without it. What the chain no
  // longer admits is dropped with a warning.
  MempoolOwner(ChainState& chain, Options options);
  // Handles what still waits and joins the thread.
  ~MempoolOwner();
  MempoolOwner(const MempoolOwner&) = delete;
  MempoolOwner& operator=(const MempoolOwner&) = delete;

  // Takes in nothing more: submissions are UNAVAILABLE. What waits is still handled.
  void stop();

  // The committed tip at acceptance, once the submission is journalled. `answered` runs on the
  // owner's thread and must be quick.
  using Answered = std::function<void(Answer<BlockNum>)>;
  void submit(AuthenticatedTransaction transaction, Answered answered);
  void submit_batch(std::vector<AuthenticatedTransaction> transactions, Answered answered);
  // The same, waiting.
  Answer<BlockNum> submit(AuthenticatedTransaction transaction);
  Answer<BlockNum> submit_batch(std::vector<AuthenticatedTransaction> transactions);

  // Runs `event` with the mempool on the owner's thread and waits for it; what it throws arrives
  // here. False or nothing once the owner has stopped. Not from the owner's thread.
  bool run(std::function<void(Mempool&)> event);
  template <class T>
  std::optional<T> ask(std::function<T(Mempool&)> event) {
    std::optional<T> result;
    if (!run([&](Mempool& mempool) { result.emplace(event(mempool)); })) return std::nullopt;
    return result;
  }

  // Logs evictions and strikes them from the journal; on the owner's thread, from an event.
  void note_evictions(const std::vector<Eviction>& evictions);
  // The chain's tip is now a block that was not built here. On the owner's thread, from an event,
  // which should also be what applies the block: what it does not include is authenticated anew and
  // kept.
  void adopt(BlockNum tip, const std::vector<TransactionHeader>& included);
  // The chain now holds the pending block with these transactions; it has struck them itself.
  void committed(const std::vector<TransactionHeader>& included);

  // Whether the transaction has been answered for and is not in the chain yet.
  bool has_accepted(const TransactionId& id) const;

  // As of the last event.
  MempoolStats stats() const;
  BlockNum chain_tip() const;  // the pending block counts

 private:
  struct SubmissionEvent {
    std::vector<AuthenticatedTransaction> transactions;
    bool is_user_batch = false;
    Bytes journalled;
    Answered answered;
  };
  struct Inquiry {
    std::function<void(Mempool&)> event;
    std::promise<void> done;
  };
  using Event = std::variant<SubmissionEvent, Inquiry>;

  void enqueue(SubmissionEvent submission);
  void work();
  void handle(std::deque<Event>& events);
  void admit_and_journal(std::vector<SubmissionEvent>& submissions);
  void readmit_journal();
  bool readmit(const StateView& view, const Submission& submission);
  void strike(const std::vector<TransactionId>& transactions);
  void publish();

  ChainState& chain_;
  const Options options_;

  // The thread's own, after construction.
  Mempool mempool_;
  bool has_failed_ = false;

  // To the entry's sequence. The thread's own to change, guarded by its mutex so that others may
  // ask.
  mutable std::mutex journalled_mutex_;
  std::unordered_map<TransactionId, uint64_t> journalled_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable event_arrived_;
  std::deque<Event> queue_;
  size_t queued_submissions_ = 0;
  bool is_stopping_ = false;
  MempoolStats stats_;
  BlockNum chain_tip_;

  std::jthread thread_;
};

}  // namespace miden
