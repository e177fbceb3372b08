// What blocks keep of a transaction. spec/types.md §10.3.
#include "crypto/poseidon2.hpp"
#include "protocol/transaction.hpp"

namespace miden {

namespace {

// A header as it is on the wire; its id is left for fill_ids.
Result<TransactionHeader> decode_without_id(ByteReader& reader) {
  const AccountId account_id = TRY(AccountId::decode(reader));
  const Word initial = TRY(Word::decode(reader));
  const Word final = TRY(Word::decode(reader));
  InputNoteCommitments input_notes = TRY(InputNoteCommitments::decode(reader));
  std::vector<NoteHeader> output_notes = TRY(decode_vec<NoteHeader>(reader));
  const FungibleAsset fee = TRY(FungibleAsset::decode(reader));
  return TransactionHeader{
      TransactionId(),         account_id, initial, final, std::move(input_notes),
      std::move(output_notes), fee};
}

// The ids of a block's transactions are independent of each other: hashed side by side.
void fill_ids(std::span<TransactionHeader> headers) {
  constexpr size_t kWords = 6;
  std::vector<Felt> preimages;
  preimages.reserve(headers.size() * kWords * 4);
  for (const TransactionHeader& header : headers) {
    const Word words[kWords] = {
        header.initial_commitment,       header.final_commitment,
        header.input_notes.commitment(), output_notes_commitment(header.output_notes),
        header.fee.key().word(),         header.fee.value()};
    for (const Word& word : words) {
      preimages.insert(preimages.end(), word.elements.begin(), word.elements.end());
    }
  }
  std::vector<Word> ids(headers.size());
  hash_elements_batch(preimages, kWords * 4, ids);
  for (size_t i = 0; i < headers.size(); ++i) headers[i].id = TransactionId(ids[i]);
}

}  // namespace

TransactionHeader TransactionHeader::of(const ProvenTransaction& transaction) {
  std::vector<NoteHeader> output_notes;
  output_notes.reserve(transaction.output_notes.notes.size());
  for (const OutputNote& note : transaction.output_notes.notes) {
    output_notes.push_back(note.header());
  }
  const TxAccountUpdate& update = transaction.account_update;
  return {transaction.id,          update.account_id,       update.initial_commitment,
          update.final_commitment, transaction.input_notes, std::move(output_notes),
          transaction.fee};
}

void TransactionHeader::encode(ByteWriter& writer) const {
  account_id.encode(writer);
  initial_commitment.encode(writer);
  final_commitment.encode(writer);
  input_notes.encode(writer);
  encode_vec(writer, output_notes);
  fee.encode(writer);
}

Result<TransactionHeader> TransactionHeader::decode(ByteReader& reader) {
  TransactionHeader header = TRY(decode_without_id(reader));
  fill_ids({&header, 1});
  return header;
}

Word transactions_commitment(std::span<const std::pair<TransactionId, AccountId>> transactions) {
  std::vector<Word> words;
  words.reserve(transactions.size() * 2);
  for (const auto& [id, account] : transactions) {
    words.push_back(id.word);
    // Prefix first here, unlike everywhere else (types.md §17.1).
    words.emplace_back(account.prefix(), account.suffix(), Felt(), Felt());
  }
  return hash_words(words);
}

Word OrderedTransactionHeaders::commitment() const {
  std::vector<std::pair<TransactionId, AccountId>> ids;
  ids.reserve(transactions.size());
  for (const TransactionHeader& header : transactions) {
    ids.emplace_back(header.id, header.account_id);
  }
  return transactions_commitment(ids);
}

void OrderedTransactionHeaders::encode(ByteWriter& writer) const {
  encode_vec(writer, transactions);
}

Result<OrderedTransactionHeaders> OrderedTransactionHeaders::decode(ByteReader& reader) {
  const size_t count = TRY(reader.count(1));
  OrderedTransactionHeaders headers;
  for (size_t i = 0; i < count; ++i) {
    headers.transactions.push_back(TRY(decode_without_id(reader)));
  }
  fill_ids(headers.transactions);
  return headers;
}

}  // namespace miden
