#include "ntx_builder/run_accounts.hpp"

#include <algorithm>

#include "net/retry.hpp"
#include "storage/storage_error.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

// Without any sign of a change.
constexpr std::chrono::seconds kLongestWait(5);
// A node that took a transaction a moment ago refuses another for what that one does.
constexpr std::chrono::minutes kLately(10);
constexpr std::chrono::milliseconds kFirstProverWait(500);
constexpr std::chrono::milliseconds kLongestProverWait(4'000);
// For notes that could not be judged.
constexpr uint32_t kBlocksPutOff = 5;

Candidate first_notes(Candidate candidate, size_t count) {
  if (candidate.notes.size() > count) candidate.notes.resize(count);
  return candidate;
}

InflightTransaction record_of(const Candidate& candidate, const ExecutedCandidate& executed) {
  return {.id = TransactionId(executed.transaction->id),
          .account = candidate.account->id,
          .initial_commitment = candidate.account->commitment(),
          .reference_block = candidate.tip->header.block_num,
          .expiration_block = {executed.transaction->expiration_block_num},
          .notes = executed.consumed};
}

// Of a peer, to be kept: whatever bytes it sent.
std::string readable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return (c < ' ' && c != '\n') || c > '~'; }, '?');
  return text;
}

std::string text_of(const Status& status) {
  return std::string(to_string(status.code)).append(": ").append(status.message);
}

}  // namespace

AccountRunner::AccountRunner(Surroundings surroundings, Options options)
    : around_(std::move(surroundings)),
      options_(std::move(options)),
      turns_(options_.turns),
      submissions_(options_.submissions) {}

void AccountRunner::start() {
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void AccountRunner::stop() {
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

void AccountRunner::wake() {
  const std::scoped_lock lock(mutex_);
  ++changes_;
  changed_.notify_all();
}

void AccountRunner::work(const std::stop_token& stop) {
  try {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const uint64_t seen = changes_;
      if (around_.is_in_sync() && work_once(lock, stop)) {
        ++changes_;
        changed_.notify_all();
        continue;
      }
      const Clock::time_point now = Clock::now();
      Clock::time_point deadline = now + kLongestWait;
      deadline = std::min(deadline, turns_.next_rest_end(now).value_or(deadline));
      deadline = std::min(deadline, submissions_.next_due().value_or(deadline));
      changed_.wait_until(lock, stop, deadline, [&] { return changes_ != seen; });
    }
  } catch (const std::exception& error) {
    log_error("network transactions end", {{"cause", error.what()}});
    around_.on_fatal(std::string("network transactions: ") + error.what());
  }
}

bool AccountRunner::work_once(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const BlockNum tip = around_.state.tip()->header.block_num;
  if (auto again = submissions_.take_due(tip, Clock::now())) {
    const AccountId account = again->record.account;
    lock.unlock();
    if (around_.state.inflight(account) == again->record) submit(*std::move(again), stop);
    lock.lock();
    return true;
  }
  const std::vector<AccountId> due = around_.state.accounts_due();
  const std::optional<AccountId> account = turns_.begin(due, Clock::now());
  if (!account) return false;
  lock.unlock();
  const End end = take_turn(*account, stop);
  lock.lock();
  turns_.end(*account, end, Clock::now());
  if (end == End::kCrashed && turns_.is_deactivated(*account)) {
    log_warn("account deactivated due to repeated crashes, until the next start",
             {{"account", *account}});
  }
  return true;
}

AccountRunner::End AccountRunner::take_turn(const AccountId& account, const std::stop_token& stop) {
  try {
    return advance(account, stop);
  } catch (const StorageError&) {
    throw;
  } catch (const std::exception& error) {
    log_error("work on an account crashed", {{"account", account}, {"cause", error.what()}});
    return End::kCrashed;
  }
}

AccountRunner::End AccountRunner::advance(const AccountId& account, const std::stop_token& stop) {
  std::optional<Candidate> found = around_.state.candidate(account);
  if (!found) return End::kNothing;
  size_t most = 0;
  {
    const std::scoped_lock lock(mutex_);
    most = turns_.notes_at_once(account);
  }
  const Candidate candidate = first_notes(*std::move(found), most);
  const BlockNum reference = candidate.tip->header.block_num;
  log_info(
      "executing network transaction",
      {{"account", account}, {"notes", candidate.notes.size()}, {"reference_block", reference}});
  ExecutedCandidate executed = execute_candidate(candidate, options_.execution, around_.engine,
                                                 around_.state, around_.node, stop);
  report(candidate, executed);
  if (!executed.failed.empty()) around_.state.record_failed(executed.failed, reference);
  const bool is_hindered = !executed.transaction && executed.failed.empty();
  if (!executed.unjudged.empty()) {
    // Where the node answered for others, these would only be in their way.
    const uint32_t blocks = is_hindered ? 1 : kBlocksPutOff;
    around_.state.put_off(executed.unjudged, {reference.value + blocks});
  }
  if (executed.transaction) return prove_and_submit(candidate, std::move(executed), stop);
  return is_hindered ? End::kHindered : End::kDone;
}

void AccountRunner::report(const Candidate& candidate, const ExecutedCandidate& executed) const {
  const AccountId& account = candidate.account->id;
  for (const FailedAttempt& failed : executed.failed) {
    log_info("note cannot be consumed", {{"account", account},
                                         {"note", failed.note},
                                         {"cause", failed.error.substr(0, kMaxStoredErrorBytes)}});
  }
  if (!executed.unjudged.empty()) {
    log_warn("notes could not be tried: the node did not answer",
             {{"account", account},
              {"notes", executed.unjudged.size()},
              {"cause", executed.node_failure}});
  }
}

AccountRunner::End AccountRunner::prove_and_submit(const Candidate& candidate,
                                                   ExecutedCandidate executed,
                                                   const std::stop_token& stop) {
  const NetworkTransaction& transaction = *executed.transaction;
  InflightTransaction record = record_of(candidate, executed);
  Answer<Bytes> proven = prove(transaction, *candidate.tip, stop);
  if (stop.stop_requested()) return End::kDone;
  if (!proven) {
    log_warn("network transaction was not proven", {{"transaction", record.id},
                                                    {"account", record.account},
                                                    {"cause", text_of(proven.error())}});
    if (proven.error().code != StatusCode::kOutOfRange) {
      // Provers may be too slow for so much at once.
      const std::scoped_lock lock(mutex_);
      turns_.take_fewer(record.account, record.notes.size());
      return End::kHindered;
    }
    return split_or_blame(record,
                          "transaction is too large to be proven: " + proven.error().message);
  }
  const BlockNum tip = around_.state.tip()->header.block_num;
  if (tip >= record.expiration_block) {
    log_warn(
        "proving took longer than the transaction may wait: raise --tx-expiration-delta or add "
        "provers",
        {{"transaction", record.id}, {"account", record.account}});
    const std::scoped_lock lock(mutex_);
    turns_.take_fewer(record.account, record.notes.size());
    return End::kHindered;
  }
  // Where it does not expire by itself it is waited for from now on, however long it was proven.
  const uint64_t patience_ends = uint64_t{tip.value} + options_.expiration_delta;
  record.expiration_block.value =
      static_cast<uint32_t>(std::min<uint64_t>(record.expiration_block.value, patience_ends));
  if (const Result<void> recorded = around_.state.record_submitted(record); !recorded) {
    log_info("the chain has changed what a transaction starts from, it is made anew",
             {{"transaction", record.id},
              {"account", record.account},
              {"cause", recorded.error().message}});
    return End::kDone;
  }
  return submit({.record = std::move(record),
                 .proven = *std::move(proven),
                 .inputs = std::move(executed.transaction->inputs)},
                stop);
}

Answer<Bytes> AccountRunner::prove(const NetworkTransaction& transaction, const ChainTip& tip,
                                   const std::stop_token& stop) {
  const Clock::time_point give_up = Clock::now() + options_.proving_patience;
  Backoff backoff(kFirstProverWait, kLongestProverWait);
  while (true) {
    Answer<Bytes> proven = around_.prover.prove(transaction, tip, stop);
    if (proven || proven.error().code == StatusCode::kOutOfRange) return proven;
    if (Clock::now() >= give_up || !backoff.wait(stop)) return proven;
  }
}

AccountRunner::End AccountRunner::submit(SubmittedTransaction transaction,
                                         const std::stop_token& stop) {
  const InflightTransaction record = transaction.record;
  const Answer<> answer = around_.node.submit(transaction.proven, transaction.inputs, stop);
  const auto say = [&](LogLevel level, std::string_view what) {
    log_event(level, what,
              {{"transaction", record.id},
               {"account", record.account},
               {"notes", record.notes.size()},
               {"answer", answer ? "OK" : text_of(answer.error())}});
  };
  const SubmissionVerdict verdict = judge_submission(answer);
  const bool may_have_been_known = transaction.may_be_known;
  const BlockNum tip = around_.state.tip()->header.block_num;

  switch (verdict) {
    case SubmissionVerdict::kAccepted: {
      say(LogLevel::kInfo, "network transaction submitted");
      transaction.may_be_known = true;
      transaction.attempts = 0;
      const std::scoped_lock lock(mutex_);
      last_accepted_ = Clock::now();
      turns_.take_more(record.account);
      submissions_.keep_accepted(std::move(transaction), tip);
      return End::kDone;
    }
    case SubmissionVerdict::kConflict:
      say(LogLevel::kInfo,
          "the node has this transaction or another in its way; the chain will tell");
      return End::kDone;
    case SubmissionVerdict::kUnknown: {
      say(LogLevel::kWarn, "no answer to a submission; it is offered again");
      transaction.may_be_known = true;
      ++transaction.attempts;
      const std::scoped_lock lock(mutex_);
      submissions_.keep_unanswered(std::move(transaction), Clock::now());
      return End::kDone;
    }
    case SubmissionVerdict::kNotNow: {
      say(LogLevel::kWarn, "the node has no room for a transaction now; it is offered again");
      ++transaction.attempts;
      const std::scoped_lock lock(mutex_);
      if (submissions_.keep_unanswered(std::move(transaction), Clock::now())) return End::kDone;
      break;
    }
    case SubmissionVerdict::kNotAllowed:
      say(LogLevel::kError,
          "the node takes no network transactions from here: compare --rpc.auth-header-value with "
          "the node's --rpc.network-tx-auth-header-value");
      break;
    default:
      say(LogLevel::kWarn, "network transaction refused");
      break;
  }

  // Refused. What an earlier attempt did is the chain's to tell.
  if (may_have_been_known) return End::kDone;
  around_.state.drop_inflight(record.account, record.id);
  const bool is_about_notes =
      verdict == SubmissionVerdict::kTooLarge || verdict == SubmissionVerdict::kRefused;
  if (!is_about_notes) return End::kHindered;
  if (record.notes.size() > 1 || verdict == SubmissionVerdict::kTooLarge || has_accepted_lately()) {
    return split_or_blame(record, "transaction was refused: " + answer.error().message);
  }
  // It may be the node that refuses whatever comes. Another note will show.
  around_.state.put_off(record.notes, {tip.value + kBlocksPutOff});
  return End::kHindered;
}

AccountRunner::End AccountRunner::split_or_blame(const InflightTransaction& transaction,
                                                 const std::string& error) {
  if (transaction.notes.size() > 1) {
    const std::scoped_lock lock(mutex_);
    turns_.take_fewer(transaction.account, transaction.notes.size());
    return End::kDone;
  }
  const std::vector<FailedAttempt> failed{{transaction.notes.front(), readable(error)}};
  around_.state.record_failed(failed, transaction.reference_block);
  return End::kDone;
}

bool AccountRunner::has_accepted_lately() {
  const std::scoped_lock lock(mutex_);
  return last_accepted_ != Clock::time_point{} && Clock::now() - last_accepted_ < kLately;
}

}  // namespace miden
