#include "chain/chain_state.hpp"

#include <array>
#include <exception>
#include <mutex>
#include <string>

#include "chain/check_block.hpp"
#include "chain/check_store.hpp"
#include "chain/data_directory.hpp"
#include "chain/journal.hpp"
#include "chain/stage_block.hpp"
#include "chain/tip_listeners.hpp"
#include "storage/thread_pool_executor.hpp"

namespace miden {
namespace {

std::shared_ptr<const StateView> view_of(const Store& store, const Word& genesis_commitment,
                                         const std::shared_ptr<PastBlocks>& past) {
  auto reader = std::make_unique<const ChainReader>(store.snapshot(), past);
  const std::optional<uint32_t> tip = reader->meta(MetaKey::kTip);
  const std::optional<uint32_t> proven_tip = reader->meta(MetaKey::kProvenTip);
  if (!tip || !proven_tip) throw_corrupt("the tip's number is missing");
  const std::optional<SignedHeader> header = reader->header({*tip});
  if (!header) throw_corrupt("the tip's header is missing");
  return std::make_shared<const StateView>(std::move(reader), *header, BlockNum{*proven_tip},
                                           genesis_commitment);
}

Result<void> commit_genesis(const std::filesystem::path& dir, const SignedBlock& genesis) {
  const std::shared_ptr<Store> store = TRY(Store::create(dir, chain_tables(), StoreOptions{}));
  const ChainReader before(store->snapshot());
  BlockWrite write(*store, kGenesis);
  SerialExecutor executor;
  const Word commitment = genesis.header.commitment();
  const Bytes bytes = to_bytes(genesis);
  if (const Result<void> staged =
          stage_block(write, before, {genesis, commitment, bytes}, executor);
      !staged) {
    return fail("InvalidGenesis", staged.error().message);
  }
  write.put_meta(MetaKey::kFormat, kStoreFormat);
  write.put_meta(MetaKey::kProvenTip, kGenesis.value);
  store->write(write.batch());
  return {};
}

// Runs both at once where there are threads for it. Throws what either throws, when both have
// ended.
void in_parallel(Executor& executor, const std::function<void()>& first,
                 const std::function<void()>& second) {
  std::array<std::exception_ptr, 2> failures;
  executor.parallel_for(2, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      try {
        (i == 0 ? first : second)();
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

std::unexpected<Error> concurrent_write() {
  return fail("ConcurrentWrite", "another block is being applied");
}

}  // namespace

struct ChainState::State {
  State(std::shared_ptr<Store> opened, const ChainOptions& options, const Word& genesis)
      : store(std::move(opened)),
        executor(options.executor),
        max_write_bytes(options.max_write_bytes),
        genesis_commitment(genesis),
        journal(store) {}

  std::shared_ptr<Store> store;
  std::shared_ptr<Executor> executor;
  size_t max_write_bytes;
  Word genesis_commitment;
  Journal journal;
  std::shared_ptr<PastBlocks> past = std::make_shared<PastBlocks>();
  std::shared_ptr<TipListeners> listeners = std::make_shared<TipListeners>();
  std::mutex applying;                  // one block at a time; only ever tried
  std::mutex publishing;                // write, snapshot and publication are one step
  bool has_unpublished_writes = false;  // changed under both locks

  // A block ready to be written, with the journal's entries that it completes.
  struct Staged {
    Staged(const Store& store, BlockNum block_num) : write(store, block_num) {}
    BlockWrite write;
    std::vector<uint64_t> completed;
  };

  Result<void> stage(const ChainReader& before, const EncodedBlock& block, Staged& staged) {
    TRY(stage_block(staged.write, before, block, *executor));
    staged.completed =
        journal.stage_committed(block.block.body.transactions.transactions, staged.write.batch());
    return {};
  }

  // Adds `block` to what is written next; `before` sees that.
  Result<void> add_block(const CheckedBlock& block, const SignedHeader& parent,
                         const ChainReader& before, PendingWrites& pending) {
    if (block.header().validator_key != parent.header.validator_key) {
      return fail("ValidatorKeyChanged", "the block was checked for another chain");
    }
    TRY(check_links(block.header(), parent));
    Staged staged(*store, block.header().block_num);
    TRY(stage(before, {block.block(), block.commitment(), block.bytes()}, staged));
    pending.add(std::move(staged.write.batch()));
    journal.forget(staged.completed, block.block().body.transactions.transactions);
    return {};
  }

  // A group that ended with an exception left blocks in the store that no view shows.
  void check_usable() const {
    if (!has_unpublished_writes) return;
    throw StorageError(StorageError::Kind::kOther, "an earlier write failed: reopen the chain");
  }

  void publish() { listeners->publish(view_of(*store, genesis_commitment, past)); }
};

ChainState::ChainState(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChainState::~ChainState() = default;

Result<void> ChainState::bootstrap(const std::filesystem::path& dir, const SignedBlock& genesis) {
  TRY(check_genesis(genesis));
  TRY(prepare_empty_directory(dir));
  const Result<void> committed = commit_genesis(store_directory(dir), genesis);
  // A refused block must not leave a directory that looks half bootstrapped.
  if (!committed) std::filesystem::remove_all(store_directory(dir));
  return committed;
}

Result<std::unique_ptr<ChainState>> ChainState::open(const std::filesystem::path& dir,
                                                     ChainOptions options) {
  if (!std::filesystem::is_directory(dir)) {
    return fail("DataDirectoryMissing", dir.string() + " is not a directory");
  }
  Result<std::shared_ptr<Store>> opened =
      Store::open(store_directory(dir), chain_tables(), options.store);
  if (!opened && opened.error().code == "StoreMissing") {
    return fail("NotBootstrapped", dir.string() + " holds no chain: run bootstrap first");
  }
  const std::shared_ptr<Store> store = TRY(std::move(opened));

  const ChainReader reader(store->snapshot());
  const StoredTip stored = TRY(read_stored_tip(reader, dir));
  TRY(check_trees(reader, stored.tip.header));
  if (!options.executor) options.executor = std::make_shared<ThreadPoolExecutor>();
  auto state = std::make_unique<State>(store, options, stored.genesis.commitment);
  state->publish();
  return std::unique_ptr<ChainState>(new ChainState(std::move(state)));
}

std::shared_ptr<const StateView> ChainState::view() const { return state_->listeners->view(); }
const Word& ChainState::genesis_commitment() const { return state_->genesis_commitment; }

Result<void> ChainState::apply_block(const SignedBlock& block,
                                     std::optional<ByteView> proving_inputs) {
  const std::unique_lock applying(state_->applying, std::try_to_lock);
  if (!applying.owns_lock()) return concurrent_write();
  state_->check_usable();
  const SignedHeader tip = view()->tip_header();
  const Word commitment = block.header.commitment();
  TRY(check_transactions(block));
  TRY(check_signature(block, commitment, tip.header.validator_key));
  TRY(check_links(block.header, tip));

  const Bytes bytes = to_bytes(block);
  State::Staged staged(*state_->store, block.header.block_num);
  TRY(state_->stage(ChainReader(state_->store->snapshot()), {block, commitment, bytes}, staged));
  if (proving_inputs) {
    staged.write.put(kProvingInputs, block_key(block.header.block_num), *proving_inputs);
  }

  const std::lock_guard publishing(state_->publishing);
  state_->store->write(staged.write.batch());
  state_->journal.forget(staged.completed, block.body.transactions.transactions);
  state_->publish();
  return {};
}

Result<void> ChainState::apply_blocks(std::span<const CheckedBlock> blocks) {
  const std::unique_lock applying(state_->applying, std::try_to_lock);
  if (!applying.owns_lock()) return concurrent_write();

  // From the first write to the publication: a proof applied in between would publish with its own
  // view what is not synced yet.
  const std::lock_guard publishing(state_->publishing);
  state_->check_usable();
  SignedHeader tip = view()->tip_header();
  const BlockNum tip_before = tip.header.block_num;
  Result<void> outcome;
  state_->has_unpublished_writes = true;  // until the end: an exception leaves the chain unusable

  // What has been staged is written while the next blocks are staged on top of it.
  auto written = std::make_unique<PendingWrites>();
  const auto write = [&] {
    if (!written->empty()) state_->store->write_unsynced(*written);
  };
  for (size_t next = 0; outcome && next < blocks.size();) {
    auto pending = std::make_unique<PendingWrites>();
    const ChainReader before(state_->store->snapshot({pending.get(), written.get()}));
    in_parallel(*state_->executor, write, [&] {
      while (next < blocks.size() && pending->size_in_bytes() < state_->max_write_bytes) {
        const CheckedBlock& block = blocks[next++];
        outcome = state_->add_block(block, tip, before, *pending);
        if (!outcome) return;
        tip = {block.header(), block.block().signature, block.commitment()};
      }
    });
    written = std::move(pending);
  }
  write();
  if (tip.header.block_num != tip_before) {
    state_->store->sync();
    state_->publish();
  }
  state_->has_unpublished_writes = false;
  return outcome;
}

Result<void> ChainState::apply_proof(BlockNum block_num, ByteView proof) {
  const Bytes bytes(proof.begin(), proof.end());
  return apply_proofs(block_num, {&bytes, 1});
}

Result<void> ChainState::apply_proofs(BlockNum first, std::span<const Bytes> proofs) {
  if (proofs.empty()) return {};
  const std::lock_guard publishing(state_->publishing);
  state_->check_usable();
  const std::shared_ptr<const StateView> current = view();
  const BlockNum expected = current->proven_tip().next();
  if (first != expected) {
    return fail("OutOfSequenceProof", "out-of-sequence proof: expected block " +
                                          std::to_string(expected.value) + ", got " +
                                          std::to_string(first.value));
  }
  if (proofs.size() > current->tip().value - current->proven_tip().value) {
    return fail("UncommittedBlock", "proof for uncommitted block " +
                                        std::to_string(uint64_t{first.value} + proofs.size() - 1));
  }
  WriteBatch batch(*state_->store);
  BlockNum block_num = current->proven_tip();
  for (const Bytes& proof : proofs) {
    block_num = block_num.next();
    TRY(from_bytes<BlockProof>(proof));
    batch.put(kProofs, block_key(block_num), proof);
    batch.remove(kProvingInputs, block_key(block_num));
  }
  batch.put(kMeta, meta_key(MetaKey::kProvenTip), Key().u32(block_num.value).view());
  state_->store->write(batch);
  state_->publish();
  return {};
}

ChainState::Subscription ChainState::subscribe(Listener listener) {
  return state_->listeners->subscribe(std::move(listener));
}

bool ChainState::wait_for_tip(BlockNum block_num, std::chrono::steady_clock::time_point deadline,
                              std::stop_token stop) const {
  return state_->listeners->wait([&](const StateView& view) { return view.tip() >= block_num; },
                                 deadline, std::move(stop));
}

bool ChainState::wait_for_proven_tip(BlockNum block_num,
                                     std::chrono::steady_clock::time_point deadline,
                                     std::stop_token stop) const {
  return state_->listeners->wait(
      [&](const StateView& view) { return view.proven_tip() >= block_num; }, deadline,
      std::move(stop));
}

uint64_t ChainState::journal_add(std::span<const JournalAddition> additions) {
  return state_->journal.add(additions);
}

uint64_t ChainState::journal_add(std::vector<TransactionId> transactions, ByteView bytes) {
  const JournalAddition addition{std::move(transactions), bytes};
  return journal_add({&addition, 1});
}

void ChainState::journal_remove(std::span<const uint64_t> sequences) {
  state_->journal.remove(sequences);
}

std::vector<JournalEntry> ChainState::journal_entries() const { return state_->journal.entries(); }

void ChainState::checkpoint(const std::filesystem::path& dir) const {
  state_->store->checkpoint(store_directory(dir));
}

}  // namespace miden
