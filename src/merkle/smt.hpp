// A whole depth-64 sparse Merkle tree in memory (vaults, storage maps, models in tests).
#pragma once

#include <map>
#include <span>

#include "merkle/smt_proof.hpp"

namespace miden {

class Smt {
 public:
  Smt();
  // Later duplicates win; zero values are absent. Error: TooManyLeafEntries.
  static Result<Smt> from_entries(std::span<const SmtEntry> entries);

  const Word& root() const;
  Word get(const Word& key) const;  // zero when absent
  // Applies all entries level by level; a zero value removes. The last of equal keys wins.
  Result<void> update(std::span<const SmtEntry> entries);
  SmtProof open(const Word& key) const;
  // Sorted by key.
  std::vector<SmtEntry> entries() const;
  size_t size() const;  // entries

 private:
  std::map<uint64_t, SmtLeaf> leaves_;
  std::map<std::pair<uint8_t, uint64_t>, Word> nodes_;  // (depth, position), non-empty inner nodes
  size_t entry_count_ = 0;
};

}  // namespace miden
