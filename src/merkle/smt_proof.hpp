// Leaves and openings of the depth-64 sparse Merkle tree. spec/types.md §4.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "merkle/sparse_merkle_path.hpp"

namespace miden {

inline constexpr uint8_t kSmtDepth = 64;
inline constexpr size_t kMaxLeafEntries = 1024;
inline constexpr Felt kSmtLeafDomain = Felt::from_canonical(0x13af);

// Which leaf a key lives in: element 3.
inline uint64_t leaf_index_of(const Word& key) { return key[3].value(); }

struct SmtEntry {
  Word key;
  Word value;
  void encode(ByteWriter& writer) const { key.encode(writer), value.encode(writer); }
  static Result<SmtEntry> decode(ByteReader& reader);
  friend bool operator==(const SmtEntry&, const SmtEntry&) = default;
};

// No entries: empty; one: single; more: multiple. Every key lies at `index`.
struct SmtLeaf {
  uint64_t index = 0;
  std::vector<SmtEntry> entries;

  // Errors: InvalidValue (key of another leaf, more than kMaxLeafEntries).
  static Result<SmtLeaf> make(uint64_t index, std::vector<SmtEntry> entries);

  Word hash() const;
  // The value under `key`, zero when absent; nullopt when the key belongs to another leaf.
  std::optional<Word> value_of(const Word& key) const;
  // Sets or (zero value) removes, keeping entries sorted. Error: TooManyLeafEntries.
  Result<void> set(const Word& key, const Word& value);

  void encode(ByteWriter& writer) const;  // vint n, index u64, entries
  static Result<SmtLeaf> decode(ByteReader& reader);
  friend bool operator==(const SmtLeaf&, const SmtLeaf&) = default;
};

// digests[i] = leaves[i].hash(), single-entry leaves in one batch.
void hash_leaves(std::span<const SmtLeaf> leaves, std::span<Word> digests);

// NullifierWitness, AssetWitness and StorageMapWitness are this.
struct SmtProof {
  SparseMerklePath path;  // depth 64
  SmtLeaf leaf;

  // Error: InvalidPath when the depth is not 64.
  static Result<SmtProof> make(SparseMerklePath path, SmtLeaf leaf);
  Word compute_root() const;
  std::optional<Word> value_of(const Word& key) const { return leaf.value_of(key); }

  void encode(ByteWriter& writer) const;
  static Result<SmtProof> decode(ByteReader& reader);
  friend bool operator==(const SmtProof&, const SmtProof&) = default;
};

}  // namespace miden
