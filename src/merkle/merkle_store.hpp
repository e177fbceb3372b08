// A set of inner nodes by digest, as it travels in advice inputs. spec/crypto.md §12.
#pragma once

#include <map>
#include <utility>

#include "crypto/word.hpp"

namespace miden {

// Nodes are kept as given, not re-hashed (the reference does the same). The 255 nodes of empty
// subtrees belong to every store and are written out with it; nothing replaces them.
class MerkleStore {
 public:
  // The last of equal parents wins.
  void insert(const Word& parent, const Word& left, const Word& right);
  // The children of `parent`; nullptr when it is unknown.
  const std::pair<Word, Word>* find(const Word& parent) const;
  // u64 count, then (parent, left, right), ascending by parent.
  void encode(ByteWriter& writer) const;
  static Result<MerkleStore> decode(ByteReader& reader);
  friend bool operator==(const MerkleStore&, const MerkleStore&) = default;

 private:
  // Without the empty ones. Parents come from outside, so no hash table that they could crowd.
  std::map<Word, std::pair<Word, Word>> nodes_;
};

}  // namespace miden
