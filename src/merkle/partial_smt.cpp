#include "merkle/partial_smt.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

std::unexpected<Error> untracked_key(const Word& key) {
  return fail("UntrackedKey", "key " + key.to_hex() + " is not tracked by the partial SMT");
}

std::unexpected<Error> conflicting_roots() {
  return fail("ConflictingRoots", "the proofs resolve to different roots");
}

// Position of the ancestor at `depth` (0 to 63) of a leaf.
uint64_t ancestor(uint64_t leaf_index, unsigned depth) {
  return depth == 0 ? 0 : leaf_index >> (kSmtDepth - depth);
}

bool goes_right(uint64_t leaf_index, unsigned depth) {
  return leaf_index >> (kSmtDepth - 1 - depth) & 1;
}

}  // namespace

struct PartialSmt::Openings {
  Word root;
  std::array<Level, kSmtDepth> levels;
  std::vector<SmtLeaf> leaves;
};

Result<PartialSmt> PartialSmt::from_proofs(std::span<const SmtProof> proofs) {
  PartialSmt smt;
  if (proofs.empty()) return smt;
  Openings openings = TRY(fold_proofs(proofs));
  smt.root_ = openings.root;
  smt.add(std::move(openings));
  return smt;
}

PartialSmt PartialSmt::from_root(const Word& root) {
  PartialSmt smt;
  smt.root_ = root;
  return smt;
}

Result<void> PartialSmt::add_proof(const SmtProof& proof) {
  Openings openings = TRY(fold_proofs({&proof, 1}));
  if (openings.root != root_) return conflicting_roots();
  add(std::move(openings));
  return {};
}

// Proofs of one tree agree wherever they overlap. So where two paths join, each must name the
// other's node as its sibling, and from there on both must have the same siblings: one of them goes
// on.
Result<PartialSmt::Openings> PartialSmt::fold_proofs(std::span<const SmtProof> proofs) {
  struct Path {
    uint64_t position;
    Word node;
    std::vector<Word> siblings;
  };
  std::vector<const SmtProof*> sorted;
  for (const SmtProof& proof : proofs) {
    if (proof.path.depth != kSmtDepth) {
      return fail("InvalidPath", "an SMT proof needs a path of depth 64");
    }
    sorted.push_back(&proof);
  }
  std::ranges::stable_sort(sorted, {}, [](const SmtProof* proof) { return proof->leaf.index; });

  Openings openings;
  std::vector<Path> paths;
  for (const SmtProof* proof : sorted) {
    std::vector<Word> siblings = proof->path.siblings();
    if (!paths.empty() && paths.back().position == proof->leaf.index) {
      if (openings.leaves.back() != proof->leaf || paths.back().siblings != siblings) {
        return conflicting_roots();
      }
      continue;
    }
    openings.leaves.push_back(proof->leaf);
    paths.push_back({proof->leaf.index, {}, std::move(siblings)});
  }

  std::vector<Word> hashes(paths.size());
  hash_leaves(openings.leaves, hashes);
  std::vector<Word> pairs;
  for (unsigned height = 0;; ++height) {
    for (size_t i = 0; i < paths.size(); ++i) paths[i].node = hashes[i];
    if (height == kSmtDepth) break;
    pairs.clear();
    size_t kept = 0;
    Level& parents = openings.levels[kSmtDepth - 1 - height];
    for (size_t i = 0; i < paths.size(); ++i) {
      Path& path = paths[i];
      const Word& sibling = path.siblings[height];
      if (i + 1 < paths.size() && paths[i + 1].position == (path.position ^ 1)) {
        const Path& other = paths[++i];
        const auto above = static_cast<ptrdiff_t>(height) + 1;
        if (sibling != other.node || other.siblings[height] != path.node ||
            !std::equal(path.siblings.begin() + above, path.siblings.end(),
                        other.siblings.begin() + above)) {
          return conflicting_roots();
        }
      }
      const bool is_right = path.position & 1;
      pairs.push_back(is_right ? sibling : path.node);
      pairs.push_back(is_right ? path.node : sibling);
      path.position >>= 1;
      parents.push_back({path.position, pairs[2 * kept], pairs[2 * kept + 1]});
      if (&paths[kept] != &path) paths[kept] = std::move(path);
      ++kept;
    }
    paths.resize(kept);
    hashes.resize(kept);
    merge_batch(pairs, hashes);
  }
  openings.root = paths.front().node;
  return openings;
}

void PartialSmt::add(Openings openings) {
  for (unsigned depth = 0; depth < kSmtDepth; ++depth) {
    put(levels_[depth], openings.levels[depth], depth);
  }
  for (SmtLeaf& leaf : openings.leaves) {
    if (!leaf.entries.empty()) leaves_.insert_or_assign(leaf.index, std::move(leaf));
  }
}

// Replaces, adds or (empty ones) removes; `nodes` ascend.
void PartialSmt::put(Level& level, std::span<const InnerNode> nodes, unsigned depth) {
  const Word& empty = empty_subtree_root(kSmtDepth - 1 - depth);
  const auto is_empty = [&](const InnerNode& n) { return n.left == empty && n.right == empty; };
  const auto replaces = [&](const InnerNode& n) {
    return !is_empty(n) && find(level, n.position) != nullptr;
  };
  if (std::ranges::all_of(nodes, replaces)) {
    for (const InnerNode& node : nodes) {
      *std::ranges::lower_bound(level, node.position, {}, &InnerNode::position) = node;
    }
    return;
  }
  Level merged;
  merged.reserve(level.size() + nodes.size());
  auto old = level.begin();
  for (const InnerNode& node : nodes) {
    const auto at =
        std::ranges::lower_bound(old, level.end(), node.position, {}, &InnerNode::position);
    merged.insert(merged.end(), old, at);
    old = at != level.end() && at->position == node.position ? at + 1 : at;
    if (!is_empty(node)) merged.push_back(node);
  }
  merged.insert(merged.end(), old, level.end());
  level = std::move(merged);
}

const PartialSmt::InnerNode* PartialSmt::find(const Level& level, uint64_t position) {
  const auto at = std::ranges::lower_bound(level, position, {}, &InnerNode::position);
  return at == level.end() || at->position != position ? nullptr : &*at;
}

bool PartialSmt::is_tracked(uint64_t leaf_index) const {
  if (leaves_.contains(leaf_index) || root_ == empty_subtree_root(kSmtDepth)) return true;
  for (unsigned depth = 0; depth < kSmtDepth; ++depth) {
    const InnerNode* node = find(levels_[depth], ancestor(leaf_index, depth));
    if (node == nullptr) return false;
    const Word& child = goes_right(leaf_index, depth) ? node->right : node->left;
    if (child == empty_subtree_root(kSmtDepth - 1 - depth)) return true;
  }
  return false;
}

Result<SmtLeaf> PartialSmt::tracked_leaf(const Word& key) const {
  const uint64_t index = leaf_index_of(key);
  if (const auto leaf = leaves_.find(index); leaf != leaves_.end()) return leaf->second;
  if (!is_tracked(index)) return untracked_key(key);
  return SmtLeaf{index, {}};
}

Result<Word> PartialSmt::get(const Word& key) const {
  const SmtLeaf leaf = TRY(tracked_leaf(key));
  return *leaf.value_of(key);
}

Result<SmtProof> PartialSmt::open(const Word& key) const {
  SmtLeaf leaf = TRY(tracked_leaf(key));
  std::array<Word, kSmtDepth> siblings;
  for (unsigned depth = 0; depth < kSmtDepth; ++depth) {
    const unsigned height = kSmtDepth - 1 - depth;
    const InnerNode* node = find(levels_[depth], ancestor(leaf.index, depth));
    siblings[height] = node == nullptr                 ? empty_subtree_root(height)
                       : goes_right(leaf.index, depth) ? node->left
                                                       : node->right;
  }
  return SmtProof{SparseMerklePath::from_siblings(siblings), std::move(leaf)};
}

Result<void> PartialSmt::update(std::span<const SmtEntry> entries) {
  std::map<uint64_t, SmtLeaf> touched;
  for (const SmtEntry& entry : entries) {
    const uint64_t index = leaf_index_of(entry.key);
    auto at = touched.find(index);
    if (at == touched.end()) at = touched.emplace(index, TRY(tracked_leaf(entry.key))).first;
    TRY(at->second.set(entry.key, entry.value));
  }
  if (touched.empty()) return {};

  std::vector<SmtLeaf> leaves;
  std::vector<uint64_t> positions;
  for (auto& [index, leaf] : touched) {
    positions.push_back(index);
    leaves.push_back(std::move(leaf));
  }
  std::vector<Word> hashes(leaves.size());
  hash_leaves(leaves, hashes);
  for (SmtLeaf& leaf : leaves) {
    if (leaf.entries.empty()) {
      leaves_.erase(leaf.index);
    } else {
      leaves_.insert_or_assign(leaf.index, std::move(leaf));
    }
  }

  Level parents;
  std::vector<Word> pairs;
  for (unsigned height = 0; height < kSmtDepth; ++height) {
    Level& level = levels_[kSmtDepth - 1 - height];
    parents.clear();
    for (size_t i = 0; i < positions.size(); ++i) {
      const uint64_t position = positions[i] >> 1;
      if (parents.empty() || parents.back().position != position) {
        const InnerNode* known = find(level, position);
        const Word& empty = empty_subtree_root(height);
        parents.push_back(known != nullptr ? *known : InnerNode{position, empty, empty});
      }
      (positions[i] & 1 ? parents.back().right : parents.back().left) = hashes[i];
    }
    put(level, parents, kSmtDepth - 1 - height);
    positions.clear();
    pairs.clear();
    for (const InnerNode& parent : parents) {
      positions.push_back(parent.position);
      pairs.insert(pairs.end(), {parent.left, parent.right});
    }
    hashes.resize(parents.size());
    merge_batch(pairs, hashes);
  }
  root_ = hashes.front();
  return {};
}

std::vector<SmtEntry> PartialSmt::entries() const {
  std::vector<SmtEntry> all;
  for (const auto& [index, leaf] : leaves_) {
    all.insert(all.end(), leaf.entries.begin(), leaf.entries.end());
  }
  // Leaves that came from outside need not be sorted within.
  std::ranges::stable_sort(all, {}, &SmtEntry::key);
  return all;
}

}  // namespace miden
