#include "merkle/sparse_merkle_path.hpp"

#include <bit>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

constexpr unsigned kMaxDepth = 64;

bool index_fits(uint64_t index, size_t depth) { return depth >= 64 || index >> depth == 0; }

std::unexpected<Error> index_too_large(uint64_t index, size_t depth) {
  return fail("InvalidIndex", "node index value " + std::to_string(index) +
                                  " is not valid for depth " + std::to_string(depth));
}

Word fold(const Word& node, const Word& sibling, uint64_t position) {
  return position & 1 ? merge(sibling, node) : merge(node, sibling);
}

bool mask_fits(uint64_t mask, unsigned depth) { return depth == 64 || mask >> depth == 0; }

}  // namespace

const Word& empty_subtree_root(unsigned height) {
  static const std::array<Word, 256> roots = [] {
    std::array<Word, 256> table;
    for (size_t i = 1; i < table.size(); ++i) table[i] = merge(table[i - 1], table[i - 1]);
    return table;
  }();
  return roots[height];
}

SparseMerklePath SparseMerklePath::from_siblings(std::span<const Word> siblings) {
  SparseMerklePath path;
  path.depth = static_cast<uint8_t>(siblings.size());
  for (unsigned height = 0; height < path.depth; ++height) {
    if (siblings[height] == empty_subtree_root(height)) {
      path.empty_nodes_mask |= uint64_t{1} << (path.depth - height - 1);
    } else {
      path.nodes.push_back(siblings[height]);
    }
  }
  return path;
}

Result<SparseMerklePath> SparseMerklePath::from_parts(uint64_t empty_nodes_mask,
                                                      std::vector<Word> nodes) {
  // In full width: 256 siblings more must not wrap around to an allowed depth (crypto.md §14, 4).
  const size_t depth = nodes.size() + static_cast<size_t>(std::popcount(empty_nodes_mask));
  if (depth > kMaxDepth) {
    return fail("InvalidPath", "path depth " + std::to_string(depth) + " exceeds 64");
  }
  if (!mask_fits(empty_nodes_mask, static_cast<unsigned>(depth))) {
    return fail("InvalidPath",
                "a path of depth " + std::to_string(depth) + " marks an empty node below its leaf");
  }
  return SparseMerklePath{static_cast<uint8_t>(depth), empty_nodes_mask, std::move(nodes)};
}

std::vector<Word> SparseMerklePath::siblings() const {
  std::vector<Word> all;
  all.reserve(depth);
  auto next = nodes.begin();
  for (unsigned height = 0; height < depth; ++height) {
    const bool empty = empty_nodes_mask >> (depth - height - 1) & 1;
    all.push_back(empty ? empty_subtree_root(height) : *next++);
  }
  return all;
}

Result<Word> SparseMerklePath::compute_root(uint64_t index, const Word& leaf) const {
  if (!index_fits(index, depth)) return index_too_large(index, depth);
  Word node = leaf;
  auto next = nodes.begin();
  for (unsigned height = 0; height < depth; ++height, index >>= 1) {
    const bool empty = empty_nodes_mask >> (depth - height - 1) & 1;
    node = fold(node, empty ? empty_subtree_root(height) : *next++, index);
  }
  return node;
}

void SparseMerklePath::encode(ByteWriter& writer) const {
  writer.u8(depth);
  writer.u64(empty_nodes_mask);
  encode_items(writer, nodes);
}

Result<SparseMerklePath> SparseMerklePath::decode(ByteReader& reader) {
  SparseMerklePath path;
  path.depth = TRY(reader.u8());
  if (path.depth > kMaxDepth) {
    return invalid_value("SparseMerklePath max depth exceeded (" + std::to_string(path.depth) +
                         " > 64)");
  }
  path.empty_nodes_mask = TRY(reader.u64());
  // Stricter than the reference, which counts the bits only and fails later (crypto.md §14, 3).
  if (!mask_fits(path.empty_nodes_mask, path.depth)) {
    return invalid_value("SparseMerklePath has empty nodes beyond its length (" +
                         std::to_string(path.depth) + ")");
  }
  const auto empty = static_cast<unsigned>(std::popcount(path.empty_nodes_mask));
  path.nodes = TRY(decode_items<Word>(reader, path.depth - empty));
  return path;
}

Result<Word> MerklePath::compute_root(uint64_t index, const Word& leaf) const {
  if (!index_fits(index, siblings.size())) return index_too_large(index, siblings.size());
  Word node = leaf;
  for (const Word& sibling : siblings) {
    node = fold(node, sibling, index);
    index >>= 1;
  }
  return node;
}

}  // namespace miden
