#include "merkle/smt.hpp"

#include <algorithm>

#include "merkle/smt_trie.hpp"

namespace miden {

// The rows are this object's own work, so reading them back cannot fail.

Result<Smt> Smt::from_entries(std::span<const SmtEntry> entries) {
  Smt smt;
  TRY(smt.update(entries));
  return smt;
}

Word Smt::get(const Word& key) const { return smt_get(store_, key).value(); }

Result<void> Smt::update(std::span<const SmtEntry> entries) {
  std::vector<SmtEntry> sorted(entries.begin(), entries.end());
  std::ranges::stable_sort(sorted, {}, &SmtEntry::key);
  size_t kept = 0;
  for (const SmtEntry& entry : sorted) {
    if (kept > 0 && sorted[kept - 1].key == entry.key) --kept;
    sorted[kept++] = entry;
  }
  SerialExecutor here;
  SmtUpdate update = TRY(smt_update(store_, std::span(sorted).first(kept), here));
  root_ = update.root;
  entry_count_ = static_cast<size_t>(static_cast<int64_t>(entry_count_) + update.entries_added);
  store_.apply(std::move(update));
  return {};
}

SmtProof Smt::open(const Word& key) const { return smt_open(store_, key).value(); }

std::vector<SmtEntry> Smt::entries() const {
  std::vector<SmtEntry> all;
  all.reserve(entry_count_);
  for (const auto& [index, row] : store_.leaf_rows()) {
    const SmtLeaf leaf = decode_stored_leaf(index, row).value();
    all.insert(all.end(), leaf.entries.begin(), leaf.entries.end());
  }
  return all;
}

}  // namespace miden
