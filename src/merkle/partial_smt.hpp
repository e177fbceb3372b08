// The part of a depth-64 tree that a set of openings reveals: enough to read and update those keys
// and to compute the new root. spec/types.md §4 (PartialSmt), crypto.md §8.3.
#pragma once

#include <array>
#include <map>
#include <span>

#include "merkle/smt_proof.hpp"

namespace miden {

// A key is tracked when its leaf was given, or when the known nodes show that its leaf lies in an
// empty subtree.
class PartialSmt {
 public:
  PartialSmt() : root_(empty_subtree_root(kSmtDepth)) {}  // of the empty tree
  // All at once, level by level; of no proofs: the empty tree. Errors: ConflictingRoots when two
  // proofs resolve to different roots, InvalidPath when one's depth is not 64.
  static Result<PartialSmt> from_proofs(std::span<const SmtProof> proofs);
  // Nothing known but the root.
  static PartialSmt from_root(const Word& root);

  const Word& root() const { return root_; }
  // Error: UntrackedKey.
  Result<Word> get(const Word& key) const;
  Result<SmtProof> open(const Word& key) const;
  // Errors as from_proofs; nothing changes then.
  Result<void> add_proof(const SmtProof& proof);
  // All entries at once, level by level; a zero value removes, the last of equal keys wins. Errors:
  // UntrackedKey, TooManyLeafEntries; nothing changes then.
  Result<void> update(std::span<const SmtEntry> entries);
  // Of the explicitly stored leaves, sorted by key.
  std::vector<SmtEntry> entries() const;

  // The de-duplicated form; written in ascending order (the reference writes in hash-map order).
  void encode(ByteWriter& writer) const;
  static Result<PartialSmt> decode(ByteReader& reader);

 private:
  struct InnerNode {
    uint64_t position;
    Word left;
    Word right;
  };
  using Level = std::vector<InnerNode>;  // ascending by position
  // What proofs say before they are joined with what is known.
  struct Openings;
  static Result<Openings> fold_proofs(std::span<const SmtProof> proofs);
  void add(Openings openings);
  static void put(Level& level, std::span<const InnerNode> nodes, unsigned depth);
  static const InnerNode* find(const Level& level, uint64_t position);
  bool is_tracked(uint64_t leaf_index) const;
  Result<SmtLeaf> tracked_leaf(const Word& key) const;

  Word root_;
  // levels_[d]: the known inner nodes of depth d. Empty subtrees are not stored.
  std::array<Level, kSmtDepth> levels_;
  std::map<uint64_t, SmtLeaf> leaves_;  // without empty ones
};

}  // namespace miden
