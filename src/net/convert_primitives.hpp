// Words, assets and Merkle structures. spec/types.md §15.1.
#pragma once

#include "merkle/mmr.hpp"
#include "merkle/smt_proof.hpp"
#include "net/convert.hpp"
#include "protocol/asset.hpp"
#include "types/primitives.pb.h"

namespace miden {

::primitives::Digest to_message(const Word& word);
template <class Tag>
::primitives::Digest to_digest(const TaggedWord<Tag>& tagged) {
  return to_message(tagged.word);
}
::primitives::Asset to_message(const Asset& asset);
::primitives::SmtLeaf to_message(const SmtLeaf& leaf);
::primitives::SmtOpening to_message(const SmtProof& proof);
::primitives::SparseMerklePath to_message(const SparseMerklePath& path);
::primitives::MerklePath to_message(const MerklePath& path);
::primitives::MmrDelta to_message(const MmrDelta& delta);

// Error: a felt at or above p.
Result<Word> from_message(const ::primitives::Digest& digest);
Result<Asset> from_message(const ::primitives::Asset& asset);
Result<SmtEntry> from_message(const ::primitives::SmtLeafEntry& entry);
// Errors: no leaf, a list of fewer than two entries, entries of another leaf.
Result<SmtLeaf> from_message(const ::primitives::SmtLeaf& leaf);
Result<SmtProof> from_message(const ::primitives::SmtOpening& opening);
Result<SparseMerklePath> from_message(const ::primitives::SparseMerklePath& path);
Result<MerklePath> from_message(const ::primitives::MerklePath& path);
// Error: more than 2^32 - 1 leaves.
Result<MmrDelta> from_message(const ::primitives::MmrDelta& delta);

}  // namespace miden
