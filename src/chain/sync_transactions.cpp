// SyncTransactions: what have these accounts done? spec/store-rpc.md §17.10
#include <string>

#include "chain/note_rows.hpp"
#include "chain/page_by_blocks.hpp"
#include "chain/page_limits.hpp"
#include "chain/state_view.hpp"

namespace miden {
namespace {

size_t estimated_size(const TransactionHeader& transaction) {
  return kTransactionBytes + kTransactionInputBytes * transaction.input_notes.notes.size() +
         kTransactionOutputBytes * transaction.output_notes.size();
}

// Erased notes, created and consumed inside one batch or block, are in no block.
std::vector<NoteRecord> committed_outputs(const ChainReader& reader,
                                          const TransactionHeader& transaction) {
  std::vector<NoteRecord> notes;
  for (const NoteHeader& header : transaction.output_notes) {
    if (std::optional<NoteRecord> note = find_note(reader, header.id())) {
      notes.push_back(*std::move(note));
    }
  }
  return notes;
}

std::vector<std::pair<Nullifier, NoteId>> consumed_notes(const ChainReader& reader,
                                                         const TransactionHeader& transaction) {
  std::vector<std::pair<Nullifier, NoteId>> notes;
  for (const InputNoteCommitment& input : transaction.input_notes.notes) {
    if (input.header) continue;
    std::optional<NoteId> id;
    Cursor row = reader.rows().rows_with_prefix(kNotesByNullifier, word_key(input.nullifier.word));
    for (; row.valid(); row.next()) id = decode_stored<NoteId>(row.value());
    if (id) notes.emplace_back(input.nullifier, *id);
  }
  return notes;
}

}  // namespace

Result<TransactionPage> StateView::sync_transactions(BlockRange range,
                                                     const std::set<AccountId>& accounts) const {
  struct Found {
    std::array<uint8_t, 32> id;  // as stored: decides the order inside a block
    TransactionHeader header;
  };
  PageByBlocks<Found> page(range, kPageBytes);
  for (const AccountId& account : accounts) {
    Cursor row = reader_->rows_of_blocks(kTransactions, account_key(account), range);
    for (; row.valid(); row.next()) {
      KeyReader key(row.key().subspan(AccountId::kWireSize));
      const BlockNum block_num{key.u32()};
      if (block_num > page.last_block()) break;
      TransactionHeader header = decode_stored<TransactionHeader>(row.value());
      const size_t size = estimated_size(header);
      page.add(block_num, {header.id.word.to_wire(), std::move(header)}, size);
    }
  }

  TransactionPage answer{{}, page.last_block()};
  for (auto& [block_num, found] : page.blocks()) {
    if (found.bytes > kMaxPageBytes) {
      return fail("TransactionPageTooLarge",
                  "transactions for block " + std::to_string(block_num.value) +
                      " would exceed maximum response size, use a stricter filter");
    }
    std::ranges::sort(found.rows, {}, &Found::id);
    for (Found& transaction : found.rows) {
      std::vector<NoteRecord> outputs = committed_outputs(*reader_, transaction.header);
      auto consumed = consumed_notes(*reader_, transaction.header);
      answer.transactions.push_back(
          {block_num, std::move(transaction.header), std::move(outputs), std::move(consumed)});
    }
  }
  return answer;
}

}  // namespace miden
