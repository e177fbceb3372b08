// Answers about notes, nullifiers and transactions. spec/store-rpc.md §17.5-17.10
#pragma once

#include <optional>
#include <vector>

#include "chain/block_queries.hpp"
#include "protocol/note.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// What a client needs to recognise a note of its own and to prove that it exists.
struct NoteRecord {
  NoteId id;
  NoteMetadata metadata;
  NoteInclusionProof inclusion_proof;
  friend bool operator==(const NoteRecord&, const NoteRecord&) = default;
};

struct CommittedNote {
  NoteRecord record;
  Bytes attachments;             // NoteAttachments
  std::optional<Bytes> details;  // NoteDetails; absent for private notes
  friend bool operator==(const CommittedNote&, const CommittedNote&) = default;
};

struct NoteSyncBlock {
  BlockHeader header;
  MmrProof mmr_proof;             // against the range's block_to + 1 leaves
  std::vector<NoteRecord> notes;  // those with a wanted tag, by position
};
struct NoteSyncPage {
  std::vector<NoteSyncBlock> blocks;  // ascending; only blocks with such notes
  // Everything up to here is in the page: the range's end when it was exhausted.
  BlockNum last_block;
};

struct NullifierUpdate {
  Nullifier nullifier;
  BlockNum block_num;
  friend bool operator==(const NullifierUpdate&, const NullifierUpdate&) = default;
};
struct NullifierPage {
  std::vector<NullifierUpdate> nullifiers;  // ascending by block
  BlockNum last_block;
};

struct TransactionRecord {
  BlockNum block_num;
  TransactionHeader header;
  std::vector<NoteRecord> output_notes;  // in the header's order, without erased ones
  // Of the inputs that carry no header: the public notes they consumed.
  std::vector<std::pair<Nullifier, NoteId>> consumed_notes;
};
struct TransactionPage {
  std::vector<TransactionRecord> transactions;  // ascending by block, then id
  BlockNum last_block;
};

}  // namespace miden
