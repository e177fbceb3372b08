#include "net/convert_transaction.hpp"
#include "rpc/block_range.hpp"
#include "rpc/limits.hpp"
#include "rpc/methods.hpp"

namespace miden {
namespace {

// How many ids the reference looks at before it checks how many there are.
constexpr int kFirstIds = 10;

::rpc::TransactionRecord to_message(const TransactionRecord& record) {
  ::rpc::TransactionRecord message;
  message.set_block_num(record.block_num.value);
  *message.mutable_header() = miden::to_message(record.header);
  for (const NoteRecord& note : record.output_notes) {
    *message.add_output_note_proofs() = miden::to_message(note.id, note.inclusion_proof);
  }
  for (const auto& [nullifier, note_id] : record.consumed_notes) {
    auto& reference = *message.add_consumed_note_refs();
    *reference.mutable_nullifier() = to_digest(nullifier);
    *reference.mutable_note_id() = miden::to_message(note_id);
  }
  return message;
}

}  // namespace

// spec/store-rpc.md §17.10
Answer<::rpc::SyncTransactionsResponse> sync_transactions(
    const StateView& view, const ::rpc::SyncTransactionsRequest& request) {
  const ::rpc::BlockRange asked = TRY(present_block_range(request));
  std::set<AccountId> accounts;
  for (int i = 0; i < std::min(kFirstIds, request.account_ids_size()); ++i) {
    accounts.insert(TRY(at("account_ids", from_message(request.account_ids(i)))));
  }
  TRY(check_count(kSyncTransactionsAccounts, request.account_ids_size()));
  const BlockRange range = TRY(checked_block_range(asked, view));
  for (int i = kFirstIds; i < request.account_ids_size(); ++i) {
    accounts.insert(TRY(at("account_ids", from_message(request.account_ids(i)))));
  }

  const Result<TransactionPage> page = view.sync_transactions(range, accounts);
  if (!page) return std::unexpected(page_error(page.error()));
  ::rpc::SyncTransactionsResponse response;
  *response.mutable_pagination_info() = pagination(view, page->last_block);
  for (const TransactionRecord& record : page->transactions) {
    *response.add_transactions() = to_message(record);
  }
  return response;
}

}  // namespace miden
