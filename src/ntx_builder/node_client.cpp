#include "ntx_builder/node_client.hpp"

#include <map>

#include "net/channel.hpp"
#include "net/convert_account.hpp"
#include "net/convert_note.hpp"
#include "net/retry.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using Stub = ::rpc::Api::Stub;
using Clock = std::chrono::steady_clock;
using DetailRequest = ::rpc::AccountRequest::AccountDetailRequest;

constexpr std::chrono::milliseconds kFirstWait(100);
constexpr std::chrono::milliseconds kLongestWait(3'000);
// Of one account's updates, each up to a response's 4 MiB.
constexpr size_t kMaxVaultPages = 32;

// The node answered, but not with what its interface promises.
std::unexpected<Status> malformed(std::string_view method, const std::string& what) {
  return refuse(StatusCode::kInternal,
                std::string(method).append(" was answered with something else: ").append(what));
}
std::unexpected<Status> malformed(std::string_view method, const Error& error) {
  return malformed(method, error.message);
}

RpcSource::Metadata metadata_of(const NodeClientOptions& options) {
  if (!options.network_tx_auth) return {};
  return {{"x-miden-network-tx-auth", *options.network_tx_auth}};
}

::rpc::AccountRequest question_about(const AccountId& id, BlockNum at) {
  ::rpc::AccountRequest request;
  *request.mutable_account_id() = to_message(id);
  request.mutable_block_num()->set_block_num(at.value);
  return request;
}

Result<ForeignAccount> read_foreign_account(const ::rpc::AccountResponse& response) {
  if (!response.has_details()) return missing_field(response, "details");
  const auto& details = response.details();
  if (!details.has_code()) return missing_field(details, "code");
  AccountHeader header = READ_FIELD(details, header);
  AccountStorageHeader storage = READ_FIELD(details.storage_details(), header);
  AccountWitness witness = READ_FIELD(response, witness);
  AccountCode code = TRY(from_bytes<AccountCode>(as_bytes(details.code())));
  return ForeignAccount{.header = std::move(header),
                        .storage = std::move(storage),
                        .code = std::move(code),
                        .witness = std::move(witness)};
}

// Empty, or what does not belong together.
std::string_view contradiction_in(const ForeignAccount& account, const AccountId& id) {
  if (account.header.id != id || account.witness.id != id) return "another account";
  if (account.witness.commitment != account.header.commitment()) return "a header out of the tree";
  if (account.storage.commitment() != account.header.storage_commitment) return "another storage";
  if (account.code.commitment() != account.header.code_commitment) return "another code";
  return {};
}

using VaultUpdates = std::map<Word, std::optional<Asset>>;

// The latest update of a key, over pages in the order of blocks.
Result<void> add_updates(const ::rpc::SyncAccountVaultResponse& page, VaultUpdates& updates) {
  for (const auto& update : page.updates()) {
    const Word key = READ_FIELD(update, vault_key);
    if (!update.has_asset()) {
      updates.insert_or_assign(key, std::nullopt);
    } else {
      updates.insert_or_assign(key, TRY(at("asset", from_message(update.asset()))));
    }
  }
  return {};
}

}  // namespace

bool is_transient(StatusCode code) {
  switch (code) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kCancelled:
    case StatusCode::kAborted:
    case StatusCode::kUnknown:
    case StatusCode::kInternal:
    case StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

NodeClient::NodeClient(const NodeClientOptions& options)
    : options_(options),
      metadata_(metadata_of(options)),
      source_(options.url, options.genesis_commitment, metadata_) {}

template <class T>
Answer<T> NodeClient::ask_patiently(const std::function<Answer<T>()>& ask,
                                    const std::stop_token& stop) const {
  const Clock::time_point give_up = Clock::now() + options_.patience;
  Backoff backoff(kFirstWait, kLongestWait);
  while (true) {
    Answer<T> answer = ask();
    if (answer || !is_transient(answer.error().code) || stop.stop_requested()) return answer;
    const std::chrono::milliseconds wait = backoff.next();
    if (Clock::now() + wait > give_up || !sleep_for(wait, stop)) return answer;
  }
}

Answer<::rpc::AccountResponse> NodeClient::get_account(const ::rpc::AccountRequest& request,
                                                       const std::stop_token& stop) const {
  const auto stub = ::rpc::Api::NewStub(source_.channel());
  return ask_patiently<::rpc::AccountResponse>(
      [&] {
        return call_unary<Stub, ::rpc::AccountRequest, ::rpc::AccountResponse>(
            *stub, &Stub::GetAccount, request,
            {.timeout = options_.request_timeout,
             .accept = source_.accept(),
             .metadata = metadata_},
            stop);
      },
      stop);
}

Answer<std::optional<ForeignAccount>> NodeClient::foreign_account(
    const AccountId& id, BlockNum at, const std::stop_token& stop) const {
  if (!id.is_public()) return std::nullopt;
  ::rpc::AccountRequest request = question_about(id, at);
  // A commitment that the caller cannot have makes the node send the code.
  *request.mutable_details()->mutable_code_commitment() = to_message(Word());
  const Answer<::rpc::AccountResponse> response = get_account(request, stop);
  if (!response) {
    // The same refusal stands for a block that the node does not know, or no longer. Only an answer
    // about the bare commitment proves that it is the account that is missing.
    if (response.error().code != StatusCode::kInvalidArgument) {
      return std::unexpected(response.error());
    }
    const Answer<::rpc::AccountResponse> bare = get_account(question_about(id, at), stop);
    if (!bare) return std::unexpected(response.error());
    return std::nullopt;
  }
  Result<ForeignAccount> account = read_foreign_account(*response);
  if (!account) return malformed("GetAccount", account.error());
  if (const std::string_view what = contradiction_in(*account, id); !what.empty()) {
    return malformed("GetAccount", std::string(what));
  }
  return std::move(*account);
}

Answer<AssetVault> NodeClient::vault(const AccountId& id, BlockNum at,
                                     const std::stop_token& stop) const {
  ::rpc::AccountRequest request = question_about(id, at);
  *request.mutable_details()->mutable_asset_vault_commitment() = to_message(Word());
  const ::rpc::AccountResponse response = TRY(get_account(request, stop));
  const auto& details = response.details().vault_details();
  if (details.too_many_assets()) return large_vault(id, at, stop);
  std::vector<Asset> assets;
  for (const auto& message : details.assets()) {
    Result<Asset> asset = from_message(message);
    if (!asset) return malformed("GetAccount", asset.error());
    assets.push_back(std::move(*asset));
  }
  Result<AssetVault> vault = AssetVault::from_assets(assets);
  if (!vault) return malformed("GetAccount", vault.error());
  return std::move(*vault);
}

Answer<AssetVault> NodeClient::large_vault(const AccountId& id, BlockNum at,
                                           const std::stop_token& stop) const {
  const auto stub = ::rpc::Api::NewStub(source_.channel());
  VaultUpdates updates;
  BlockNum from = kGenesis;
  for (size_t page_count = 0; from <= at; ++page_count) {
    if (page_count == kMaxVaultPages) {
      return refuse(StatusCode::kOutOfRange, "the vault is too large: " + id.to_hex());
    }
    ::rpc::SyncAccountVaultRequest request;
    *request.mutable_account_id() = to_message(id);
    request.mutable_block_range()->set_block_from(from.value);
    request.mutable_block_range()->set_block_to(at.value);
    const ::rpc::SyncAccountVaultResponse page =
        TRY((ask_patiently<::rpc::SyncAccountVaultResponse>(
            [&] {
              return call_unary<Stub, ::rpc::SyncAccountVaultRequest,
                                ::rpc::SyncAccountVaultResponse>(
                  *stub, &Stub::SyncAccountVault, request,
                  {.timeout = options_.request_timeout,
                   .accept = source_.accept(),
                   .metadata = metadata_},
                  stop);
            },
            stop)));
    if (const Result<void> added = add_updates(page, updates); !added) {
      return malformed("SyncAccountVault", added.error());
    }
    const BlockNum last{page.pagination_info().block_num()};
    if (last < from) return malformed("SyncAccountVault", "a page that ends before its start");
    if (last >= at) break;
    from = last.next();
  }
  std::vector<Asset> assets;
  for (const auto& [key, asset] : updates) {
    if (asset) assets.push_back(*asset);
  }
  Result<AssetVault> vault = AssetVault::from_assets(assets);
  if (!vault) return malformed("SyncAccountVault", vault.error());
  return std::move(*vault);
}

Answer<SmtProof> NodeClient::map_witness(const AccountId& id, BlockNum at,
                                         const StorageSlotName& slot, const StorageMapKey& key,
                                         const std::stop_token& stop) const {
  ::rpc::AccountRequest request = question_about(id, at);
  DetailRequest::StorageMapDetailRequest& map =
      *request.mutable_details()->mutable_storage_maps()->add_storage_maps();
  map.set_slot_name(slot.text());
  *map.mutable_map_keys()->add_map_keys() = to_digest(key);
  const ::rpc::AccountResponse response = TRY(get_account(request, stop));
  for (const auto& details : response.details().storage_details().map_details()) {
    if (details.slot_name() != slot.text()) continue;
    if (details.entries_with_proofs().entries().empty()) break;
    Result<SmtProof> proof = from_message(details.entries_with_proofs().entries(0).proof());
    if (!proof) return malformed("GetAccount", proof.error());
    return std::move(*proof);
  }
  return malformed("GetAccount", "no proof of the key that was asked for");
}

Answer<std::optional<NoteScript>> NodeClient::note_script(const NoteScriptRoot& root,
                                                          const std::stop_token& stop) const {
  const auto stub = ::rpc::Api::NewStub(source_.channel());
  ::note::NoteScriptRoot request;
  *request.mutable_root() = to_digest(root);
  const ::rpc::MaybeNoteScript response = TRY((ask_patiently<::rpc::MaybeNoteScript>(
      [&] {
        return call_unary<Stub, ::note::NoteScriptRoot, ::rpc::MaybeNoteScript>(
            *stub, &Stub::GetNoteScriptByRoot, request,
            {.timeout = options_.request_timeout,
             .accept = source_.accept(),
             .metadata = metadata_},
            stop);
      },
      stop)));
  if (!response.has_script()) return std::nullopt;
  Result<NoteScript> script = from_message(response.script());
  if (!script) return malformed("GetNoteScriptByRoot", script.error());
  if (script->root() != root) return malformed("GetNoteScriptByRoot", "another script");
  return std::move(*script);
}

Answer<> NodeClient::submit(ByteView proven_transaction, ByteView transaction_inputs,
                            const std::stop_token& stop) const {
  ::transaction::ProvenTransaction request;
  request.set_transaction(proven_transaction.data(), proven_transaction.size());
  request.set_transaction_inputs(transaction_inputs.data(), transaction_inputs.size());
  const auto stub = ::rpc::Api::NewStub(source_.channel());
  TRY((call_unary<Stub, ::transaction::ProvenTransaction, ::blockchain::BlockNumber>(
      *stub, &Stub::SubmitProvenTx, request,
      {.timeout = options_.submission_timeout, .accept = source_.accept(), .metadata = metadata_},
      stop)));
  return {};
}

}  // namespace miden
