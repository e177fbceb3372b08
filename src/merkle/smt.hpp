// A whole depth-64 sparse Merkle tree in memory (vaults, storage maps, models in tests).
#pragma once

#include <span>

#include "merkle/memory_smt_store.hpp"

namespace miden {

class Smt {
 public:
  Smt() : root_(empty_subtree_root(kSmtDepth)) {}
  // Later duplicates win; zero values are absent. Error: TooManyLeafEntries.
  static Result<Smt> from_entries(std::span<const SmtEntry> entries);

  const Word& root() const { return root_; }
  Word get(const Word& key) const;  // zero when absent
  // Applies all entries level by level; a zero value removes. The last of equal keys wins. Error:
  // TooManyLeafEntries; nothing changes then.
  Result<void> update(std::span<const SmtEntry> entries);
  SmtProof open(const Word& key) const;
  // Sorted by key.
  std::vector<SmtEntry> entries() const;
  size_t size() const { return entry_count_; }  // entries
  friend bool operator==(const Smt& a, const Smt& b) { return a.root_ == b.root_; }

 private:
  Word root_;
  MemorySmtStore store_;
  size_t entry_count_ = 0;
};

}  // namespace miden
