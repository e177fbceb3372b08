// The part of a depth-64 tree that a set of openings reveals: enough to read and update those keys
// and to compute the new root. spec/types.md §4 (PartialSmt), crypto.md §8.3.
#pragma once

#include <map>
#include <span>

#include "merkle/smt_proof.hpp"

namespace miden {

class PartialSmt {
 public:
  PartialSmt();  // of the empty tree
  // Error: ConflictingRoots when two proofs resolve to different roots.
  static Result<PartialSmt> from_proofs(std::span<const SmtProof> proofs);
  // Nothing known but the root.
  static PartialSmt from_root(const Word& root);

  const Word& root() const { return root_; }
  // Error: UntrackedKey.
  Result<Word> get(const Word& key) const;
  Result<SmtProof> open(const Word& key) const;
  Result<void> add_proof(const SmtProof& proof);
  // All entries at once, level by level. Errors: UntrackedKey, TooManyLeafEntries; nothing changes
  // then.
  Result<void> update(std::span<const SmtEntry> entries);
  // Of the explicitly stored leaves, sorted by key.
  std::vector<SmtEntry> entries() const;

  // The de-duplicated form; written in ascending order (the reference writes in hash-map order).
  void encode(ByteWriter& writer) const;
  static Result<PartialSmt> decode(ByteReader& reader);

 private:
  Word root_;
  std::map<std::pair<uint8_t, uint64_t>, std::pair<Word, Word>>
      inner_nodes_;  // (depth, position) -> children
  std::map<uint64_t, SmtLeaf> leaves_;
};

}  // namespace miden
