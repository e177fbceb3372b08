// Random histories: the mempool and a plain model of it live through the same events and agree
// after each one.
#include <gtest/gtest.h>

#include <random>

#include "mempool/test_support/drive_mempool.hpp"
#include "mempool/test_support/mempool_model.hpp"

namespace miden {
namespace {

// What all histories together have seen: they must not agree by doing nothing.
struct Seen {
  std::map<std::string, int> answers;  // to submissions; empty: accepted
  int user_batches = 0;
  int committed_batches = 0;
  int evictions = 0;
};

class History {
 public:
  // Histories with unexplained failures lead to suspicions, about which the model knows nothing:
  // what is selected then is checked for being allowed only.
  History(uint32_t seed, bool with_unexplained_failures, Seen& seen)
      : seen_(seen),
        random_(seed),
        with_unexplained_failures_(with_unexplained_failures),
        options_{.transaction_capacity = 30,
                 .max_transactions_per_batch = 3,
                 .max_input_notes_per_batch = 6,
                 .max_output_notes_per_batch = 6,
                 .max_batches_per_block = 3},
        mempool_(options_, BlockNum{100}),
        model_(options_, BlockNum{100}) {}

  void step() {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return admit();
      case 4:
        return admit_batch();
      case 5:
      case 6:
        return select_batch(pick(2) == 0);
      case 7:
      case 8:
        return finish_batch();
      default:
        return model_.has_pending() ? finish_block() : select_block();
    }
  }

  void compare() const {
    ASSERT_EQ(mempool_.broken_invariant(), std::nullopt);
    ASSERT_TRUE(mempool_.snapshot() == model_.snapshot()) << difference();
  }

 private:
  uint64_t pick(uint64_t bound) { return random_() % bound; }

  Tx random_transaction() {
    Tx tx(++last_id_);
    const uint64_t account = 1 + pick(6);
    const uint64_t suffix = pick(20) == 0 ? 1 : 0;
    tx.on(account, suffix);
    const auto state = model_.state_of(account_id(account, suffix));
    uint64_t from = state ? (*state)[0].value() : pick(3) == 0 ? 0 : 1 + pick(2);
    if (!state) tx.in_chain(pick(10) == 0 ? 1 : from);
    if (pick(12) == 0) from = pick(50);
    const bool pass_through = pick(3) == 0;
    tx.from(from).to(pass_through ? from : 1000 + last_id_);
    if (pass_through || pick(3) == 0) tx.spends({pick(8) == 0 ? pick(40) : 100 + ++last_note_});
    for (uint64_t n = pick(3); n > 0; --n) {
      // Large steps: the notes of one transaction are distinct.
      tx.creates({pick(5) == 0 ? 20 * n + pick(5) : 200 + ++last_note_});
    }
    if (pick(2) == 0) consume_something(tx);
    tx.expires(model_.tip() + 1 + static_cast<uint32_t>(pick(25)));
    tx.authenticated_at(model_.tip() - static_cast<uint32_t>(pick(3) == 0 ? pick(8) : 0) +
                        static_cast<uint32_t>(pick(8) == 0 ? 1 : 0));
    return tx;
  }

  void consume_something(Tx& tx) {
    std::vector<uint64_t> notes = {pick(60)};
    for (const auto& record : model_.records()) {
      for (const NoteId& note : record.tx.output_notes) notes.push_back(note.word[0].value());
    }
    tx.consumes({notes[pick(20) == 0 ? 0 : pick(notes.size())]});
  }

  void admit() {
    const AuthenticatedTransaction tx = random_transaction();
    const std::string answer(mempool_.rejection(tx));
    ++seen_.answers[answer];
    ASSERT_EQ(answer, model_.admit({tx}, false));
  }

  void admit_batch() {
    std::vector<AuthenticatedTransaction> txs;
    for (uint64_t n = 1 + pick(4); n > 0; --n) {
      txs.push_back(random_transaction());
      if (txs.size() > 1 && pick(3) == 0 && !txs.front().output_notes.empty() &&
          txs.back().unauthenticated_notes.empty()) {
        txs.back().unauthenticated_notes.push_back(txs.front().output_notes.front());
        txs.back().nullifiers.push_back(nullifier(5'000'000 + ++last_note_));
      }
    }
    const std::string answer(mempool_.rejection(txs));
    ++seen_.answers[answer];
    if (answer.empty()) ++seen_.user_batches;
    ASSERT_EQ(answer, model_.admit(txs, true));
  }

  void select_batch(bool only_full) {
    const auto selected = only_full ? mempool_.full() : mempool_.any();
    std::vector<TransactionId> ids;
    if (selected) {
      for (const auto& tx : selected->transactions) ids.push_back(tx->id);
    }
    if (!suspicions_) {
      ASSERT_EQ(ids, model_.expected_batch(only_full));
    }
    if (!selected) return;
    ASSERT_EQ(model_.objection(ids), "");
    model_.select(selected->attempt, ids);
    attempts_[selected->attempt] = *selected;
  }

  void finish_batch() {
    // Abandoned and proven attempts are reported on, too.
    if (attempts_.empty()) return;
    auto attempt = attempts_.begin();
    std::advance(attempt, static_cast<ptrdiff_t>(pick(attempts_.size())));
    const auto& batches = model_.batches();
    const auto batch = std::ranges::find(batches, attempt->first, &MempoolModel::Batch::attempt);
    const bool is_open = batch != batches.end() && batch->stage == MempoolModel::Stage::kProving;
    if (pick(3) != 0) {
      ASSERT_EQ(mempool_.batch_proven(attempt->first, proof_of(attempt->second), 1), is_open);
      if (is_open) model_.prove(attempt->first);
      return;
    }
    const Failure failure = random_failure(ids_in(attempt->second));
    const auto evictions = mempool_.fail(attempt->second, failure);
    ASSERT_EQ(as_set(evictions),
              is_open ? model_.fail_batch(attempt->first, failure) : std::set<TransactionId>());
    if (!is_open) attempts_.erase(attempt);
  }

  void select_block() {
    const auto block = mempool_.select_block();
    ASSERT_TRUE(block);
    std::vector<BatchAttempt> attempts;
    for (const auto& proof : block->batches) {
      for (const auto& batch : model_.batches()) {
        if (batch.transactions.front().word == proof->id.word) attempts.push_back(batch.attempt);
      }
    }
    if (!suspicions_) {
      ASSERT_EQ(attempts, model_.expected_block());
    }
    model_.select_block(attempts);
  }

  void finish_block() {
    if (pick(4) != 0) {
      seen_.committed_batches += static_cast<int>(mempool_.snapshot().pending->size());
      const auto evictions = mempool_.commit();
      seen_.evictions += static_cast<int>(evictions.size());
      ASSERT_EQ(as_set(evictions), model_.commit());
      return;
    }
    std::vector<TransactionId> members;
    for (const auto& record : model_.records()) {
      if (model_.stage(record) == MempoolModel::Stage::kPending) members.push_back(record.tx.id);
    }
    const Failure failure = random_failure(members);
    ASSERT_EQ(as_set(mempool_.fail_block(failure)), model_.fail_block(failure));
  }

  Failure random_failure(const std::vector<TransactionId>& members) {
    if (!with_unexplained_failures_ || members.empty() || pick(2) == 0) return kOutage;
    suspicions_ = true;
    Failure failure = kBadContent;
    if (pick(2) == 0) failure.culprits.push_back(members[pick(members.size())]);
    std::erase_if(failure.culprits,
                  [&](const TransactionId& id) { return !mempool_.contains(id); });
    return failure;
  }

  static std::vector<TransactionId> ids_in(const SelectedBatch& batch) {
    std::vector<TransactionId> ids;
    for (const auto& tx : batch.transactions) ids.push_back(tx->id);
    return ids;
  }
  static std::set<TransactionId> as_set(const std::vector<Eviction>& evictions) {
    std::set<TransactionId> ids;
    for (const Eviction& eviction : evictions) ids.insert(eviction.id);
    return ids;
  }

  std::string difference() const {
    const MempoolSnapshot a = mempool_.snapshot();
    const MempoolSnapshot b = model_.snapshot();
    std::string text;
    if (a.tip != b.tip) text += " tip";
    if (a.transactions != b.transactions) text += " transactions";
    if (a.batches != b.batches) text += " batches";
    if (a.pending != b.pending) text += " pending";
    if (a.committed != b.committed) text += " committed";
    if (a.creators != b.creators) text += " creators";
    if (a.spenders != b.spenders) text += " spenders";
    if (a.lanes != b.lanes) text += " lanes";
    return "mempool and model differ in:" + text;
  }

  Seen& seen_;
  std::mt19937_64 random_;
  const bool with_unexplained_failures_;
  const MempoolOptions options_;
  DrivenMempool mempool_;
  MempoolModel model_;
  std::map<BatchAttempt, SelectedBatch> attempts_;
  uint64_t last_id_ = 0;
  uint64_t last_note_ = 0;
  bool suspicions_ = false;
};

void live_through(bool with_unexplained_failures) {
  Seen seen;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    History history(seed, with_unexplained_failures, seen);
    for (int step = 0; step < 400; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      history.step();
      if (testing::Test::HasFailure()) return;
      history.compare();
      if (testing::Test::HasFailure()) return;
    }
  }
  for (const char* answer :
       {"", "CapacityExceeded", "StaleInputs", "InputsAheadOfTip", "Expired",
        "NullifiersAlreadyExist", "OutputNotesAlreadyExist", "UnauthenticatedNotesMissing",
        "AccountCommitmentMismatch", "AccountIdPrefixDuplicate"}) {
    EXPECT_GT(seen.answers[answer], 10) << answer;
  }
  EXPECT_GT(seen.user_batches, 100);
  EXPECT_GT(seen.committed_batches, 200);
  EXPECT_GT(seen.evictions, 100);
}

TEST(History, AgreesWithTheModelThroughOutages) { live_through(false); }
TEST(History, AgreesWithTheModelThroughFailures) { live_through(true); }

}  // namespace
}  // namespace miden
