// The touched part of a stored tree while it is read or updated. Internal to src/merkle; the stored
// form is described in README.md.
//
// A trie of three kinds of node: empty; branch, with two or more leaves below; lone, where a single
// leaf's region begins to hold nothing else. Of a lone leaf two hashes are kept: the one at its own
// depth, which its neighbours' paths need, and its anchor, one further down its chain, from which
// it can be moved down when another leaf arrives, without reading the leaf and hashing all of its
// chain again. A tree of random keys must have a hundred million leaves before many stand below the
// upper anchors.
#pragma once

#include <bit>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "merkle/stored_smt.hpp"

namespace miden {

// Depth of the anchor of a lone leaf that stands at `depth`. At kSmtDepth it is the leaf's hash.
constexpr unsigned anchor_depth(unsigned depth) { return depth <= 32 ? 32 : kSmtDepth; }

// Which child of an ancestor at `depth` (0 to 63) leads to a leaf.
constexpr bool goes_right(uint64_t leaf_index, unsigned depth) {
  return leaf_index >> (kSmtDepth - 1 - depth) & 1;
}

// Position of a leaf's ancestor at `depth` (0 to 64).
constexpr uint64_t ancestor(uint64_t leaf_index, unsigned depth) {
  return depth == 0 ? 0 : leaf_index >> (kSmtDepth - depth);
}

// Depth of the lowest common ancestor of two different leaves.
constexpr unsigned fork_depth(uint64_t a, uint64_t b) {
  return static_cast<unsigned>(std::countl_zero(a ^ b));
}

struct TrieNode {
  enum class Kind : uint8_t { kEmpty, kLone, kBranch };
  using Id = uint32_t;

  Kind kind = Kind::kEmpty;
  bool is_loaded = false;  // branch: left and right are known
  bool is_moved = false;   // lone: stands elsewhere than its hash says
  uint8_t depth = 0;
  uint8_t hash_depth = 0;   // lone: where `hash` belongs
  Id left = 0;              // branch
  Id right = 0;             // branch
  uint64_t leaf_index = 0;  // lone: its leaf; changed branch: some place below
  // Branch: the bytes of its children in a stored row. Where no leaf of interest lies below they
  // are never read, and go into the new row as they are.
  ByteView stored_children = {};
  Word hash = {};
  Word anchor = {};  // lone
};

struct SmtTrie {
  using Id = TrieNode::Id;
  static constexpr Id kEmpty = 0;

  std::vector<TrieNode> nodes{1};  // nodes[kEmpty] is the empty node
  Id root = kEmpty;

  // Loads what lies on the way to the leaves at `indices` (ascending, distinct), one batch of reads
  // for every four levels, and returns where each way ends: at the empty node or at a lone one.
  // Error: CorruptTree.
  Result<std::vector<Id>> load(const SmtReader& reader, std::span<const uint64_t> indices);

  Id add(const TrieNode& node) {
    nodes.push_back(node);
    return static_cast<Id>(nodes.size() - 1);
  }
  // The hash of a node that stands at `depth`.
  const Word& hash_at(Id id, unsigned depth) const {
    return id == kEmpty ? empty_subtree_root(kSmtDepth - depth) : nodes[id].hash;
  }
  // The row of the subtree rooted at a branch, or at the tree's root.
  Bytes encode_row(Id id) const;

 private:
  // A subtree whose branch was met on the way to indices [begin, end).
  struct Pending {
    Id id;
    SubtreeKey key;
    size_t begin;
    size_t end;
  };
  class RowReader;
  // These are false when a row is no subtree of a tree.
  bool read_root(ByteView row);
  bool descend(Id id, unsigned depth, size_t begin, size_t end);
  bool read_children(Id id, unsigned depth, uint64_t position);
  Id read_node(RowReader& row, unsigned tag, unsigned depth, uint64_t position);
  void encode_lone(ByteWriter& writer, const TrieNode& node) const;
  void encode_children(ByteWriter& writer, Id id, unsigned depth) const;

  std::vector<Bytes> rows_;  // what stored_children point into
  // Only during load.
  std::span<const uint64_t> indices_;
  std::vector<Id> ends_;
  std::vector<Pending> pending_;
};

// The hashes of a lone leaf from depth `from` up to depth `to`, all siblings empty.
struct LeafChain {
  uint64_t leaf_index = 0;
  unsigned from = 0;
  unsigned to = 0;
  Word hash = {};    // at `from` before, at `to` after
  Word anchor = {};  // at anchor_depth(to); set where the chain passes it
};
// All chains in lock-step: a level of many leaves is one batch.
void fold_chains(std::vector<LeafChain>& chains, Executor& executor);

std::unexpected<Error> corrupt_tree(std::string message);
// Reads leaves that must exist; `indices` ascending and distinct.
Result<std::vector<SmtLeaf>> read_stored_leaves(const SmtReader& reader,
                                                std::span<const uint64_t> indices);
// A stored leaf: sorted, without duplicates or zero values, at its index, not empty.
Result<SmtLeaf> decode_stored_leaf(uint64_t index, ByteView bytes);

}  // namespace miden
