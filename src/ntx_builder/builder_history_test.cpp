// Random histories against a model that is easy to believe: plain lists, every rule written out
// once more, nothing kept in order.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "ntx_builder/builder_state.hpp"
#include "ntx_builder/test_support/state_world.hpp"

namespace miden {
namespace {

struct ModelNote {
  Note note;
  AccountId account;
  uint64_t hint;
  uint64_t script;
  uint32_t attempts = 0;
  std::optional<uint32_t> last_attempt = {};
  std::optional<std::string> last_error = {};
  std::optional<uint32_t> committed_at = {};
  std::optional<TransactionId> committed_by = {};

  // spec §5.2, in the words of the specification
  bool hint_holds(uint32_t b) const {
    const auto payload = static_cast<uint32_t>(hint >> 8);
    if ((hint & 0xff) == 2) return b >= payload;
    if ((hint & 0xff) != 3) return true;
    const uint32_t round = 1u << (payload >> 16 & 0xff & 31);
    const uint32_t slot = 1u << (payload >> 8 & 0xff & 31);
    const uint32_t start = b / round * round + (payload & 0xff) * slot;
    return start <= b && b < start + slot;
  }
  // spec §6.4, §6.5
  bool is_available(uint32_t tip) const {
    if (committed_at || attempts >= 30 || !hint_holds(tip)) return false;
    if (attempts == 0) return true;
    const uint32_t passed = tip > *last_attempt ? tip - *last_attempt : 0;
    return passed > std::round(std::exp(0.25 * attempts));
  }
};

std::optional<BlockNum> as_block(std::optional<uint32_t> number) {
  if (!number) return std::nullopt;
  return BlockNum{*number};
}

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {
    world_.bootstrap();
    for (uint64_t n = 0; n < 6; ++n) ids_.push_back(StateWorld::account_id(n));
  }

  void step() {
    switch (below(10)) {
      case 0:
        world_.restart();
        break;
      case 1:
      case 2:
        fail_some();
        break;
      case 3:
      case 4:
        submit();
        break;
      case 5:
        drop();
        break;
      default:
        block();
    }
  }

  void expect_same() {
    // Consumed notes are many, and are not asked for at every step.
    const bool asks_for_all = below(20) == 0;
    for (const auto& [id, model] : notes_) {
      if (asks_for_all || !model.committed_at) expect_same_status(id, model);
    }
    const std::vector<AccountId> due = world_.state->accounts_due();
    for (const AccountId& id : ids_) {
      const bool is_due = std::ranges::find(due, id) != due.end();
      std::set<NoteId> takeable;
      std::set<NoteId> refused;
      if (world_.accounts.contains(id) && !inflight_.contains(id)) {
        for (const auto& [note_id, model] : notes_) {
          if (model.account != id || !model.is_available(world_.tip())) continue;
          (model.script == 1 ? takeable : refused).insert(note_id);
        }
      }
      // Slots that have passed may make an account look busy, nothing makes it look idle.
      ASSERT_TRUE(is_due || (takeable.empty() && refused.empty())) << id.to_hex();
      const auto candidate = world_.state->candidate(id);
      ASSERT_EQ(candidate.has_value(), !takeable.empty()) << id.to_hex();
      std::set<NoteId> given;
      if (candidate) {
        for (const PendingNote& note : candidate->notes) given.insert(note.id);
        ASSERT_EQ(candidate->account->commitment(), world_.accounts.at(id).commitment());
        ASSERT_EQ(candidate->tip->header, world_.chain.tip());
        ASSERT_EQ(given.size(), candidate->notes.size());
      }
      ASSERT_EQ(given.size(), std::min<size_t>(takeable.size(), 20));
      ASSERT_TRUE(std::ranges::includes(takeable, given));
      // Those that were looked at on the way: with room left, all of them.
      for (const NoteId& note_id : refused) {
        if (world_.state->note_status(note_id)->attempts == notes_.at(note_id).attempts) {
          ASSERT_EQ(given.size(), 20u) << "a refused note was passed over";
          continue;
        }
        record(notes_.at(note_id), "note script root " + StateWorld::script(2).root().to_hex() +
                                       " is not allowlisted by the target network account");
        expect_same_status(note_id, notes_.at(note_id));
      }
    }
  }

  uint32_t tip() const { return world_.tip(); }
  size_t landed = 0;
  size_t ended_otherwise = 0;
  size_t committed = 0;
  size_t discarded() const {
    return static_cast<size_t>(
        std::ranges::count_if(notes_, [](const auto& n) { return n.second.attempts >= 30; }));
  }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }

  void expect_same_status(const NoteId& id, const ModelNote& model) {
    const auto status = world_.state->note_status(id);
    ASSERT_TRUE(status);
    const auto inflight = inflight_.find(model.account);
    const bool is_inflight =
        inflight != inflight_.end() && std::ranges::count(inflight->second.record.notes, id) > 0;
    const NoteFate fate = model.committed_at     ? NoteFate::kCommitted
                          : model.attempts >= 30 ? NoteFate::kDiscarded
                          : is_inflight          ? NoteFate::kInflight
                                                 : NoteFate::kPending;
    ASSERT_EQ(status->fate, fate);
    ASSERT_EQ(status->attempts, model.attempts);
    ASSERT_EQ(status->last_error, model.last_error);
    ASSERT_EQ(status->last_attempt, as_block(model.last_attempt));
    ASSERT_EQ(status->committed_at, as_block(model.committed_at));
    ASSERT_EQ(status->committed_by, model.committed_by);
  }

  void record(ModelNote& note, const std::string& error) {
    ++note.attempts;
    note.last_attempt = tip();
    note.last_error = error;
  }

  void fail_some() {
    std::vector<FailedAttempt> failed;
    for (auto& [id, note] : notes_) {
      // Old hands fail more, so that some come to their end.
      if ((below(4) == 0) == (note.attempts > 4)) continue;
      const std::string error(below(3000), static_cast<char>('a' + below(26)));
      failed.push_back({id, error});
      if (note.committed_at || note.attempts >= 30 || is_hopeless(note)) continue;
      record(note, error.substr(0, 2048));
    }
    failed.push_back({NoteId(word(below(1000))), "unknown"});
    world_.state->record_failed(failed, {tip()});
  }

  void submit() {
    const AccountId id = ids_[below(ids_.size())];
    const auto candidate = world_.state->candidate(id);
    if (!candidate) return;
    apply_refusals();
    Planned planned{.tx = {.account = id, .adds = below(4)}, .record = {{}, id, {}, {}, {}, {}}};
    for (const PendingNote& note : candidate->notes) {
      if (below(3) != 0) planned.tx.consumed.push_back(notes_.at(note.id).note);
    }
    if (planned.tx.consumed.empty()) return;
    planned.record = world_.inflight_of(planned.tx, tip() + 1 + static_cast<uint32_t>(below(6)));
    ASSERT_TRUE(world_.state->record_submitted(planned.record));
    inflight_.insert_or_assign(id, planned);
  }

  // What candidate() may have recorded.
  void apply_refusals() {
    for (auto& [id, note] : notes_) {
      if (note.script == 1) continue;
      const auto status = world_.state->note_status(id);
      if (status->attempts == note.attempts) continue;
      ASSERT_EQ(status->attempts, note.attempts + 1);
      record(note, *status->last_error);
    }
  }

  void drop() {
    if (inflight_.empty()) return;
    const auto chosen =
        std::next(inflight_.begin(), static_cast<ptrdiff_t>(below(inflight_.size())));
    world_.state->drop_inflight(chosen->first, chosen->second.record.id);
    inflight_.erase(chosen);
  }

  // The builder knows that nobody will ask for it again, and does not count attempts of it.
  static bool is_hopeless(const ModelNote& note) {
    if ((note.hint & 0xff) != 3) return false;
    const auto payload = static_cast<uint32_t>(note.hint >> 8);
    return (payload & 0xff) * (1u << (payload >> 8 & 31)) >= 1u << (payload >> 16 & 31);
  }

  ModelNote random_note() {
    const AccountId account = ids_[below(ids_.size())];
    uint64_t hint = kAlwaysHint;
    if (below(4) == 0) hint = after_block_hint(tip() + static_cast<uint32_t>(below(20)));
    if (below(4) == 0) {
      hint = slot_hint(static_cast<uint8_t>(below(6)), static_cast<uint8_t>(below(4)),
                       static_cast<uint8_t>(below(5)));
    }
    const uint64_t script = below(5) == 0 ? 2 : 1;
    return {world_.note(account, hint, script), account, hint, script};
  }

  void block() {
    std::vector<Account> created;
    for (const AccountId& id : ids_) {
      if (!world_.accounts.contains(id) && below(6) == 0) {
        created.push_back(StateWorld::new_account(id));
      }
    }
    std::vector<Note> made;
    std::vector<ModelNote> models;
    for (uint64_t n = below(6); n > 0; --n) {
      models.push_back(random_note());
      made.push_back(models.back().note);
    }
    // Some of what is under way lands, with or without others of the account before or behind it.
    std::vector<StateWorld::Tx> transactions;
    std::set<AccountId> changed;
    std::map<NoteId, TransactionId> consumed;
    const std::map<AccountId, Account> before = world_.accounts;
    std::vector<AccountId> landing;
    for (const auto& [id, planned] : inflight_) {
      if (below(3) != 0) continue;
      landing.push_back(id);
      transactions.push_back(planned.tx);
      for (const Note& note : planned.tx.consumed) consumed[note.id()] = planned.record.id;
      if (planned.tx.adds > 0) changed.insert(id);
    }
    for (const auto& [id, account] : before) {
      if (below(8) != 0) continue;
      StateWorld::Tx tx{.account = id, .adds = 9};
      // Sometimes of others' notes: any account may consume what it can.
      for (const auto& [note_id, note] : notes_) {
        if (!note.committed_at && !consumed.contains(note_id) && below(40) == 0) {
          tx.consumed.push_back(note.note);
          consumed[note_id] = {};
        }
      }
      if (!models.empty() && !consumed.contains(models.back().note.id()) && below(3) == 0) {
        tx.consumed.push_back(models.back().note);  // made in this block
        consumed[models.back().note.id()] = {};
      }
      transactions.push_back(tx);
      changed.insert(id);
    }
    BlockBody body = world_.body(created, transactions, made);
    for (const TransactionHeader& header : body.transactions.transactions) {
      for (const InputNoteCommitment& input : header.input_notes.notes) {
        for (auto& [note_id, by] : consumed) {
          const auto old = notes_.find(note_id);
          const Note& note = old != notes_.end() ? old->second.note : models.back().note;
          if (note.nullifier() == input.nullifier) by = header.id;
        }
      }
    }
    const BlockEffects effects = world_.apply(std::move(body));

    for (ModelNote& model : models) {
      const NoteId id = model.note.id();
      notes_.emplace(id, std::move(model));
    }
    for (const auto& [note_id, by] : consumed) {
      notes_.at(note_id).committed_at = tip();
      notes_.at(note_id).committed_by = by;
    }
    committed += consumed.size();
    ASSERT_EQ(effects.new_notes, made.size());
    ASSERT_EQ(effects.consumed_notes, consumed.size());
    end_inflight(effects, landing, changed, consumed);
  }

  void end_inflight(const BlockEffects& effects, const std::vector<AccountId>& landing,
                    const std::set<AccountId>& changed,
                    const std::map<NoteId, TransactionId>& consumed) {
    std::map<AccountId, InflightEnd> expected;
    for (const auto& [id, planned] : inflight_) {
      const bool is_overtaken = changed.contains(id) ||
                                std::ranges::any_of(planned.record.notes, [&](const NoteId& note) {
                                  return consumed.contains(note);
                                });
      if (std::ranges::find(landing, id) != landing.end()) {
        expected.emplace(id, InflightEnd::kLanded);
        ++landed;
      } else if (is_overtaken) {
        expected.emplace(id, InflightEnd::kOvertaken);
        ++ended_otherwise;
      } else if (planned.record.expiration_block.value <= tip()) {
        expected.emplace(id, InflightEnd::kExpired);
        ++ended_otherwise;
      }
    }
    std::map<AccountId, InflightEnd> told;
    for (const auto& [record, end] : effects.ended) told.emplace(record.account, end);
    ASSERT_EQ(told, expected);
    for (const auto& [id, end] : expected) inflight_.erase(id);
  }

  struct Planned {
    StateWorld::Tx tx;
    InflightTransaction record;
  };

  StateWorld world_;
  std::mt19937_64 random_;
  std::vector<AccountId> ids_;
  std::map<NoteId, ModelNote> notes_;
  std::map<AccountId, Planned> inflight_;
};

TEST(BuilderHistory, IsAsASimpleModelSays) {
  size_t landed = 0;
  size_t ended_otherwise = 0;
  size_t committed = 0;
  size_t discarded = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    for (int step = 0; step < 250; ++step) {
      SCOPED_TRACE("step " + std::to_string(step) + ", block " + std::to_string(history.tip()));
      history.step();
      history.expect_same();
      if (testing::Test::HasFailure()) return;
    }
    landed += history.landed;
    ended_otherwise += history.ended_otherwise;
    committed += history.committed;
    discarded += history.discarded();
  }
  // The histories have seen all there is to see.
  EXPECT_GT(landed, 20u);
  EXPECT_GT(ended_otherwise, 20u);
  EXPECT_GT(committed, 100u);
  EXPECT_GT(discarded, 10u);
}

}  // namespace
}  // namespace miden
