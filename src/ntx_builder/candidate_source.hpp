// What the execution of a candidate turns out to need: the account's own vault and storage come
// from here, everything else from the node. spec/ntx-builder.md §12.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "engine/engine.hpp"
#include "ntx_builder/builder_state.hpp"
#include "ntx_builder/node_client.hpp"

namespace miden {

// For one call of the engine. What the node answers is checked against the reference block, so a
// node that lies or is elsewhere can hinder an execution, not mislead it.
class CandidateSource final : public ExecutionSource {
 public:
  // All must outlive it.
  CandidateSource(const ChainTip& tip, const Account& account, BuilderState& state,
                  const NodeClient& node, std::stop_token stop);

  Result<std::optional<Bytes>> foreign_account(const AccountIdBytes& account_id,
                                               uint32_t ref_block_num) override;
  Result<std::vector<Bytes>> vault_witnesses(const AccountIdBytes& account_id,
                                             const Word& vault_root,
                                             const std::vector<Word>& vault_keys) override;
  Result<Bytes> storage_map_witness(const AccountIdBytes& account_id, const Word& map_root,
                                    const Word& key) override;
  Result<std::optional<Bytes>> note_script(const Word& script_root) override;

  // Whether the notes asked for more than one execution may: the node answers so many questions of
  // one caller a second, and a script can ask thousands. That is a note's fault, not the node's.
  bool is_overdrawn() const { return is_overdrawn_; }
  // What went wrong here; empty while everything could be answered. An execution that fails after
  // that says nothing about its notes, unless it is overdrawn.
  const std::string& failure() const { return failure_; }

 private:
  // Counts a question to the node, which is not asked any more when it has failed more than once:
  // each time is a long one. Errors: TooManyQuestions, NodeFailed.
  Result<void> draw();
  std::unexpected<Error> failed(std::string_view code, std::string message);
  Result<const AssetVault*> foreign_vault(const AccountId& id);

  const ChainTip& tip_;
  const Account& account_;
  BuilderState& state_;
  const NodeClient& node_;
  const std::stop_token stop_;

  std::map<AccountId, AssetVault> foreign_vaults_;
  // Two maps with one root are the same map, whichever name is asked for.
  std::map<std::pair<AccountId, Word>, StorageSlotName> foreign_maps_;
  size_t questions_ = 0;
  size_t failures_ = 0;
  bool is_overdrawn_ = false;
  std::string failure_;
};

// PartialAccount of an account on chain: code whole, of vault and maps the roots.
Bytes partial_account(const Account& account);

}  // namespace miden
