#include "rpc/quick_reads.hpp"

#include <chrono>

#include "net/serve_unary.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"

namespace miden {
namespace {

// A page of an answer may hold megabytes; of so few keys and blocks it rarely holds much.
constexpr int kMaxQuickKeys = 64;
constexpr uint32_t kMaxQuickBlocks = 1000;

bool is_short(const ::rpc::BlockRange& range) {
  return range.block_to() - range.block_from() <= kMaxQuickBlocks;
}

// What may take long, by what it asks for. Everything else is about one thing.
bool is_quick(const google::protobuf::Message&) { return true; }
bool is_quick(const ::rpc::SyncNotesRequest& request) {
  return request.note_tags_size() <= kMaxQuickKeys && is_short(request.block_range());
}
bool is_quick(const ::rpc::SyncNullifiersRequest& request) {
  return request.nullifiers_size() <= kMaxQuickKeys && is_short(request.block_range());
}
bool is_quick(const ::rpc::SyncTransactionsRequest& request) {
  return request.account_ids_size() <= kMaxQuickKeys && is_short(request.block_range());
}
bool is_quick(const ::rpc::SyncAccountVaultRequest& request) {
  return is_short(request.block_range());
}
bool is_quick(const ::rpc::SyncAccountStorageMapsRequest& request) {
  return is_short(request.block_range());
}
bool is_quick(const ::note::NoteIdList& request) { return request.ids_size() <= kMaxQuickKeys; }

// `name` is a literal; `read`: Answer<Response>(view, request).
template <class Request, class Handler>
QuickMethod quick_read(std::string_view name, const QuickReadParts& parts, Handler read) {
  return [name, &chain = parts.chain, &gate = parts.gate,
          read](const QuickCall& call) -> std::optional<QuickAnswer> {
    const auto started = std::chrono::steady_clock::now();
    Request request;
    if (!request.ParseFromArray(call.request.data(), static_cast<int>(call.request.size())) ||
        !is_quick(request)) {
      return std::nullopt;
    }
    std::optional<QuickAnswer> answer(std::in_place);
    try {
      const Answer<> admitted = gate.admit(call, name, *answer);
      if (!admitted) {
        answer->status = admitted.error();
      } else if (const auto response = read(*chain.view(), request); !response) {
        answer->status = response.error();
      } else {
        response->SerializeToString(&answer->response);
      }
    } catch (...) {
      answer->status = status_of_exception(name);
    }
    log_call(name, answer->status, started);
    return answer;
  };
}

template <class Response, class Request>
void add(QuickMethods& methods, std::string_view name, const QuickReadParts& parts,
         Answer<Response> (*read)(const StateView&, const Request&)) {
  methods.emplace(std::string("/rpc.Api/").append(name), quick_read<Request>(name, parts, read));
}

}  // namespace

QuickMethods quick_reads(const QuickReadParts& parts) {
  using google::protobuf::Empty;
  QuickMethods methods;
  methods.emplace("/rpc.Api/Status",
                  quick_read<Empty>("Status", parts,
                                    [&producer = parts.producer, version = parts.version](
                                        const StateView& view, const Empty&) {
                                      return get_status(view, version, producer.producer_report());
                                    }));
  methods.emplace("/rpc.Api/GetLimits",
                  quick_read<Empty>("GetLimits", parts,
                                    [](const StateView&, const Empty&) { return get_limits(); }));
  add(methods, "GetBlockHeaderByNumber", parts, get_block_header_by_number);
  add(methods, "GetAccount", parts, get_account);
  add(methods, "GetNotesById", parts, get_notes_by_id);
  add(methods, "GetNoteScriptByRoot", parts, get_note_script_by_root);
  add(methods, "SyncTransactions", parts, sync_transactions);
  add(methods, "SyncNotes", parts, sync_notes);
  add(methods, "SyncNullifiers", parts, sync_nullifiers);
  add(methods, "SyncAccountVault", parts, sync_account_vault);
  add(methods, "SyncAccountStorageMaps", parts, sync_account_storage_maps);
  add(methods, "SyncChainMmr", parts, sync_chain_mmr);
  return methods;
}

}  // namespace miden
