#include "ntx_builder/candidate_source.hpp"

#include <fmt/format.h>

namespace miden {
namespace {

// More than any of the standard notes needs, and what a node's limits let pass in a moment.
constexpr size_t kMaxQuestions = 100;
constexpr size_t kMaxFailures = 2;

std::string text_of(std::string_view what, const AccountId& id, const Status& status) {
  return fmt::format("{} of {}: {}: {}", what, id.to_hex(), to_string(status.code), status.message);
}

Result<std::vector<Bytes>> open_all(const AssetVault& vault, const std::vector<Word>& keys) {
  std::vector<Bytes> witnesses;
  for (const Word& key : keys) witnesses.push_back(to_bytes(vault.tree().open(key)));
  return witnesses;
}

// The map itself, whatever slots hold one with that root.
const StorageMap* map_with_root(const AccountStorage& storage, const Word& root) {
  for (const StorageSlot& slot : storage.slots()) {
    const auto* map = std::get_if<StorageMap>(&slot.content);
    if (map != nullptr && map->root() == root) return map;
  }
  return nullptr;
}

}  // namespace

CandidateSource::CandidateSource(const ChainTip& tip, const Account& account, BuilderState& state,
                                 const NodeClient& node, std::stop_token stop)
    : tip_(tip), account_(account), state_(state), node_(node), stop_(std::move(stop)) {}

Result<void> CandidateSource::draw() {
  if (failures_ >= kMaxFailures) return fail("NodeFailed", failure_);
  if (++questions_ <= kMaxQuestions) return {};
  is_overdrawn_ = true;
  return fail(
      "TooManyQuestions",
      fmt::format("execution asks for more than {} things outside the account", kMaxQuestions));
}

std::unexpected<Error> CandidateSource::failed(std::string_view code, std::string message) {
  if (code == "NodeFailed") ++failures_;
  if (failure_.empty()) failure_ = message;
  return fail(code, std::move(message));
}

Result<std::optional<Bytes>> CandidateSource::foreign_account(const AccountIdBytes& account_id,
                                                              uint32_t ref_block_num) {
  const AccountId id = TRY(AccountId::from_wire(account_id));
  if (ref_block_num != tip_.header.block_num.value) {
    return failed("AnotherBlock", fmt::format("block {} is not the reference", ref_block_num));
  }
  TRY(draw());
  Answer<std::optional<ForeignAccount>> answer =
      node_.foreign_account(id, tip_.header.block_num, stop_);
  if (!answer) return failed("NodeFailed", text_of("state", id, answer.error()));
  if (!*answer) return std::nullopt;
  ForeignAccount& account = **answer;
  if (account.witness.to_proof().compute_root() != tip_.header.account_root) {
    return failed("NodeFailed", fmt::format("the node's state of {} is not that of block {}",
                                            id.to_hex(), ref_block_num));
  }
  for (const StorageSlotHeader& slot : account.storage.slots()) {
    if (slot.type == StorageSlotType::kMap) {
      foreign_maps_.insert_or_assign({id, slot.value}, slot.name);
    }
  }

  ByteWriter inputs;
  PartialAccount{.id = id,
                 .nonce = account.header.nonce,
                 .code = std::move(account.code),
                 .storage = {.header = std::move(account.storage), .maps = {}},
                 .vault = {PartialSmt::from_root(account.header.vault_root)},
                 .seed = std::nullopt}
      .encode(inputs);
  account.witness.encode(inputs);
  return std::move(inputs).take();
}

Result<const AssetVault*> CandidateSource::foreign_vault(const AccountId& id) {
  if (const auto known = foreign_vaults_.find(id); known != foreign_vaults_.end()) {
    return &known->second;
  }
  TRY(draw());
  Answer<AssetVault> vault = node_.vault(id, tip_.header.block_num, stop_);
  if (!vault) {
    // More than the node client is willing to collect.
    is_overdrawn_ = is_overdrawn_ || vault.error().code == StatusCode::kOutOfRange;
    return failed("NodeFailed", text_of("vault", id, vault.error()));
  }
  return &foreign_vaults_.emplace(id, *std::move(vault)).first->second;
}

Result<std::vector<Bytes>> CandidateSource::vault_witnesses(const AccountIdBytes& account_id,
                                                            const Word& vault_root,
                                                            const std::vector<Word>& vault_keys) {
  const AccountId id = TRY(AccountId::from_wire(account_id));
  const AssetVault* vault = &account_.vault;
  if (id != account_.id) vault = TRY(foreign_vault(id));
  if (vault->root() != vault_root) {
    return failed("AnotherVault",
                  fmt::format("the vault of {} is not the one that is asked for", id.to_hex()));
  }
  return open_all(*vault, vault_keys);
}

Result<Bytes> CandidateSource::storage_map_witness(const AccountIdBytes& account_id,
                                                   const Word& map_root, const Word& key) {
  const AccountId id = TRY(AccountId::from_wire(account_id));
  const StorageMapKey raw_key(key);
  if (id == account_.id) {
    const StorageMap* map = map_with_root(account_.storage, map_root);
    if (map == nullptr) {
      return failed("UnknownMap", "the account has no map with root " + map_root.to_hex());
    }
    return to_bytes(map->tree().open(storage_map_leaf_key(raw_key)));
  }
  const auto slot = foreign_maps_.find({id, map_root});
  if (slot == foreign_maps_.end()) {
    return failed("UnknownMap",
                  fmt::format("{} has no map with root {}", id.to_hex(), map_root.to_hex()));
  }
  TRY(draw());
  const Answer<SmtProof> proof =
      node_.map_witness(id, tip_.header.block_num, slot->second, raw_key, stop_);
  if (!proof) return failed("NodeFailed", text_of("map entry", id, proof.error()));
  if (proof->compute_root() != map_root || !proof->value_of(storage_map_leaf_key(raw_key))) {
    return failed("NodeFailed", "the node proves another map entry of " + id.to_hex());
  }
  return to_bytes(*proof);
}

Result<std::optional<Bytes>> CandidateSource::note_script(const Word& script_root) {
  const NoteScriptRoot root(script_root);
  if (std::optional<Bytes> kept = state_.note_script(root)) {
    const Result<NoteScript> script = from_bytes<NoteScript>(*kept);
    if (script && script->root() == root) return kept;
  }
  TRY(draw());
  const Answer<std::optional<NoteScript>> script = node_.note_script(root, stop_);
  if (!script) {
    return failed("NodeFailed",
                  fmt::format("note script {}: {}: {}", root.to_hex(),
                              to_string(script.error().code), script.error().message));
  }
  if (!*script) return std::nullopt;
  Bytes bytes = to_bytes(**script);
  state_.put_note_script(root, bytes);
  return bytes;
}

Bytes partial_account(const Account& account) {
  PartialStorage storage{.header = account.storage.header(), .maps = {}};
  for (const StorageSlotHeader& slot : storage.header.slots()) {
    if (slot.type != StorageSlotType::kMap) continue;
    storage.maps.insert_or_assign(
        slot.value, PartialStorageMap{.tree = PartialSmt::from_root(slot.value), .keys = {}});
  }
  return to_bytes(PartialAccount{.id = account.id,
                                 .nonce = account.nonce,
                                 .code = account.code,
                                 .storage = std::move(storage),
                                 .vault = {PartialSmt::from_root(account.vault.root())},
                                 .seed = account.seed});
}

}  // namespace miden
