#include "merkle/smt_proof.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"

namespace miden {

Result<SmtEntry> SmtEntry::decode(ByteReader& reader) {
  const Word key = TRY(Word::decode(reader));
  const Word value = TRY(Word::decode(reader));
  return SmtEntry{key, value};
}

Result<SmtLeaf> SmtLeaf::make(uint64_t index, std::vector<SmtEntry> entries) {
  if (entries.size() > kMaxLeafEntries) {
    return invalid_value("SMT leaf has " + std::to_string(entries.size()) + " entries, more than " +
                         std::to_string(kMaxLeafEntries));
  }
  for (const SmtEntry& entry : entries) {
    if (leaf_index_of(entry.key) != index) {
      return invalid_value("SMT leaf " + std::to_string(index) + " has a key of leaf " +
                           std::to_string(leaf_index_of(entry.key)));
    }
  }
  return SmtLeaf{index, std::move(entries)};
}

Word SmtLeaf::hash() const {
  static_assert(sizeof(SmtEntry) == 8 * sizeof(Felt));
  if (entries.empty()) return {};
  if (entries.size() == 1) {
    return merge_in_domain(entries[0].key, entries[0].value, kSmtLeafDomain);
  }
  return hash_elements_in_domain(
      {reinterpret_cast<const Felt*>(entries.data()), entries.size() * 8}, kSmtLeafDomain);
}

std::optional<Word> SmtLeaf::value_of(const Word& key) const {
  if (leaf_index_of(key) != index) return std::nullopt;
  // A leaf from outside need not be sorted, so a binary search could miss what its hash covers.
  for (const SmtEntry& entry : entries) {
    if (entry.key == key) return entry.value;
  }
  return Word();
}

Result<void> SmtLeaf::set(const Word& key, const Word& value) {
  const auto at = std::ranges::lower_bound(entries, key, {}, &SmtEntry::key);
  const bool present = at != entries.end() && at->key == key;
  if (value.is_zero()) {
    if (present) entries.erase(at);
  } else if (present) {
    at->value = value;
  } else if (entries.size() == kMaxLeafEntries) {
    return fail("TooManyLeafEntries", "an SMT leaf cannot hold more than " +
                                          std::to_string(kMaxLeafEntries) + " entries");
  } else {
    entries.insert(at, {key, value});
  }
  return {};
}

void SmtLeaf::encode(ByteWriter& writer) const {
  writer.vint(entries.size());
  writer.u64(index);
  encode_items(writer, entries);
}

Result<SmtLeaf> SmtLeaf::decode(ByteReader& reader) {
  const uint64_t claimed = TRY(reader.vint());
  const uint64_t index = TRY(reader.u64());
  const size_t count = TRY(reader.checked_count(claimed, sizeof(SmtEntry)));
  return make(index, TRY(decode_items<SmtEntry>(reader, count)));
}

void hash_leaves(std::span<const SmtLeaf> leaves, std::span<Word> digests) {
  std::vector<Word> pairs;
  pairs.reserve(2 * leaves.size());
  for (const SmtLeaf& leaf : leaves) {
    if (leaf.entries.size() == 1) {
      pairs.insert(pairs.end(), {leaf.entries[0].key, leaf.entries[0].value});
    }
  }
  std::vector<Word> singles(pairs.size() / 2);
  merge_batch_in_domain(pairs, kSmtLeafDomain, singles);
  auto next = singles.begin();
  for (size_t i = 0; i < leaves.size(); ++i) {
    digests[i] = leaves[i].entries.size() == 1 ? *next++ : leaves[i].hash();
  }
}

Result<SmtProof> SmtProof::make(SparseMerklePath path, SmtLeaf leaf) {
  if (path.depth != kSmtDepth) {
    return fail("InvalidPath",
                "an SMT proof needs a path of depth 64, not " + std::to_string(path.depth));
  }
  return SmtProof{std::move(path), std::move(leaf)};
}

Word SmtProof::compute_root() const {
  // Every index fits a path of depth 64.
  return *path.compute_root(leaf.index, leaf.hash());
}

void SmtProof::encode(ByteWriter& writer) const {
  path.encode(writer);
  leaf.encode(writer);
}

Result<SmtProof> SmtProof::decode(ByteReader& reader) {
  SparseMerklePath path = TRY(SparseMerklePath::decode(reader));
  SmtLeaf leaf = TRY(SmtLeaf::decode(reader));
  if (path.depth != kSmtDepth) {
    return invalid_value("an SMT proof needs a path of depth 64, not " +
                         std::to_string(path.depth));
  }
  return SmtProof{std::move(path), std::move(leaf)};
}

}  // namespace miden
