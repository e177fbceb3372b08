#include "net/convert_primitives.hpp"

namespace miden {
namespace {

::primitives::SmtLeafEntry to_message(const SmtEntry& entry) {
  ::primitives::SmtLeafEntry message;
  *message.mutable_key() = to_message(entry.key);
  *message.mutable_value() = to_message(entry.value);
  return message;
}

Result<std::vector<Word>> words_from(
    const google::protobuf::RepeatedPtrField<::primitives::Digest>& digests) {
  std::vector<Word> words;
  words.reserve(static_cast<size_t>(digests.size()));
  for (const auto& digest : digests) words.push_back(TRY(from_message(digest)));
  return words;
}

}  // namespace

::primitives::Digest to_message(const Word& word) {
  ::primitives::Digest digest;
  digest.set_d0(word[0].value());
  digest.set_d1(word[1].value());
  digest.set_d2(word[2].value());
  digest.set_d3(word[3].value());
  return digest;
}

::primitives::Asset to_message(const Asset& asset) {
  ::primitives::Asset message;
  *message.mutable_key() = to_message(asset.key().word());
  *message.mutable_value() = to_message(asset.value());
  return message;
}

::primitives::SmtLeaf to_message(const SmtLeaf& leaf) {
  ::primitives::SmtLeaf message;
  if (leaf.entries.empty()) {
    message.set_empty_leaf_index(leaf.index);
  } else if (leaf.entries.size() == 1) {
    *message.mutable_single() = to_message(leaf.entries.front());
  } else {
    auto& entries = *message.mutable_multiple()->mutable_entries();
    for (const SmtEntry& entry : leaf.entries) *entries.Add() = to_message(entry);
  }
  return message;
}

::primitives::SmtOpening to_message(const SmtProof& proof) {
  ::primitives::SmtOpening message;
  *message.mutable_path() = to_message(proof.path);
  *message.mutable_leaf() = to_message(proof.leaf);
  return message;
}

::primitives::SparseMerklePath to_message(const SparseMerklePath& path) {
  ::primitives::SparseMerklePath message;
  message.set_empty_nodes_mask(path.empty_nodes_mask);
  for (const Word& node : path.nodes) *message.add_siblings() = to_message(node);
  return message;
}

::primitives::MerklePath to_message(const MerklePath& path) {
  ::primitives::MerklePath message;
  for (const Word& node : path.siblings) *message.add_siblings() = to_message(node);
  return message;
}

::primitives::MmrDelta to_message(const MmrDelta& delta) {
  ::primitives::MmrDelta message;
  message.set_forest(delta.num_leaves);
  for (const Word& node : delta.data) *message.add_data() = to_message(node);
  return message;
}

Result<Word> from_message(const ::primitives::Digest& digest) {
  const uint64_t limbs[] = {digest.d0(), digest.d1(), digest.d2(), digest.d3()};
  for (const uint64_t limb : limbs) {
    if (limb >= Felt::kModulus) return fail("NotAValidFelt", std::string(kNotInRange));
  }
  return Word::of(limbs[0], limbs[1], limbs[2], limbs[3]);
}

Result<Asset> from_message(const ::primitives::Asset& asset) {
  const Word key = READ_FIELD(asset, key);
  const Word value = READ_FIELD(asset, value);
  return Asset::from_key_and_value(key, value);
}

Result<SmtEntry> from_message(const ::primitives::SmtLeafEntry& entry) {
  const Word key = READ_FIELD(entry, key);
  const Word value = READ_FIELD(entry, value);
  return SmtEntry{key, value};
}

Result<SmtLeaf> from_message(const ::primitives::SmtLeaf& leaf) {
  switch (leaf.leaf_case()) {
    case ::primitives::SmtLeaf::kEmptyLeafIndex:
      return SmtLeaf::make(leaf.empty_leaf_index(), {});
    case ::primitives::SmtLeaf::kSingle: {
      const SmtEntry entry = TRY(at("single", from_message(leaf.single())));
      return SmtLeaf::make(leaf_index_of(entry.key), {entry});
    }
    case ::primitives::SmtLeaf::kMultiple: {
      std::vector<SmtEntry> entries;
      for (const auto& entry : leaf.multiple().entries()) {
        entries.push_back(TRY(at("entries", from_message(entry))));
      }
      if (entries.size() < 2) {
        return fail("InvalidLeaf", "a multiple leaf needs at least two entries, got " +
                                       std::to_string(entries.size()));
      }
      const uint64_t index = leaf_index_of(entries.front().key);
      return SmtLeaf::make(index, std::move(entries));
    }
    case ::primitives::SmtLeaf::LEAF_NOT_SET:
      break;
  }
  return missing_field(leaf, "leaf");
}

Result<SmtProof> from_message(const ::primitives::SmtOpening& opening) {
  SparseMerklePath path = READ_FIELD(opening, path);
  SmtLeaf leaf = READ_FIELD(opening, leaf);
  return SmtProof::make(std::move(path), std::move(leaf));
}

Result<SparseMerklePath> from_message(const ::primitives::SparseMerklePath& path) {
  if (path.siblings_size() > kSmtDepth) {
    return fail("InvalidPath", "a Merkle path has at most 64 siblings, got " +
                                   std::to_string(path.siblings_size()));
  }
  return SparseMerklePath::from_parts(path.empty_nodes_mask(),
                                      TRY(at("siblings", words_from(path.siblings()))));
}

Result<MerklePath> from_message(const ::primitives::MerklePath& path) {
  return MerklePath{TRY(at("siblings", words_from(path.siblings())))};
}

Result<MmrDelta> from_message(const ::primitives::MmrDelta& delta) {
  if (delta.forest() > UINT32_MAX) {
    return fail("InvalidForest",
                "forest of " + std::to_string(delta.forest()) + " leaves is too large");
  }
  return MmrDelta{delta.forest(), TRY(at("data", words_from(delta.data())))};
}

}  // namespace miden
