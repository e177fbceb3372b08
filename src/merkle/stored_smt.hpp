// A depth-64 sparse Merkle tree whose nodes lie in a store: batch update and openings as pure
// functions over a reader. The account tree, the nullifier tree and every public account's vault
// and storage maps are kept this way.
//
// Layout. A tree is cut into subtrees of four levels, rooted at depths 0, 4, ..., 60: small enough
// that a row is at most 1.7 KB, since every changed leaf rewrites a row at each of them. A subtree
// is stored only where at least two leaves lie below its root: a lone leaf needs no nodes, since
// all its siblings below are empty and its hash at any height follows from the leaf. The one
// exception is the root's subtree, which is stored for a single leaf too, so that the leaf can be
// found. What is stored follows from the tree's entries alone, not from the order in which they
// came.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "merkle/smt_proof.hpp"

namespace miden {

inline constexpr unsigned kSubtreeLevels = 4;

// Root of a subtree: depth in {0, 4, ..., 60}, position < 2^depth.
struct SubtreeKey {
  uint8_t depth = 0;
  uint64_t position = 0;
  friend auto operator<=>(const SubtreeKey&, const SubtreeKey&) = default;
};

// Where nodes and leaves come from: one consistent version of one tree. Keys are ascending and
// distinct, and implementations batch their reads; results are in the order of the keys, nullopt
// where nothing is stored. Called on the caller's thread only.
class SmtReader {
 public:
  virtual ~SmtReader() = default;
  virtual std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const = 0;
  virtual std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const = 0;
};

// What an update changes, each key once; nullopt deletes.
struct SmtUpdate {
  Word root;
  int64_t entries_added = 0;  // negative when more were removed
  std::vector<std::pair<SubtreeKey, std::optional<Bytes>>> subtrees;
  std::vector<std::pair<uint64_t, std::optional<Bytes>>> leaves;  // encoded SmtLeaf
};

// Sets every entry (zero value removes); `entries` sorted by key without duplicates. Errors:
// TooManyLeafEntries, CorruptTree (stored bytes that do not decode).
Result<SmtUpdate> smt_update(const SmtReader& reader, std::span<const SmtEntry> entries,
                             Executor& executor);

// All of these fail with CorruptTree alone.
Result<Word> smt_root(const SmtReader& reader);
Result<Word> smt_get(const SmtReader& reader, const Word& key);
Result<std::vector<Word>> smt_get_many(const SmtReader& reader, std::span<const Word> keys);
Result<SmtProof> smt_open(const SmtReader& reader, const Word& key);
Result<std::vector<SmtProof>> smt_open_many(const SmtReader& reader, std::span<const Word> keys);

}  // namespace miden
