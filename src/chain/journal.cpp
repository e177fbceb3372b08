#include "chain/journal.hpp"

#include "chain/chain_reader.hpp"

namespace miden {
namespace {

Key row_key(uint64_t sequence) { return Key().u64(sequence); }

JournalEntry decode_entry(ByteView key, ByteView value) {
  JournalEntry entry;
  entry.sequence = KeyReader(key).u64();
  ByteReader reader(value);
  entry.transactions = expect_sound(decode_vec<TransactionId>(reader));
  entry.bytes.assign(reader.rest().begin(), reader.rest().end());
  return entry;
}

std::vector<JournalEntry> read_entries(const Store& store) {
  std::vector<JournalEntry> entries;
  const auto snapshot = store.snapshot();
  for (Cursor row = snapshot->rows(kJournal, Key(), row_key(UINT64_MAX)); row.valid(); row.next()) {
    entries.push_back(decode_entry(row.key(), row.value()));
  }
  return entries;
}

}  // namespace

Journal::Journal(std::shared_ptr<Store> store) : store_(std::move(store)) {
  for (const JournalEntry& entry : read_entries(*store_)) {
    remember(entry.sequence, entry.transactions);
    next_sequence_ = entry.sequence + 1;
  }
}

void Journal::remember(uint64_t sequence, const std::vector<TransactionId>& transactions) {
  std::set<TransactionId>& pending = pending_[sequence];
  for (const TransactionId& id : transactions) {
    if (pending.insert(id).second) sequences_.emplace(id, sequence);
  }
}

uint64_t Journal::add(std::span<const JournalAddition> additions) {
  WriteBatch batch(*store_);
  uint64_t first = 0;
  {
    // Remembered before the write, so that a block which commits them at once finds them.
    const std::lock_guard lock(mutex_);
    first = next_sequence_;
    for (const JournalAddition& addition : additions) {
      ByteWriter row;
      encode_vec(row, addition.transactions);
      row.bytes(addition.bytes);
      batch.put(kJournal, row_key(next_sequence_), row.view());
      remember(next_sequence_++, addition.transactions);
    }
  }
  store_->write(batch);
  return first;
}

void Journal::remove(std::span<const uint64_t> sequences) {
  WriteBatch batch(*store_);
  for (const uint64_t sequence : sequences) batch.remove(kJournal, row_key(sequence));
  store_->write(batch);
  forget(sequences, {});
}

std::vector<JournalEntry> Journal::entries() const { return read_entries(*store_); }

std::vector<uint64_t> Journal::stage_committed(const std::vector<TransactionHeader>& transactions,
                                               WriteBatch& batch) const {
  const std::lock_guard lock(mutex_);
  std::map<uint64_t, size_t> committed;
  for (const TransactionHeader& transaction : transactions) {
    const auto [begin, end] = sequences_.equal_range(transaction.id);
    for (auto entry = begin; entry != end; ++entry) ++committed[entry->second];
  }
  std::vector<uint64_t> completed;
  for (const auto& [sequence, count] : committed) {
    if (count < pending_.at(sequence).size()) continue;
    completed.push_back(sequence);
    batch.remove(kJournal, row_key(sequence));
  }
  return completed;
}

void Journal::forget(std::span<const uint64_t> sequences,
                     const std::vector<TransactionHeader>& transactions) {
  const std::lock_guard lock(mutex_);
  for (const uint64_t sequence : sequences) {
    const auto pending = pending_.find(sequence);
    if (pending == pending_.end()) continue;
    for (const TransactionId& id : pending->second) {
      const auto [begin, end] = sequences_.equal_range(id);
      for (auto entry = begin; entry != end;) {
        entry = entry->second == sequence ? sequences_.erase(entry) : std::next(entry);
      }
    }
    pending_.erase(pending);
  }
  for (const TransactionHeader& transaction : transactions) {
    const auto [begin, end] = sequences_.equal_range(transaction.id);
    for (auto entry = begin; entry != end; ++entry) {
      pending_.at(entry->second).erase(transaction.id);
    }
    sequences_.erase(begin, end);
  }
}

}  // namespace miden
