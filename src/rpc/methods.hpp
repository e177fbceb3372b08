// The public API's methods, each from request to response over one view of the chain; one file a
// method. spec/store-rpc.md §17.
//
// They only read, run to completion on the calling thread, and change nothing. A disk that fails
// throws StorageError.
#pragma once

#include "chain/state_view.hpp"
#include "net/status.hpp"

namespace blockchain {
class BlockRequest;
class MaybeBlock;
}  // namespace blockchain
namespace note {
class CommittedNoteList;
class NoteIdList;
class NoteScriptRoot;
}  // namespace note
namespace rpc {
class AccountRequest;
class AccountResponse;
class BlockHeaderByNumberRequest;
class BlockHeaderByNumberResponse;
class MaybeNoteScript;
class RpcLimits;
class RpcStatus;
class SyncAccountStorageMapsRequest;
class SyncAccountStorageMapsResponse;
class SyncAccountVaultRequest;
class SyncAccountVaultResponse;
class SyncChainMmrRequest;
class SyncChainMmrResponse;
class SyncNotesRequest;
class SyncNotesResponse;
class SyncNullifiersRequest;
class SyncNullifiersResponse;
class SyncTransactionsRequest;
class SyncTransactionsResponse;
}  // namespace rpc

namespace miden {

struct ProducerReport;

Answer<::rpc::RpcStatus> get_status(const StateView& view, std::string_view version,
                                    const ProducerReport& producer);
Answer<::rpc::RpcLimits> get_limits();
Answer<::rpc::BlockHeaderByNumberResponse> get_block_header_by_number(
    const StateView& view, const ::rpc::BlockHeaderByNumberRequest& request);
Answer<::blockchain::MaybeBlock> get_block_by_number(const StateView& view,
                                                     const ::blockchain::BlockRequest& request);
Answer<::rpc::AccountResponse> get_account(const StateView& view,
                                           const ::rpc::AccountRequest& request);
Answer<::note::CommittedNoteList> get_notes_by_id(const StateView& view,
                                                  const ::note::NoteIdList& request);
Answer<::rpc::MaybeNoteScript> get_note_script_by_root(const StateView& view,
                                                       const ::note::NoteScriptRoot& request);
Answer<::rpc::SyncTransactionsResponse> sync_transactions(
    const StateView& view, const ::rpc::SyncTransactionsRequest& request);
Answer<::rpc::SyncNotesResponse> sync_notes(const StateView& view,
                                            const ::rpc::SyncNotesRequest& request);
Answer<::rpc::SyncNullifiersResponse> sync_nullifiers(const StateView& view,
                                                      const ::rpc::SyncNullifiersRequest& request);
Answer<::rpc::SyncAccountVaultResponse> sync_account_vault(
    const StateView& view, const ::rpc::SyncAccountVaultRequest& request);
Answer<::rpc::SyncAccountStorageMapsResponse> sync_account_storage_maps(
    const StateView& view, const ::rpc::SyncAccountStorageMapsRequest& request);
Answer<::rpc::SyncChainMmrResponse> sync_chain_mmr(const StateView& view,
                                                   const ::rpc::SyncChainMmrRequest& request);

}  // namespace miden
