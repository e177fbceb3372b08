#include "merkle/merkle_store.hpp"

#include "merkle/sparse_merkle_path.hpp"

namespace miden {
namespace {

using Nodes = std::map<Word, std::pair<Word, Word>>;

constexpr unsigned kEmptyNodes = 255;

const Nodes& empty_nodes() {
  static const Nodes nodes = [] {
    Nodes table;
    for (unsigned height = 1; height <= kEmptyNodes; ++height) {
      const Word& child = empty_subtree_root(height - 1);
      table.emplace(empty_subtree_root(height), std::pair(child, child));
    }
    return table;
  }();
  return nodes;
}

void encode_node(ByteWriter& writer, const Nodes::value_type& node) {
  node.first.encode(writer);
  node.second.first.encode(writer);
  node.second.second.encode(writer);
}

}  // namespace

void MerkleStore::insert(const Word& parent, const Word& left, const Word& right) {
  if (empty_nodes().contains(parent)) return;
  nodes_.insert_or_assign(parent, std::pair(left, right));
}

const std::pair<Word, Word>* MerkleStore::find(const Word& parent) const {
  if (const auto found = nodes_.find(parent); found != nodes_.end()) return &found->second;
  if (const auto empty = empty_nodes().find(parent); empty != empty_nodes().end()) {
    return &empty->second;
  }
  return nullptr;
}

void MerkleStore::encode(ByteWriter& writer) const {
  writer.reserve(8 + 3 * sizeof(Word) * (nodes_.size() + kEmptyNodes));
  writer.u64(nodes_.size() + kEmptyNodes);
  auto empty = empty_nodes().begin();
  for (const auto& node : nodes_) {
    for (; empty != empty_nodes().end() && empty->first < node.first; ++empty) {
      encode_node(writer, *empty);
    }
    encode_node(writer, node);
  }
  for (; empty != empty_nodes().end(); ++empty) encode_node(writer, *empty);
}

Result<MerkleStore> MerkleStore::decode(ByteReader& reader) {
  MerkleStore store;
  for (size_t left = TRY(reader.checked_count(TRY(reader.u64()), 3 * sizeof(Word))); left > 0;
       --left) {
    const Word parent = TRY(Word::decode(reader));
    const Word left_child = TRY(Word::decode(reader));
    const Word right_child = TRY(Word::decode(reader));
    store.insert(parent, left_child, right_child);
  }
  return store;
}

}  // namespace miden
