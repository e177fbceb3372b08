#include "ntx_builder/builder_state.hpp"

#include <algorithm>

#include "chain/data_directory.hpp"
#include "ntx_builder/builder_memory.hpp"

namespace miden {
namespace {

// Its own name: whoever gives a node's directory by mistake (T18) is not answered from the node's
// store.
std::filesystem::path builder_store_directory(const std::filesystem::path& data_directory) {
  return data_directory / "ntx-builder";
}

Result<std::shared_ptr<Store>> open_store(const std::filesystem::path& data_directory) {
  Result<std::shared_ptr<Store>> store =
      Store::open(builder_store_directory(data_directory), builder_tables(), StoreOptions{});
  if (!store && store.error().code == "StoreMissing") {
    return fail("NotBootstrapped",
                data_directory.string() + " holds no builder's store: run bootstrap first");
  }
  return store;
}

struct StoredMeta {
  uint32_t format = 0;
  Word genesis_commitment;
  ChainTip tip;
};

// Errors: NotBootstrapped, UnsupportedStoreVersion.
Result<StoredMeta> read_meta(const Snapshot& snapshot,
                             const std::filesystem::path& data_directory) {
  const auto format = snapshot.get(kBuilderMeta, builder_meta_key(BuilderMetaKey::kFormat));
  const auto genesis = snapshot.get(kBuilderMeta, builder_meta_key(BuilderMetaKey::kGenesis));
  const auto stored_tip = snapshot.get(kBuilderMeta, builder_meta_key(BuilderMetaKey::kTip));
  if (!format || !genesis || !stored_tip) {
    return fail("NotBootstrapped", data_directory.string() +
                                       " was not bootstrapped completely: empty it and bootstrap "
                                       "again");
  }
  const uint32_t version = KeyReader(*format).u32();
  if (version != kBuilderStoreFormat) {
    return fail("UnsupportedStoreVersion", "the builder's store has format " +
                                               std::to_string(version) + ", this program's is " +
                                               std::to_string(kBuilderStoreFormat));
  }
  ByteReader reader(*stored_tip);
  auto header = BlockHeader::decode(reader);
  auto blockchain = PartialBlockchain::decode(reader);
  if (!header || !blockchain) throw_corrupt_builder_store("the tip");
  const Word commitment = header->commitment();
  return StoredMeta{version, decode_builder_row<Word>(*genesis, "the genesis commitment"),
                    ChainTip{*std::move(header), commitment, *std::move(blockchain)}};
}

Result<void> commit_genesis(const std::filesystem::path& data_directory,
                            const SignedBlock& genesis) {
  const std::shared_ptr<Store> store =
      TRY(Store::create(builder_store_directory(data_directory), builder_tables(), StoreOptions{}));
  const Word commitment = genesis.header.commitment();
  const auto tip = std::make_shared<const ChainTip>(ChainTip{genesis.header, commitment, {}});
  BuilderState::State state(store, {}, commitment, tip);
  AccountChanges changes = TRY(state.find_account_changes(genesis, nullptr));
  WriteBatch batch(*store);
  state.stage_block(genesis, std::move(changes), batch);
  batch.put(kBuilderMeta, builder_meta_key(BuilderMetaKey::kFormat),
            Key().u32(kBuilderStoreFormat).view());
  batch.put(kBuilderMeta, builder_meta_key(BuilderMetaKey::kGenesis), to_bytes(commitment));
  put_tip(*tip, batch);
  store->write(batch);
  return {};
}

}  // namespace

std::optional<NotePlace> find_note(const Snapshot& snapshot, const NoteId& id) {
  const std::optional<Bytes> row = snapshot.get(kPlaceById, id_key(id));
  if (!row) return std::nullopt;
  KeyReader reader(*row);
  return read_place(reader);
}

void put_tip(const ChainTip& tip, WriteBatch& batch) {
  ByteWriter writer;
  tip.header.encode(writer);
  tip.blockchain.encode(writer);
  batch.put(kBuilderMeta, builder_meta_key(BuilderMetaKey::kTip), writer.view());
}

BuilderState::State::State(std::shared_ptr<Store> opened, const Options& given, const Word& genesis,
                           std::shared_ptr<const ChainTip> stored_tip)
    : store(std::move(opened)),
      options(given),
      genesis_commitment(genesis),
      validator_key(stored_tip->header.validator_key),
      tip(std::move(stored_tip)),
      accounts(store, options.account_cache_bytes),
      notes(NoteMemory::read(*store->snapshot(), accounts.accounts())) {}

void BuilderState::State::begin_change() {
  if (is_changing) {
    throw StorageError(StorageError::Kind::kOther, "an earlier write failed: open the store again");
  }
  is_changing = true;
}

void BuilderState::State::commit(WriteBatch& batch) {
  if (options.synced) {
    store->write(batch);
  } else {
    store->write_unsynced(batch);
  }
  is_changing = false;
}

void BuilderState::State::change_notes(
    const std::function<void(const Snapshot&, NoteChange&)>& make_change) {
  const std::lock_guard lock(mutex);
  begin_change();
  const std::shared_ptr<const Snapshot> snapshot = store->snapshot();
  NoteChange change(*snapshot, notes, options, tip->header.block_num);
  make_change(*snapshot, change);
  WriteBatch batch(*store);
  change.write(batch);
  commit(batch);
}

void BuilderState::State::end_inflight(const AccountId& account, WriteBatch& batch) {
  batch.remove(kInflight, network_account_key(account));
  notes.waiting.set_inflight(account, false);
  inflight.erase(account);
}

Result<void> BuilderState::bootstrap(const std::filesystem::path& data_directory,
                                     const SignedBlock& genesis) {
  TRY(check_whole_genesis(genesis));
  TRY(prepare_empty_directory(data_directory));
  const Result<void> committed = commit_genesis(data_directory, genesis);
  if (committed) return {};
  // A refused block must not leave a directory that looks half bootstrapped.
  std::filesystem::remove_all(builder_store_directory(data_directory));
  return fail("InvalidGenesis", committed.error().message);
}

Result<void> BuilderState::migrate(const std::filesystem::path& data_directory) {
  const std::shared_ptr<Store> store = TRY(open_store(data_directory));
  // There has been one format only.
  TRY(read_meta(*store->snapshot(), data_directory));
  return {};
}

Result<std::unique_ptr<BuilderState>> BuilderState::open(
    const std::filesystem::path& data_directory, const Options& options) {
  const std::shared_ptr<Store> store = TRY(open_store(data_directory));
  const std::shared_ptr<const Snapshot> snapshot = store->snapshot();
  StoredMeta meta = TRY(read_meta(*snapshot, data_directory));
  auto state = std::make_unique<State>(store, options, meta.genesis_commitment,
                                       std::make_shared<const ChainTip>(std::move(meta.tip)));

  const Key behind = Key().bytes(Bytes(AccountId::kWireSize + 1, 0xff));
  for (Cursor row = snapshot->rows(kInflight, Key(), behind); row.valid(); row.next()) {
    const auto transaction =
        decode_builder_row<InflightTransaction>(row.value(), "a transaction under way");
    state->inflight.emplace(transaction.account, transaction);
    state->notes.waiting.set_inflight(transaction.account, true);
  }
  for (Cursor row = snapshot->rows(kScriptsByAge, Key(), behind); row.valid(); row.next()) {
    ++state->script_count;
    state->next_script = KeyReader(row.key()).u64() + 1;
  }
  return std::unique_ptr<BuilderState>(new BuilderState(std::move(state)));
}

BuilderState::BuilderState(std::unique_ptr<State> state) : state_(std::move(state)) {}
BuilderState::~BuilderState() = default;

const Word& BuilderState::genesis_commitment() const { return state_->genesis_commitment; }
const PublicKey& BuilderState::validator_key() const { return state_->validator_key; }

std::shared_ptr<const ChainTip> BuilderState::tip() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tip;
}

std::vector<AccountId> BuilderState::accounts_due() const {
  const std::lock_guard lock(state_->mutex);
  return state_->notes.waiting.due_accounts(state_->tip->header.block_num);
}

bool BuilderState::is_network_account(const AccountId& account) const {
  const std::lock_guard lock(state_->mutex);
  return state_->accounts.contains(account);
}

void BuilderState::record_failed(std::span<const FailedAttempt> failed, BlockNum reference_block) {
  state_->change_notes([&](const Snapshot& snapshot, NoteChange& change) {
    for (const FailedAttempt& attempt : failed) {
      const std::optional<NotePlace> place = find_note(snapshot, attempt.note);
      if (place) change.record_failed(*place, reference_block, attempt.error);
    }
  });
}

void BuilderState::put_off(std::span<const NoteId> notes, BlockNum until) {
  state_->change_notes([&](const Snapshot& snapshot, NoteChange& change) {
    for (const NoteId& note : notes) {
      const std::optional<NotePlace> place = find_note(snapshot, note);
      if (place) change.put_off(*place, until);
    }
  });
}

Result<void> BuilderState::record_submitted(const InflightTransaction& transaction) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.inflight.contains(transaction.account)) {
    return fail("TransactionUnderWay",
                "a transaction of account " + transaction.account.to_hex() + " is under way");
  }
  const BlockNum tip = state.tip->header.block_num;
  if (transaction.expiration_block <= tip) {
    return fail("TransactionExpired", "the transaction has expired at block " +
                                          std::to_string(transaction.expiration_block.value));
  }
  const std::shared_ptr<const Account> account = state.accounts.get(transaction.account);
  if (account == nullptr || account->commitment() != transaction.initial_commitment) {
    return fail("AccountChanged", "account " + transaction.account.to_hex() +
                                      " is no longer in the state the transaction begins with");
  }
  const std::shared_ptr<const Snapshot> snapshot = state.store->snapshot();
  NoteChange notes(*snapshot, state.notes, state.options, tip);
  for (const NoteId& id : transaction.notes) {
    const std::optional<NotePlace> place = find_note(*snapshot, id);
    if (!place || !notes.row(*place).is_waiting()) {
      return fail("NoteUnavailable", "note " + id.to_hex() + " can no longer be consumed");
    }
  }

  state.begin_change();
  WriteBatch batch(*state.store);
  batch.put(kInflight, network_account_key(transaction.account), to_bytes(transaction));
  state.inflight.emplace(transaction.account, transaction);
  state.notes.waiting.set_inflight(transaction.account, true);
  state.commit(batch);
  return {};
}

void BuilderState::drop_inflight(const AccountId& account, const TransactionId& id) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  const auto found = state.inflight.find(account);
  if (found == state.inflight.end() || found->second.id != id) return;
  state.begin_change();
  WriteBatch batch(*state.store);
  state.end_inflight(account, batch);
  state.commit(batch);
}

std::optional<InflightTransaction> BuilderState::inflight(const AccountId& account) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->inflight.find(account);
  if (found == state_->inflight.end()) return std::nullopt;
  return found->second;
}

std::vector<InflightTransaction> BuilderState::all_inflight() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<InflightTransaction> all;
  for (const auto& [account, transaction] : state_->inflight) all.push_back(transaction);
  return all;
}

std::optional<NoteStatus> BuilderState::note_status(const NoteId& id) const {
  const std::shared_ptr<const Snapshot> snapshot = state_->store->snapshot();
  const std::optional<NotePlace> place = find_note(*snapshot, id);
  if (!place) return std::nullopt;
  const std::optional<Bytes> stored = snapshot->get(kNoteRows, place_key(*place));
  if (!stored) throw_corrupt_builder_store("a note's row is missing");
  auto row = decode_builder_row<NoteRow>(*stored, "a note's row");

  const auto is_inflight = [&] {
    const auto under_way = snapshot->get(kInflight, network_account_key(row.account));
    if (!under_way) return false;
    const auto transaction =
        decode_builder_row<InflightTransaction>(*under_way, "a transaction under way");
    return std::ranges::find(transaction.notes, id) != transaction.notes.end();
  };
  NoteFate fate = NoteFate::kPending;
  if (row.committed_at) {
    fate = NoteFate::kCommitted;
  } else if (row.attempts >= kMaxNoteAttempts) {
    fate = NoteFate::kDiscarded;
  } else if (is_inflight()) {
    fate = NoteFate::kInflight;
  }
  return NoteStatus{fate,
                    row.attempts,
                    std::move(row.last_error),
                    row.last_attempt,
                    row.committed_at,
                    row.committed_by};
}

std::optional<Bytes> BuilderState::note_script(const NoteScriptRoot& root) const {
  const auto row = state_->store->snapshot()->get(kBuilderScripts, id_key(root));
  if (!row) return std::nullopt;
  KeyReader reader(*row);
  reader.u64();
  return Bytes(reader.rest().begin(), reader.rest().end());
}

void BuilderState::put_note_script(const NoteScriptRoot& root, ByteView script) {
  State& state = *state_;
  const std::lock_guard lock(state.script_mutex);
  const std::shared_ptr<const Snapshot> snapshot = state.store->snapshot();
  if (snapshot->contains(kBuilderScripts, id_key(root))) return;
  const Key number = Key().u64(state.next_script++);
  Bytes row(number.view().begin(), number.view().end());
  row.insert(row.end(), script.begin(), script.end());
  WriteBatch batch(*state.store);
  batch.put(kBuilderScripts, id_key(root), row);
  batch.put(kScriptsByAge, number, id_key(root).view());
  ++state.script_count;
  const size_t limit = std::max<size_t>(state.options.script_cache_size, 1);
  Cursor oldest = snapshot->rows(kScriptsByAge, Key(), number);
  for (; oldest.valid() && state.script_count > limit; oldest.next(), --state.script_count) {
    batch.remove(kBuilderScripts, oldest.value());
    batch.remove(kScriptsByAge, oldest.key());
  }
  // A cache: it may be lost.
  state.store->write_unsynced(batch);
}

BuilderState::Counts BuilderState::counts() const {
  const std::lock_guard lock(state_->mutex);
  const WaitingNotes& waiting = state_->notes.waiting;
  return {waiting.account_count(), waiting.waiting_count(), waiting.deferred_count(),
          state_->inflight.size()};
}

}  // namespace miden
