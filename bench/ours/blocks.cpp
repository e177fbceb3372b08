#include "blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

constexpr size_t kPrivateAccounts = 98'000;
constexpr size_t kPublicAccounts = 2'000;

constexpr size_t kWarmUp = 5;         // applied before the first that is measured: genesis and some
constexpr size_t kMeasured = 2;       // in one measurement
constexpr size_t kMeasurements = 12;  // ROUNDS of table.py

void must(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(fmt::format("a block does not fit the chain: {}", what));
}

SmtUpdate update_of(const MemorySmtStore& tree, std::vector<SmtEntry> entries, Executor& executor) {
  std::ranges::sort(entries, {}, &SmtEntry::key);
  return smt_update(tree, entries, executor).value();
}

}  // namespace

void write_blocks(const std::filesystem::path& path) {
  fmt::print(stderr, "  making {} blocks of a chain with {} accounts\n",
             kWarmUp + kMeasured * kMeasurements, kPrivateAccounts + kPublicAccounts);
  SimulatedChain chain(1, {.new_private = kPrivateAccounts, .new_public = kPublicAccounts}, false);
  while (chain.blocks.size() < kWarmUp + kMeasured * kMeasurements) chain.next(kFullBlock);
  ByteWriter writer;
  for (const SignedBlock& block : chain.blocks) {
    const Bytes bytes = to_bytes(block);
    writer.u32(static_cast<uint32_t>(bytes.size()));
    writer.bytes(bytes);
  }
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(writer.view().data()),
             static_cast<std::streamsize>(writer.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::vector<Bytes> read_blocks(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const Bytes bytes(std::istreambuf_iterator<char>(file), {});
  std::vector<Bytes> blocks;
  ByteReader reader(bytes);
  while (reader.remaining() > 0) {
    const ByteView block = reader.bytes(reader.u32().value()).value();
    blocks.emplace_back(block.begin(), block.end());
  }
  return blocks;
}

BlockQueue::BlockQueue(const std::filesystem::path& path) {
  for (const Bytes& bytes : read_blocks(path)) {
    blocks_.push_back(from_bytes<SignedBlock>(bytes).value());
  }
}

std::vector<SignedBlock> BlockQueue::take_warm_up() {
  next_ = kWarmUp;
  return {blocks_.begin(), blocks_.begin() + kWarmUp};
}

Measured BlockQueue::measure(const std::function<void(const SignedBlock&)>& apply) {
  Measured measured;
  for (size_t i = 0; i < kMeasured; ++i) {
    const SignedBlock& block = blocks_.at(next_++);
    measured.seconds = std::min(measured.seconds, seconds_of([&] { apply(block); }));
    measured.result = block.header.commitment().to_hex();
  }
  return measured;
}

ChainTrees::ChainTrees(const std::filesystem::path& blocks) : blocks_(blocks) {
  fmt::print(stderr, "  ours: applying the first blocks to trees\n");
  for (const SignedBlock& block : blocks_.take_warm_up()) apply(block);
}

Measured ChainTrees::apply_next() {
  return blocks_.measure([this](const SignedBlock& block) { apply(block); });
}

void ChainTrees::apply(const SignedBlock& block) {
  const BlockHeader& header = block.header;
  const BlockBody& body = block.body;
  const Bytes bytes = to_bytes(block);
  must(body.transactions.commitment() == header.tx_commitment, "transactions");
  must(chain_.peaks().hash() == header.chain_commitment, "chain");

  std::vector<Word> spent;
  std::vector<SmtEntry> entries;
  for (const Nullifier& nullifier : body.created_nullifiers) {
    spent.push_back(nullifier.word);
    entries.push_back({nullifier.word, nullifier_tree_value(header.block_num)});
  }
  const std::vector<Word> known = smt_get_many(nullifiers_, spent).value();
  must(std::ranges::all_of(known, &Word::is_zero), "nullifiers");
  SmtUpdate nullifiers = update_of(nullifiers_, std::move(entries), executor_);
  must(nullifiers.root == header.nullifier_root, "nullifier root");

  entries.clear();
  for (const BlockAccountUpdate& update : body.updated_accounts) {
    entries.push_back({account_tree_key(update.account_id), update.final_commitment});
  }
  SmtUpdate accounts = update_of(accounts_, std::move(entries), executor_);
  must(accounts.root == header.account_root, "account root");

  const SimpleSmt notes = block_note_tree(body.output_note_batches).value();
  must(notes.root() == header.note_root, "note root");
  size_t nodes = 0;
  for (size_t batch = 0; batch < body.output_note_batches.size(); ++batch) {
    for (const auto& [index, note] : body.output_note_batches[batch].notes) {
      nodes += to_bytes(notes.open(block_note_tree_index(batch, index))).size();
      if (const Note* details = note.public_note()) nodes += details->nullifier().word[3].value();
    }
  }
  nullifiers_.apply(std::move(nullifiers));
  accounts_.apply(std::move(accounts));
  chain_.add(header.commitment());
  kept_ = nodes + bytes.size();
}

GrownChain::GrownChain(const std::filesystem::path& blocks, const std::filesystem::path& directory,
                       StoreOptions::Durability durability)
    : blocks_(blocks) {
  fmt::print(stderr, "  ours: applying the first blocks to a store\n");
  const std::vector<SignedBlock> first = blocks_.take_warm_up();
  ChainState::bootstrap(directory, first.front()).value();
  ChainOptions options;
  options.store.durability = durability;
  chain_ = ChainState::open(directory, options).value();
  for (size_t i = 1; i < first.size(); ++i) chain_->apply_block(first[i]).value();
}

Measured GrownChain::apply_next() {
  return blocks_.measure([this](const SignedBlock& block) { chain_->apply_block(block).value(); });
}

}  // namespace miden
