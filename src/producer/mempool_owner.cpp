#include "producer/mempool_owner.hpp"

#include <ranges>
#include <unordered_set>

#include "producer/authenticate.hpp"
#include "producer/journalled_submission.hpp"
#include "producer/submission_status.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

std::vector<TransactionId> ids_of(const Submission& submission) {
  std::vector<TransactionId> ids;
  for (const auto& transaction : submission.transactions) ids.push_back(transaction->id);
  return ids;
}

Status stopping() { return {StatusCode::kUnavailable, "the sequencer is shutting down"}; }

// Submits and waits for the answer.
template <class Submit>
Answer<BlockNum> await_answer(const Submit& submit) {
  std::promise<Answer<BlockNum>> promise;
  std::future<Answer<BlockNum>> future = promise.get_future();
  submit([&promise](Answer<BlockNum> answer) { promise.set_value(std::move(answer)); });
  return future.get();
}

}  // namespace

MempoolOwner::MempoolOwner(ChainState& chain, Options options)
    : chain_(chain), options_(std::move(options)), mempool_(options_.mempool, chain.tip()) {
  readmit_journal();
  publish();
  thread_ = std::jthread([this] { work(); });
}

MempoolOwner::~MempoolOwner() { stop(); }

void MempoolOwner::stop() {
  const std::scoped_lock lock(mutex_);
  is_stopping_ = true;
  event_arrived_.notify_all();
}

void MempoolOwner::submit(AuthenticatedTransaction transaction, Answered answered) {
  Submission journalled{.transactions = {transaction.transaction}, .is_user_batch = false};
  SubmissionEvent event{.transactions = {},
                        .is_user_batch = false,
                        .journalled = encode_submission(journalled),
                        .answered = std::move(answered)};
  event.transactions.push_back(std::move(transaction));
  enqueue(std::move(event));
}

void MempoolOwner::submit_batch(std::vector<AuthenticatedTransaction> transactions,
                                Answered answered) {
  Submission journalled{.transactions = {}, .is_user_batch = true};
  for (const auto& tx : transactions) journalled.transactions.push_back(tx.transaction);
  enqueue({.transactions = std::move(transactions),
           .is_user_batch = true,
           .journalled = encode_submission(journalled),
           .answered = std::move(answered)});
}

Answer<BlockNum> MempoolOwner::submit(AuthenticatedTransaction transaction) {
  return await_answer(
      [&](Answered answered) { submit(std::move(transaction), std::move(answered)); });
}

Answer<BlockNum> MempoolOwner::submit_batch(std::vector<AuthenticatedTransaction> transactions) {
  return await_answer(
      [&](Answered answered) { submit_batch(std::move(transactions), std::move(answered)); });
}

void MempoolOwner::enqueue(SubmissionEvent submission) {
  std::optional<Status> refusal;
  {
    const std::scoped_lock lock(mutex_);
    if (is_stopping_) {
      refusal = stopping();
    } else if (queued_submissions_ >= options_.max_queued_submissions) {
      refusal = Status(StatusCode::kResourceExhausted, "too many submissions wait, try again");
    } else {
      ++queued_submissions_;
      queue_.emplace_back(std::move(submission));
      event_arrived_.notify_one();
    }
  }
  if (refusal) submission.answered(std::unexpected(std::move(*refusal)));
}

bool MempoolOwner::run(std::function<void(Mempool&)> event) {
  std::promise<void> done;
  std::future<void> future = done.get_future();
  {
    const std::scoped_lock lock(mutex_);
    if (is_stopping_) return false;
    queue_.emplace_back(Inquiry{.event = std::move(event), .done = std::move(done)});
    event_arrived_.notify_one();
  }
  future.get();
  return true;
}

void MempoolOwner::work() {
  while (true) {
    std::deque<Event> events;
    {
      std::unique_lock lock(mutex_);
      event_arrived_.wait(lock, [&] { return !queue_.empty() || is_stopping_; });
      if (queue_.empty()) return;
      events.swap(queue_);
      queued_submissions_ = 0;
    }
    handle(events);
  }
}

void MempoolOwner::handle(std::deque<Event>& events) {
  std::vector<SubmissionEvent> together;
  for (Event& event : events) {
    if (auto* submission = std::get_if<SubmissionEvent>(&event)) {
      together.push_back(std::move(*submission));
      continue;
    }
    admit_and_journal(together);
    together.clear();
    Inquiry& inquiry = std::get<Inquiry>(event);
    try {
      inquiry.event(mempool_);
      publish();
      inquiry.done.set_value();
    } catch (...) {
      publish();
      inquiry.done.set_exception(std::current_exception());
    }
  }
  admit_and_journal(together);
}

void MempoolOwner::admit_and_journal(std::vector<SubmissionEvent>& submissions) {
  if (submissions.empty()) return;
  if (has_failed_) {
    for (SubmissionEvent& submission : submissions)
      submission.answered(std::unexpected(stopping()));
    return;
  }
  std::vector<std::pair<const SubmissionEvent*, BlockNum>> accepted;
  std::vector<JournalAddition> additions;
  for (SubmissionEvent& submission : submissions) {
    std::vector<TransactionId> ids;
    for (const auto& tx : submission.transactions) ids.push_back(tx.id);
    const Result<BlockNum> tip = submission.is_user_batch
                                     ? mempool_.admit_batch(std::move(submission.transactions))
                                     : mempool_.admit(std::move(submission.transactions.front()));
    if (!tip) {
      submission.answered(std::unexpected(submission_status(tip.error())));
      continue;
    }
    accepted.emplace_back(&submission, *tip);
    additions.push_back({.transactions = std::move(ids), .bytes = submission.journalled});
  }
  publish();
  if (accepted.empty()) return;

  try {
    uint64_t sequence = chain_.journal_add(additions);
    const std::scoped_lock lock(journalled_mutex_);
    for (const JournalAddition& addition : additions) {
      for (const TransactionId& id : addition.transactions) journalled_[id] = sequence;
      ++sequence;
    }
  } catch (const std::exception& error) {
    // Unanswered, they may be forgotten; the process is about to end. Nothing may build on them.
    has_failed_ = true;
    stop();
    for (const auto& [submission, tip] : accepted) {
      submission->answered(std::unexpected(
          submission_status({"JournalFailed", "cannot journal: " + std::string(error.what())})));
    }
    if (options_.on_fatal) {
      options_.on_fatal("cannot journal accepted transactions: " + std::string(error.what()));
    }
    return;
  }
  for (const auto& [submission, tip] : accepted) submission->answered(tip);
}

void MempoolOwner::readmit_journal() {
  const std::shared_ptr<const StateView> view = chain_.view();
  std::vector<uint64_t> gone;
  size_t readmitted = 0;
  for (const JournalEntry& entry : chain_.journal_entries()) {
    const Result<Submission> submission = decode_submission(entry.bytes);
    if (!submission) {
      log_error("journalled transaction is unreadable",
                {{"sequence", entry.sequence}, {"cause", submission.error()}});
      gone.push_back(entry.sequence);
      continue;
    }
    if (!readmit(*view, *submission)) {
      gone.push_back(entry.sequence);
      continue;
    }
    {
      const std::scoped_lock lock(journalled_mutex_);
      for (const TransactionId& id : entry.transactions) journalled_[id] = entry.sequence;
    }
    readmitted += submission->transactions.size();
  }
  if (!gone.empty()) chain_.journal_remove(gone);
  if (readmitted > 0) log_info("accepted transactions taken back", {{"transactions", readmitted}});
}

bool MempoolOwner::readmit(const StateView& view, const Submission& submission) {
  const auto dropped = [&](const Error& error) {
    log_warn("accepted transaction is no longer possible",
             {{"transaction.id", submission.transactions.front()->id}, {"cause", error}});
    return false;
  };
  std::vector<AuthenticatedTransaction> transactions;
  for (const auto& transaction : submission.transactions) {
    Result<AuthenticatedTransaction> authenticated = authenticate(view, transaction);
    if (!authenticated) return dropped(authenticated.error());
    transactions.push_back(std::move(*authenticated));
  }
  const Result<void> readmitted = submission.is_user_batch
                                      ? mempool_.readmit_batch(std::move(transactions))
                                      : mempool_.readmit(std::move(transactions.front()));
  return readmitted ? true : dropped(readmitted.error());
}

void MempoolOwner::note_evictions(const std::vector<Eviction>& evictions) {
  std::vector<TransactionId> ids;
  for (const Eviction& eviction : evictions) {
    log_warn("transaction evicted",
             {{"transaction.id", eviction.id}, {"reason", to_string(eviction.reason)}});
    ids.push_back(eviction.id);
  }
  strike(ids);
}

void MempoolOwner::committed(const std::vector<TransactionHeader>& included) {
  const std::scoped_lock lock(journalled_mutex_);
  for (const TransactionHeader& transaction : included) journalled_.erase(transaction.id);
}

void MempoolOwner::adopt(BlockNum tip, const std::vector<TransactionHeader>& included) {
  committed(included);
  std::unordered_set<TransactionId> in_chain;
  for (const TransactionHeader& transaction : included) in_chain.insert(transaction.id);

  const std::shared_ptr<const StateView> view = chain_.view();
  for (const Submission& submission : mempool_.restart_at(tip)) {
    if (in_chain.contains(submission.transactions.front()->id)) continue;
    if (!readmit(*view, submission)) strike(ids_of(submission));
  }
}

void MempoolOwner::strike(const std::vector<TransactionId>& transactions) {
  std::set<uint64_t> sequences;
  {
    const std::scoped_lock lock(journalled_mutex_);
    for (const TransactionId& id : transactions) {
      const auto entry = journalled_.find(id);
      if (entry == journalled_.end()) continue;
      sequences.insert(entry->second);
      journalled_.erase(entry);
    }
  }
  if (sequences.empty()) return;
  chain_.journal_remove(std::vector<uint64_t>(sequences.begin(), sequences.end()));
}

void MempoolOwner::publish() {
  const std::scoped_lock lock(mutex_);
  stats_ = mempool_.stats();
  chain_tip_ = mempool_.chain_tip();
}

bool MempoolOwner::has_accepted(const TransactionId& id) const {
  const std::scoped_lock lock(journalled_mutex_);
  return journalled_.contains(id);
}

MempoolStats MempoolOwner::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

BlockNum MempoolOwner::chain_tip() const {
  const std::scoped_lock lock(mutex_);
  return chain_tip_;
}

}  // namespace miden
