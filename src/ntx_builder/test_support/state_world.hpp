// A chain of blocks made to measure, and a builder's state that follows it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>

#include "chain/test_support/simulated_chain.hpp"
#include "ntx_builder/builder_state.hpp"

namespace miden {

inline constexpr uint64_t kAlwaysHint = 1;
inline uint64_t after_block_hint(uint32_t block) { return uint64_t{block} << 8 | 2; }
inline uint64_t slot_hint(uint8_t round_len, uint8_t slot_len, uint8_t offset) {
  return (uint64_t{round_len} << 16 | uint64_t{slot_len} << 8 | offset) << 8 | 3;
}

class StateWorld {
 public:
  // Scripts by number; new accounts allow script 1.
  static NoteScript script(uint64_t n) { return *NoteScript::make(forest_of({word(7000 + n)}), 0); }
  static AccountId account_id(uint64_t n) { return public_account(2000 + n); }
  static const StorageSlotName& counter() {
    static const StorageSlotName name = *StorageSlotName::parse("test::state::counter");
    return name;
  }

  // What one transaction does.
  struct Tx {
    AccountId account;
    std::vector<Note> consumed = {};
    std::vector<Note> created = {};
    uint64_t adds = 1;  // to the account's counter; 0: the account stays as it is
  };

  explicit StateWorld(BuilderState::Options options = {}) : options_(options) {
    options_.synced = false;
    std::string path = ::testing::TempDir() + "builder_state_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    root_ = path;
  }
  ~StateWorld() {
    state.reset();
    std::filesystem::remove_all(root_);
  }
  StateWorld(const StateWorld&) = delete;
  StateWorld& operator=(const StateWorld&) = delete;

  std::filesystem::path data() const { return root_ / "data"; }

  void bootstrap() {
    const Result<void> made = BuilderState::bootstrap(data(), chain.blocks.front());
    ASSERT_TRUE(made) << made.error().message;
    open();
  }
  void open() {
    auto opened = BuilderState::open(data(), options_);
    ASSERT_TRUE(opened) << opened.error().message;
    state = *std::move(opened);
  }
  void restart() {
    state.reset();
    open();
  }

  static Account new_account(const AccountId& id, const std::vector<uint64_t>& scripts = {1}) {
    std::vector<StorageSlot> slots;
    slots.push_back({counter(), Word()});
    if (!scripts.empty()) {
      std::map<StorageMapKey, Word> allowed;
      for (const uint64_t n : scripts) allowed.emplace(script(n).root().word, word(1));
      slots.push_back({network_account_slot_name(), *StorageMap::from_entries(allowed)});
    }
    return {id,
            AssetVault(),
            *AccountStorage::make(std::move(slots)),
            account_code(),
            Felt::from_canonical(1),
            std::nullopt};
  }

  // A note of its own each time.
  Note note(const AccountId& target, uint64_t hint = kAlwaysHint, uint64_t script_num = 1) {
    return Note({NoteType::kPublic, private_account(77), 0},
                {NoteAssets{}, {script(script_num), NoteStorage{}, word(++serial_)}},
                NoteAttachments{{{.scheme = 2,
                                  .words = {Word(target.suffix(), target.prefix(),
                                                 Felt::from_canonical(hint), Felt())}}}});
  }
  std::vector<Note> notes(const AccountId& target, size_t count, uint64_t hint = kAlwaysHint) {
    std::vector<Note> made;
    for (size_t i = 0; i < count; ++i) made.push_back(note(target, hint));
    return made;
  }

  // The next block's body; not yet in the chain.
  BlockBody body(const std::vector<Account>& created, const std::vector<Tx>& transactions,
                 const std::vector<Note>& notes = {}) {
    BlockBody body;
    std::map<AccountId, AccountDelta> deltas;
    for (const Account& account : created) {
      add_transaction(body, account.id, Word(), account.commitment(), {}, {});
      deltas.insert_or_assign(account.id, *AccountDelta::from_account(account));
      accounts.insert_or_assign(account.id, account);
    }
    for (const Tx& tx : transactions) {
      Account& account = accounts.at(tx.account);
      const Word initial = account.commitment();
      if (tx.adds > 0) {
        AccountDelta delta{account.id, {}, {}, std::nullopt, Felt::from_canonical(1)};
        const Word& counted = std::get<Word>(account.storage.find(counter())->content);
        delta.storage.slots.emplace(counter(), word(counted[0].value() + tx.adds));
        apply_delta(deltas, account, delta);
      }
      add_transaction(body, account.id, initial, account.commitment(), tx.consumed, tx.created);
      for (const Note& note : tx.consumed) body.created_nullifiers.push_back(note.nullifier());
      add_notes(body, tx.created);
    }
    if (!notes.empty()) {
      const AccountId sender = private_account(60'000 + ++senders_);
      body.updated_accounts.push_back({sender, word(senders_), {}});
      for (size_t first = 0; first < notes.size(); first += 1000) {
        const auto begin = notes.begin() + static_cast<ptrdiff_t>(first);
        const auto end =
            notes.begin() + static_cast<ptrdiff_t>(std::min(first + 1000, notes.size()));
        const std::vector<Note> some(begin, end);
        // The first one creates the sender; no others change it.
        add_transaction(body, sender, first == 0 ? Word() : word(senders_), word(senders_), {},
                        some);
        add_notes(body, some);
      }
    }
    for (const auto& [id, delta] : deltas) {
      body.updated_accounts.push_back({id, accounts.at(id).commitment(), {delta}});
    }
    return body;
  }

  // With any change to the account.
  BlockBody body_with_delta(const AccountDelta& delta) {
    BlockBody body;
    Account& account = accounts.at(delta.id);
    const Word initial = account.commitment();
    account.apply(delta).value();
    add_transaction(body, account.id, initial, account.commitment(), {}, {});
    body.updated_accounts.push_back({account.id, account.commitment(), {delta}});
    return body;
  }

  BlockEffects apply(BlockBody next) {
    const Result<BlockEffects> effects = state->apply_block(chain.append(std::move(next)));
    if (!effects) {
      ADD_FAILURE() << effects.error().code << ": " << effects.error().message;
      return {};
    }
    return *effects;
  }
  BlockEffects block(const std::vector<Account>& created, const std::vector<Tx>& transactions = {},
                     const std::vector<Note>& notes = {}) {
    return apply(body(created, transactions, notes));
  }
  BlockEffects block(const std::vector<Tx>& transactions, const std::vector<Note>& notes = {}) {
    return block({}, transactions, notes);
  }
  void empty_blocks(size_t count) {
    for (size_t i = 0; i < count; ++i) block({}, {}, {});
  }
  uint32_t tip() const { return chain.tip().block_num.value; }

  // The id of the transaction that the next block would hold.
  TransactionId id_of(const Tx& tx) {
    const std::map<AccountId, Account> before = accounts;
    const BlockBody made = body({}, {tx});
    accounts = before;
    return made.transactions.transactions.front().id;
  }
  InflightTransaction inflight_of(const Tx& tx, uint32_t expiration) {
    std::vector<NoteId> ids;
    for (const Note& note : tx.consumed) ids.push_back(note.id());
    return {id_of(tx), tx.account,   accounts.at(tx.account).commitment(),
            {tip()},   {expiration}, std::move(ids)};
  }

  NoteStatus status(const Note& note) const {
    const auto found = state->note_status(note.id());
    if (!found) {
      ADD_FAILURE() << "unknown note";
      return {};
    }
    return *found;
  }
  std::vector<NoteId> candidate_notes(const AccountId& account) const {
    std::vector<NoteId> ids;
    if (const auto candidate = state->candidate(account)) {
      for (const PendingNote& note : candidate->notes) ids.push_back(note.id);
    }
    return ids;
  }

  SimulatedChain chain{1, {.new_private = 0, .new_public = 0}, false};
  std::map<AccountId, Account> accounts;
  std::unique_ptr<BuilderState> state;

 private:
  static void apply_delta(std::map<AccountId, AccountDelta>& deltas, Account& account,
                          const AccountDelta& delta) {
    account.apply(delta).value();
    const auto [earlier, is_first] = deltas.try_emplace(account.id, delta);
    if (!is_first) earlier->second.merge(delta).value();
  }
  static void add_transaction(BlockBody& body, const AccountId& account, const Word& initial,
                              const Word& final, const std::vector<Note>& consumed,
                              const std::vector<Note>& created) {
    TransactionHeader header{.id = {},
                             .account_id = account,
                             .initial_commitment = initial,
                             .final_commitment = final,
                             .input_notes = {},
                             .output_notes = {},
                             .fee = coins(0)};
    for (const Note& note : consumed) {
      header.input_notes.notes.push_back({note.nullifier(), std::nullopt});
    }
    for (const Note& note : created) header.output_notes.push_back(note.header());
    header.id = transaction_id(initial, final, header.input_notes.commitment(),
                               output_notes_commitment(header.output_notes), header.fee);
    body.transactions.transactions.push_back(std::move(header));
  }
  static void add_notes(BlockBody& body, const std::vector<Note>& notes) {
    if (notes.empty()) return;
    OutputNoteBatch& batch = body.output_note_batches.emplace_back();
    for (const Note& note : notes) {
      batch.notes.emplace_back(batch.notes.size(), *OutputNote::from_public(note));
    }
  }

  BuilderState::Options options_;
  std::filesystem::path root_;
  uint64_t serial_ = 0;
  uint64_t senders_ = 0;
};

inline std::vector<NoteId> ids_of(const std::vector<Note>& notes) {
  std::vector<NoteId> ids;
  for (const Note& note : notes) ids.push_back(note.id());
  return ids;
}

}  // namespace miden
