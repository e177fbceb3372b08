// What a network transaction builder asks of a node, and submits to it. spec/ntx-builder.md §3.1,
// §12, §16.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "net/status.hpp"
#include "protocol/block.hpp"
#include "sync/rpc_source.hpp"

namespace rpc {
class AccountRequest;
class AccountResponse;
}  // namespace rpc

namespace miden {

struct NodeClientOptions {
  ServiceUrl url;
  Word genesis_commitment;
  // Metadata `x-miden-network-tx-auth`, which goes with every call: without it a node takes no
  // transactions of network accounts.
  std::optional<std::string> network_tx_auth;
  std::chrono::milliseconds request_timeout = std::chrono::seconds(10);  // of one attempt
  // How long a question is asked again while the node is away or busy. Short: whoever asks holds a
  // transaction up, and can come back later.
  std::chrono::milliseconds patience = std::chrono::seconds(15);
  std::chrono::milliseconds submission_timeout = std::chrono::seconds(30);
};

// What an account that a note looks at consists of, as of a block: checked against the account's
// commitment, not against the chain.
struct ForeignAccount {
  AccountHeader header;
  AccountStorageHeader storage;
  AccountCode code;
  AccountWitness witness;
};

// Connects when first used; safe from any thread. Statuses are the node's; what it answers but
// should not have is INTERNAL.
class NodeClient {
 public:
  explicit NodeClient(const NodeClientOptions& options);

  const std::string& name() const { return source_.name(); }
  // Of blocks, and of what the node says about itself.
  const RpcSource& source() const { return source_; }

  // nullopt: the node knows the block, and there is no public account of that id at it.
  Answer<std::optional<ForeignAccount>> foreign_account(const AccountId& id, BlockNum at,
                                                        const std::stop_token& stop) const;
  // Everything a public account owned at the block (T3). OUT_OF_RANGE: that is hundreds of
  // thousands of assets, more than anybody waits for.
  Answer<AssetVault> vault(const AccountId& id, BlockNum at, const std::stop_token& stop) const;
  // The opening of one key of a map. The key is the raw one.
  Answer<SmtProof> map_witness(const AccountId& id, BlockNum at, const StorageSlotName& slot,
                               const StorageMapKey& key, const std::stop_token& stop) const;
  // nullopt: the node has seen no such script.
  Answer<std::optional<NoteScript>> note_script(const NoteScriptRoot& root,
                                                const std::stop_token& stop) const;

  // One attempt: what became of a submission whose answer was lost is not the node's to say again
  // (§16, T8, T9).
  Answer<> submit(ByteView proven_transaction, ByteView transaction_inputs,
                  const std::stop_token& stop) const;

 private:
  // Asks until there is an answer, or a refusal that another attempt would not change.
  template <class T>
  Answer<T> ask_patiently(const std::function<Answer<T>()>& ask, const std::stop_token& stop) const;
  Answer<::rpc::AccountResponse> get_account(const ::rpc::AccountRequest& request,
                                             const std::stop_token& stop) const;
  Answer<AssetVault> large_vault(const AccountId& id, BlockNum at,
                                 const std::stop_token& stop) const;

  const NodeClientOptions options_;
  const RpcSource::Metadata metadata_;
  const RpcSource source_;
};

// Whether the same call may succeed in a moment. spec/ntx-builder.md §3.2.
bool is_transient(StatusCode code);

}  // namespace miden
