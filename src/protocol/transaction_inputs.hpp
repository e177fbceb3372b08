// The private inputs of a transaction: what the validator re-executes and a remote prover proves.
// spec/types.md §10.6.
#pragma once

#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "merkle/merkle_store.hpp"
#include "protocol/account.hpp"
#include "protocol/note.hpp"
#include "protocol/partial_blockchain.hpp"

namespace miden {

struct InputNote {
  Note note;
  std::optional<NoteInclusionProof> proof;  // absent: unauthenticated
  void encode(ByteWriter& writer) const;
  static Result<InputNote> decode(ByteReader& reader);
};

struct InputNotes {  // u16 count; TooManyInputNotes, DuplicateInputNote
  std::vector<InputNote> notes;
  void encode(ByteWriter& writer) const;
  static Result<InputNotes> decode(ByteReader& reader);
};

struct AdviceInputs {
  std::vector<Felt> stack;
  std::map<Word, std::vector<Felt>> map;
  MerkleStore store;
  void encode(ByteWriter& writer) const;
  static Result<AdviceInputs> decode(ByteReader& reader);
};

struct TransactionArgs {
  std::optional<NoteScript> script;  // a transaction script has the shape of a note script
  Word script_args;
  std::map<NoteId, Word> note_args;
  AdviceInputs advice;
  Word auth_args;
  void encode(ByteWriter& writer) const;
  static Result<TransactionArgs> decode(ByteReader& reader);
};

struct TransactionInputs {
  PartialAccount account;
  BlockHeader block_header;
  PartialBlockchain blockchain;
  InputNotes input_notes;
  TransactionArgs args;
  AdviceInputs advice;
  std::vector<AccountCode> foreign_account_code;
  std::map<StorageSlotId, StorageSlotName> foreign_slot_names;
  // The cross checks that decoding leaves out. Errors: InconsistentChainLength,
  // InconsistentChainCommitment, InputNoteBlockNotInPartialBlockchain, InputNoteNotInBlock.
  Result<void> check() const;
  void encode(ByteWriter& writer) const;
  static Result<TransactionInputs> decode(ByteReader& reader);
};

}  // namespace miden
