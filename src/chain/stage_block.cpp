#include "chain/stage_block.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <set>

#include "chain/account_change.hpp"

namespace miden {
namespace {

// Accounts whose trees are hashed together: enough to fill the batches of Poseidon2.
constexpr size_t kAccountsAtOnce = 32;

Result<void> check_root(std::string_view code, std::string_view what, const Word& computed,
                        const Word& stated) {
  if (computed == stated) return {};
  return fail(code, "the block's " + std::string(what) + " is " + stated.to_hex() +
                        ", applying it gives " + computed.to_hex());
}

Result<void> stage_nullifiers(BlockWrite& write, const ChainReader& before,
                              const SignedBlock& block, Executor& executor) {
  const StoredTree stored(before, nullifier_tree());
  const RememberingTree current(stored);

  std::vector<Nullifier> nullifiers = block.body.created_nullifiers;
  std::ranges::sort(nullifiers);
  std::vector<Word> keys;
  std::vector<SmtEntry> entries;
  for (const Nullifier& nullifier : nullifiers) {
    keys.push_back(nullifier.word);
    entries.push_back({nullifier.word, nullifier_tree_value(block.header.block_num)});
  }
  const std::vector<Word> spent = expect_sound(smt_get_many(current, keys));
  for (size_t i = 0; i < nullifiers.size(); ++i) {
    if (spent[i].is_zero() && (i == 0 || nullifiers[i - 1] != nullifiers[i])) continue;
    return fail("DuplicatedNullifiers",
                "nullifier " + nullifiers[i].to_hex() + " has been created before");
  }
  const Word chain_commitment =
      mmr_peaks_at(block.header.block_num.value, before.chain_nodes()).hash();
  TRY(check_root("NewBlockInvalidChainCommitment", "chain commitment", chain_commitment,
                 block.header.chain_commitment));

  const TreeChange change =
      TRY(change_tree({nullifier_tree(), &current, std::move(entries)}, executor));
  TRY(check_root("NewBlockInvalidNullifierRoot", "nullifier root", change.root,
                 block.header.nullifier_root));
  write_tree_change(write, change, TreeHistory::kDropped);
  for (const Nullifier& nullifier : nullifiers) {
    write.put(kNullifiers, nullifier_key(nullifier_prefix(nullifier), write.block(), nullifier));
  }
  return {};
}

// No two accounts share an id's prefix, and a block names each account once.
Result<void> check_account_prefixes(const SmtReader& accounts, const SignedBlock& block) {
  std::vector<uint64_t> prefixes;
  std::set<uint64_t> seen;
  for (const BlockAccountUpdate& update : block.body.updated_accounts) {
    prefixes.push_back(update.account_id.prefix().value());
    if (!seen.insert(prefixes.back()).second) {
      return fail("NewBlockDuplicateAccountIdPrefix",
                  "two updates concern the id prefix of account " + update.account_id.to_hex());
    }
  }
  const std::vector<std::optional<Bytes>> leaves = accounts.leaves(prefixes);
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i]) continue;
    const AccountId& id = block.body.updated_accounts[i].account_id;
    for (const SmtEntry& entry : decode_stored<SmtLeaf>(*leaves[i]).entries) {
      if (entry.key == account_tree_key(id)) continue;
      return fail("NewBlockDuplicateAccountIdPrefix",
                  "the id prefix of account " + id.to_hex() + " belongs to another account");
    }
  }
  return {};
}

Result<void> stage_account_tree(BlockWrite& write, const ChainReader& before,
                                const SignedBlock& block, Executor& executor) {
  const StoredTree stored(before, account_tree());
  const RememberingTree current(stored);
  TRY(check_account_prefixes(current, block));
  std::vector<SmtEntry> entries;
  for (const BlockAccountUpdate& update : block.body.updated_accounts) {
    entries.push_back({account_tree_key(update.account_id), update.final_commitment});
  }
  std::ranges::sort(entries, {}, &SmtEntry::key);
  const TreeChange change =
      TRY(change_tree({account_tree(), &current, std::move(entries)}, executor));
  TRY(check_root("NewBlockInvalidAccountRoot", "account root", change.root,
                 block.header.account_root));
  write_tree_change(write, change, TreeHistory::kKept);
  return {};
}

Result<void> stage_notes(BlockWrite& write, const ChainReader& before, const SignedBlock& block) {
  const SimpleSmt tree = TRY(block_note_tree(block.body.output_note_batches));
  TRY(check_root("NewBlockInvalidNoteRoot", "note root", tree.root(), block.header.note_root));
  // The reference does not take notes out of a genesis block either; none has any.
  if (write.block() == kGenesis) return {};

  std::map<Word, const NoteScript*> scripts;
  for (size_t batch = 0; batch < block.body.output_note_batches.size(); ++batch) {
    for (const auto& [index_in_batch, note] : block.body.output_note_batches[batch].notes) {
      const uint16_t index = block_note_tree_index(batch, index_in_batch);
      const Key key = note_key(write.block(), index);

      ByteWriter row;
      note.id().encode(row);
      note.metadata().encode(row);
      tree.open(index).encode(row);
      write.put(kNotes, key, row.view());
      write.put(kNotesById, note_by_id_key(note.id(), write.block(), index));
      write.put(kNotesByTag, note_by_tag_key(note.metadata().partial.tag, write.block(), index));

      ByteWriter details;
      details.length_prefixed(to_bytes(note.attachments()));
      const Note* public_note = note.public_note();
      details.boolean(public_note != nullptr);
      if (public_note != nullptr) {
        const NoteRecipient& recipient = public_note->details().recipient;
        const Word root = recipient.script.root().word;
        scripts.emplace(root, &recipient.script);
        root.encode(details);
        details.length_prefixed(to_bytes(public_note->details().assets));
        recipient.storage.encode(details);
        recipient.serial_num.encode(details);
        write.put(kNotesByNullifier,
                  note_by_nullifier_key(public_note->nullifier(), write.block(), index),
                  note.id().word);
      }
      write.put(kNoteDetails, key, details.view());
    }
  }
  for (const auto& [root, script] : scripts) {
    if (before.rows().contains(kNoteScripts, word_key(root))) continue;
    write.put(kNoteScripts, word_key(root), to_bytes(*script));
  }
  return {};
}

Result<void> stage_accounts(BlockWrite& write, const ChainReader& before, const SignedBlock& block,
                            Executor& executor) {
  const std::vector<BlockAccountUpdate>& updates = block.body.updated_accounts;
  std::vector<Key> keys;
  for (const BlockAccountUpdate& update : updates) keys.push_back(account_key(update.account_id));
  const std::vector<std::optional<Bytes>> old_records = before.rows().get_many(kAccounts, keys);

  std::mutex mutex;  // guards what the pieces leave
  std::map<size_t, Result<std::vector<AccountChange>>> pieces;
  std::exception_ptr failure;
  executor.parallel_for(updates.size(), kAccountsAtOnce, [&](size_t begin, size_t end) {
    try {
      Result<std::vector<AccountChange>> changes = compute_account_changes(
          before, write.block(), std::span(updates).subspan(begin, end - begin),
          std::span(old_records).subspan(begin, end - begin));
      const std::lock_guard lock(mutex);
      pieces.emplace(begin, std::move(changes));
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  for (const auto& [begin, changes] : pieces) {
    if (!changes) return std::unexpected(changes.error());
    for (const AccountChange& change : *changes) write_account_change(write, before, change);
  }
  return {};
}

void stage_transactions(BlockWrite& write, const SignedBlock& block) {
  for (const TransactionHeader& transaction : block.body.transactions.transactions) {
    write.put(kTransactions, transaction_key(transaction.account_id, write.block(), transaction.id),
              to_bytes(transaction));
  }
}

void stage_header(BlockWrite& write, const ChainReader& before, const EncodedBlock& encoded) {
  ByteWriter row;
  encoded.commitment.encode(row);
  encoded.block.header.encode(row);
  encoded.block.signature.encode(row);
  write.put(kHeaders, block_key(write.block()), row.view());
  write.put(kBlocks, block_key(write.block()), encoded.bytes);
  write.put_meta(MetaKey::kTip, write.block().value);

  const uint64_t length = write.block().value;
  uint64_t node = mmr_node_count(length);
  for (const Word& added : mmr_append(length, before.chain_nodes(), encoded.commitment)) {
    write.put(kChainNodes, Key().u64(node++), added);
  }
}

}  // namespace

Result<void> stage_block(BlockWrite& write, const ChainReader& before, const EncodedBlock& encoded,
                         Executor& executor) {
  const SignedBlock& block = encoded.block;
  TRY(stage_nullifiers(write, before, block, executor));
  TRY(stage_account_tree(write, before, block, executor));
  TRY(stage_notes(write, before, block));
  TRY(stage_accounts(write, before, block, executor));
  stage_transactions(write, block);
  stage_header(write, before, encoded);
  write.finish(before);
  return {};
}

}  // namespace miden
