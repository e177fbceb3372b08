#include "protocol/transaction_inputs.hpp"

#include "protocol/decoding.hpp"
#include "protocol/first_repeated.hpp"

namespace miden {

void InputNote::encode(ByteWriter& writer) const {
  writer.u8(proof ? 0 : 1);
  note.encode(writer);
  if (proof) proof->encode(writer);
}

Result<InputNote> InputNote::decode(ByteReader& reader) {
  const uint8_t tag = TRY(reader.u8());
  if (tag > 1) return invalid_value("no input note has the type " + std::to_string(tag));
  InputNote input{TRY(Note::decode(reader)), std::nullopt};
  if (tag == 0) input.proof = TRY(NoteInclusionProof::decode(reader));
  return input;
}

namespace {

Result<InputNotes> make_input_notes(std::vector<InputNote> notes) {
  if (notes.size() > kMaxInputNotesPerTx) {
    return fail("TooManyInputNotes", std::to_string(notes.size()) + " input notes, at most " +
                                         std::to_string(kMaxInputNotesPerTx) + " are allowed");
  }
  std::vector<Nullifier> nullifiers;
  nullifiers.reserve(notes.size());
  for (const InputNote& input : notes) nullifiers.push_back(input.note.nullifier());
  if (const auto repeated = first_repeated(nullifiers)) {
    return fail("DuplicateInputNote",
                "the input note with nullifier " + repeated->to_hex() + " is given twice");
  }
  return InputNotes{std::move(notes)};
}

void encode_felts(ByteWriter& writer, const std::vector<Felt>& felts) {
  writer.vint(felts.size());
  for (const Felt felt : felts) felt.encode(writer);
}

Result<std::vector<Felt>> decode_felts(ByteReader& reader) {
  const size_t count = TRY(reader.count(sizeof(Felt)));
  std::vector<Felt> felts;
  felts.reserve(count);
  for (size_t i = 0; i < count; ++i) felts.push_back(TRY(Felt::decode(reader)));
  return felts;
}

}  // namespace

void InputNotes::encode(ByteWriter& writer) const {
  writer.u16(static_cast<uint16_t>(notes.size()));
  encode_items(writer, notes);
}

Result<InputNotes> InputNotes::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u16()), 1));
  return as_invalid_value(make_input_notes(TRY(decode_items<InputNote>(reader, count))));
}

void AdviceInputs::encode(ByteWriter& writer) const {
  encode_felts(writer, stack);
  writer.vint(map.size());
  for (const auto& [key, values] : map) {
    key.encode(writer);
    encode_felts(writer, values);
  }
  store.encode(writer);
}

Result<AdviceInputs> AdviceInputs::decode(ByteReader& reader) {
  AdviceInputs advice;
  advice.stack = TRY(decode_felts(reader));
  const size_t entries = TRY(reader.count(sizeof(Word) + 1));
  for (size_t i = 0; i < entries; ++i) {
    const Word key = TRY(Word::decode(reader));
    advice.map.insert_or_assign(key, TRY(decode_felts(reader)));
  }
  advice.store = TRY(MerkleStore::decode(reader));
  return advice;
}

void TransactionArgs::encode(ByteWriter& writer) const {
  encode_option(writer, script);
  script_args.encode(writer);
  encode_map(writer, note_args);
  advice.encode(writer);
  auth_args.encode(writer);
}

Result<TransactionArgs> TransactionArgs::decode(ByteReader& reader) {
  TransactionArgs args;
  args.script = TRY(decode_option<NoteScript>(reader));
  args.script_args = TRY(Word::decode(reader));
  args.note_args = TRY((decode_map<NoteId, Word>(reader)));
  args.advice = TRY(AdviceInputs::decode(reader));
  args.auth_args = TRY(Word::decode(reader));
  return args;
}

Result<void> TransactionInputs::check() const {
  if (blockchain.chain_length() != block_header.block_num.value) {
    return fail("InconsistentChainLength",
                "the chain's length is " + std::to_string(blockchain.chain_length()) +
                    ", the reference block is " + std::to_string(block_header.block_num.value));
  }
  if (const Word peaks = blockchain.chain_commitment(); peaks != block_header.chain_commitment) {
    return fail("InconsistentChainCommitment", "the chain's commitment is " + peaks.to_hex() +
                                                   ", the reference block's is " +
                                                   block_header.chain_commitment.to_hex());
  }
  for (const auto& [note, proof] : input_notes.notes) {
    if (!proof) continue;
    const BlockHeader* block = proof->block_num == block_header.block_num
                                   ? &block_header
                                   : blockchain.find(proof->block_num);
    if (block == nullptr) {
      return fail("InputNoteBlockNotInPartialBlockchain",
                  "the block of input note " + note.id().to_hex() + ", " +
                      std::to_string(proof->block_num.value) + ", is not in the partial chain");
    }
    const Result<Word> root =
        proof->path.compute_root(proof->block_note_tree_index, note.id().word);
    if (!root || *root != block->note_root) {
      return fail("InputNoteNotInBlock", "input note " + note.id().to_hex() + " is not in block " +
                                             std::to_string(proof->block_num.value));
    }
  }
  return {};
}

void TransactionInputs::encode(ByteWriter& writer) const {
  account.encode(writer);
  block_header.encode(writer);
  blockchain.encode(writer);
  input_notes.encode(writer);
  args.encode(writer);
  advice.encode(writer);
  encode_vec(writer, foreign_account_code);
  encode_map(writer, foreign_slot_names);
}

Result<TransactionInputs> TransactionInputs::decode(ByteReader& reader) {
  // Into locals first: a value returned early from within braces would leave the members before it
  // undestroyed.
  PartialAccount account = TRY(PartialAccount::decode(reader));
  const BlockHeader block_header = TRY(BlockHeader::decode(reader));
  PartialBlockchain blockchain = TRY(PartialBlockchain::decode(reader));
  InputNotes input_notes = TRY(InputNotes::decode(reader));
  TransactionArgs args = TRY(TransactionArgs::decode(reader));
  AdviceInputs advice = TRY(AdviceInputs::decode(reader));
  std::vector<AccountCode> foreign_account_code = TRY(decode_vec<AccountCode>(reader));
  std::map<StorageSlotId, StorageSlotName> foreign_slot_names =
      TRY((decode_map<StorageSlotId, StorageSlotName>(reader)));
  return TransactionInputs{std::move(account),
                           block_header,
                           std::move(blockchain),
                           std::move(input_notes),
                           std::move(args),
                           std::move(advice),
                           std::move(foreign_account_code),
                           std::move(foreign_slot_names)};
}

}  // namespace miden
