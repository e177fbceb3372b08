// A random chain and a model of its state that is easy to believe: whole trees and plain lists in
// memory, kept as they were after every block.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "merkle/mmr.hpp"
#include "merkle/smt.hpp"
#include "protocol/block.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {

// What a block contains.
struct BlockShape {
  size_t new_private = 1;
  size_t new_public = 1;
  size_t private_updates = 2;
  size_t public_updates = 2;
  size_t batches = 2;
  size_t notes_per_batch = 3;
  size_t random_nullifiers = 2;
  size_t consumed_notes = 1;
  size_t map_entries = 3;  // of each map of a new account, and changed in an update
};

// What benchmarks measure: 256 account updates and notes, up to 256 nullifiers.
inline constexpr BlockShape kFullBlock{.new_private = 8,
                                       .new_public = 8,
                                       .private_updates = 120,
                                       .public_updates = 120,
                                       .batches = 16,
                                       .notes_per_batch = 16,
                                       .random_nullifiers = 128,
                                       .consumed_notes = 128,
                                       .map_entries = 4};

struct ModelNote {
  BlockNum block_num;
  uint16_t index;
  OutputNote note;
  SparseMerklePath path;
};
struct ModelVaultUpdate {
  BlockNum block_num;
  AccountId account;
  Word vault_key;
  Word value;
};
struct ModelMapUpdate {
  BlockNum block_num;
  AccountId account;
  StorageSlotName slot;
  StorageMapKey key;
  Word value;
};

// After one block.
struct ModelState {
  std::map<AccountId, Word> commitments;
  std::map<AccountId, Account> accounts;  // public ones
  Smt account_tree;
  Smt nullifier_tree;
};

class SimulatedChain {
 public:
  explicit SimulatedChain(uint64_t seed,
                          const BlockShape& genesis_shape = {.new_private = 5, .new_public = 5},
                          bool keeps_history = true, const Word& tx_kernel_commitment = word(17))
      : random_(seed), keeps_history_(keeps_history), tx_kernel_commitment_(tx_kernel_commitment) {
    BlockBody body;
    create_accounts(genesis_shape, body);
    append(std::move(body));
  }

  // Appends a random block and returns it.
  const SignedBlock& next(const BlockShape& shape = {}) {
    const BlockNum block_num{static_cast<uint32_t>(blocks.size())};
    BlockBody body;
    update_accounts(shape, body);
    create_accounts(shape, body);
    std::vector<Nullifier> consumed = create_nullifiers(shape, block_num, body);
    create_notes(shape, block_num, body);
    create_transactions(block_num, body, consumed);
    append(std::move(body));
    return blocks.back();
  }

  // Appends a block with this body. Whole accounts and lists are the caller's to keep then.
  const SignedBlock& append(BlockBody body) {
    const BlockNum block_num{static_cast<uint32_t>(blocks.size())};
    std::vector<SmtEntry> accounts;
    for (const BlockAccountUpdate& update : body.updated_accounts) {
      state.commitments.insert_or_assign(update.account_id, update.final_commitment);
      accounts.push_back({account_tree_key(update.account_id), update.final_commitment});
    }
    state.account_tree.update(accounts).value();
    std::vector<SmtEntry> spent;
    for (const Nullifier& nullifier : body.created_nullifiers) {
      spent.push_back({nullifier.word, nullifier_tree_value(block_num)});
    }
    state.nullifier_tree.update(spent).value();

    BlockHeader header{.version = 0,
                       .prev_block_commitment = blocks.empty() ? Word() : tip().commitment(),
                       .block_num = block_num,
                       .chain_commitment = chain.peaks().hash(),
                       .account_root = state.account_tree.root(),
                       .nullifier_root = state.nullifier_tree.root(),
                       .note_root = block_note_tree(body.output_note_batches)->root(),
                       .tx_commitment = body.transactions.commitment(),
                       .tx_kernel_commitment = tx_kernel_commitment_,
                       .validator_key = key_.public_key(),
                       .fee_parameters = {public_account(99), 500},
                       .timestamp = 1000 + block_num.value};
    chain.add(header.commitment());
    blocks.push_back(sign(std::move(header), std::move(body)));
    if (keeps_history_) history.push_back(state);
    return blocks.back();
  }

  // Nothing is appended.
  SignedBlock sign(BlockHeader header, BlockBody body) const {
    const Signature signature = key_.sign(header.commitment());
    return {std::move(header), std::move(body), signature};
  }

  const BlockHeader& tip() const { return blocks.back().header; }
  const ModelState& state_at(uint32_t block_num) const { return history.at(block_num); }

  std::vector<SignedBlock> blocks;
  std::vector<ModelState> history;  // by block
  ModelState state;
  Mmr chain;
  std::vector<ModelNote> notes;
  std::vector<std::pair<Nullifier, BlockNum>> nullifiers;
  std::vector<std::pair<BlockNum, TransactionHeader>> transactions;
  std::vector<ModelVaultUpdate> vault_updates;
  std::vector<ModelMapUpdate> map_updates;
  std::set<AccountId> network_accounts;

  uint64_t below(uint64_t bound) { return random_() % bound; }
  Word random_word() {
    return Word::of(random_() >> 1, random_() >> 1, random_() >> 1, random_() >> 1);
  }

  // Few tags, so that they repeat, and the largest there is.
  static std::vector<uint32_t> tags() { return {1, 2, 0xc0000000, 0xffffffff}; }

 private:
  AccountId random_account(AccountType type) {
    const uint64_t low = type == AccountType::kPublic ? 0x11 : 0x01;
    return *AccountId::from_limbs(Felt::from_canonical((random_() >> 1 & ~uint64_t{0xff}) | low),
                                  Felt::from_canonical(random_() >> 2 & ~uint64_t{0xff}));
  }

  static StorageSlotName slot(std::string_view name) {
    return *StorageSlotName::parse("test::slot::" + std::string(name));
  }

  Asset random_asset() {
    const AccountId faucet = public_account(90 + below(4));
    if (below(3) == 0) return {NonFungibleAsset{faucet, random_word(), AssetCallbacks::kDisabled}};
    return {*FungibleAsset::make(faucet, 1 + below(1000))};
  }

  Account random_new_account(size_t map_entries) {
    std::vector<StorageSlot> slots;
    slots.push_back({slot("value"), random_word()});
    slots.push_back({slot("empty_map"), StorageMap{}});
    std::map<StorageMapKey, Word> entries;
    for (size_t i = 0; i < map_entries; ++i) entries.emplace(random_map_key(), random_word());
    slots.push_back({slot("map"), *StorageMap::from_entries(entries)});
    if (below(3) == 0) {
      slots.push_back({network_account_slot_name(),
                       *StorageMap::from_entries({{StorageMapKey(random_word()), word(1)}})});
    }
    std::map<Word, Asset> assets;
    for (uint64_t i = below(4); i > 0; --i) {
      const Asset asset = random_asset();
      assets.insert_or_assign(asset.key().word(), asset);
    }
    std::vector<Asset> distinct;
    for (const auto& [key, asset] : assets) distinct.push_back(asset);
    return {random_account(AccountType::kPublic),
            *AssetVault::from_assets(distinct),
            *AccountStorage::make(std::move(slots)),
            account_code(),
            Felt::from_canonical(1),
            std::nullopt};
  }

  // Few keys, so that they are overwritten.
  StorageMapKey random_map_key() { return StorageMapKey(word(below(20))); }

  void create_accounts(const BlockShape& shape, BlockBody& body) {
    const BlockNum block_num{static_cast<uint32_t>(blocks.size())};
    for (size_t i = 0; i < shape.new_private; ++i) {
      body.updated_accounts.push_back({random_account(AccountType::kPrivate), random_word(), {}});
    }
    for (size_t i = 0; i < shape.new_public; ++i) {
      Account account = random_new_account(shape.map_entries);
      body.updated_accounts.push_back(
          {account.id, account.commitment(), {*AccountDelta::from_account(account)}});
      if (is_network_account(account)) network_accounts.insert(account.id);
      for (const Asset& asset : account.vault.assets()) {
        vault_updates.push_back({block_num, account.id, asset.key().word(), asset.value()});
      }
      for (const StorageSlot& s : account.storage.slots()) {
        const auto* map = std::get_if<StorageMap>(&s.content);
        if (map == nullptr) continue;
        for (const auto& [key, value] : map->entries()) {
          map_updates.push_back({block_num, account.id, s.name, key, value});
        }
      }
      state.accounts.insert_or_assign(account.id, std::move(account));
    }
  }

  template <class Map>
  std::vector<AccountId> pick(const Map& from, size_t count, bool is_public) {
    std::vector<AccountId> candidates;
    for (const auto& [id, value] : from) {
      if (id.is_public() == is_public) candidates.push_back(id);
    }
    std::ranges::shuffle(candidates, random_);
    candidates.resize(std::min(count, candidates.size()),
                      candidates.empty() ? public_account(1) : candidates.front());
    return candidates;
  }

  AccountDelta random_delta(const Account& account, size_t map_entries) {
    AccountDelta delta{account.id, {}, {}, std::nullopt, Felt::from_canonical(1)};
    if (below(2) == 0) delta.storage.slots.emplace(slot("value"), random_word());
    if (below(3) != 0) {
      StorageMapDelta map;
      for (size_t i = 0; i < map_entries; ++i) {
        map.entries.insert_or_assign(random_map_key(), below(3) == 0 ? Word() : random_word());
      }
      delta.storage.slots.emplace(slot(below(4) == 0 ? "empty_map" : "map"), std::move(map));
    }
    for (const Asset& asset : account.vault.assets()) {
      if (below(3) != 0) continue;
      if (const auto* fungible = std::get_if<FungibleAsset>(&asset.kind)) {
        const auto taken =
            static_cast<int64_t>(below(2) == 0 ? fungible->amount : below(fungible->amount));
        if (taken > 0) delta.vault.fungible.emplace(asset.key(), -taken);
      } else {
        delta.vault.non_fungible.emplace(
            asset.key(),
            std::pair(std::get<NonFungibleAsset>(asset.kind), AccountVaultDelta::Action::kRemove));
      }
    }
    if (below(2) == 0) {
      const Asset asset = random_asset();
      if (const auto* fungible = std::get_if<FungibleAsset>(&asset.kind)) {
        delta.vault.fungible.try_emplace(asset.key(), static_cast<int64_t>(fungible->amount));
      } else {
        delta.vault.non_fungible.try_emplace(
            asset.key(),
            std::pair(std::get<NonFungibleAsset>(asset.kind), AccountVaultDelta::Action::kAdd));
      }
    }
    return delta;
  }

  void update_accounts(const BlockShape& shape, BlockBody& body) {
    const BlockNum block_num{static_cast<uint32_t>(blocks.size())};
    for (const AccountId& id : pick(state.commitments, shape.private_updates, false)) {
      body.updated_accounts.push_back({id, random_word(), {}});
    }
    for (const AccountId& id : pick(state.accounts, shape.public_updates, true)) {
      Account& account = state.accounts.at(id);
      const AccountDelta delta = random_delta(account, shape.map_entries);
      account.apply(delta).value();
      body.updated_accounts.push_back({id, account.commitment(), {delta}});
      record_updates(block_num, account, delta);
    }
  }

  void record_updates(BlockNum block_num, const Account& after, const AccountDelta& delta) {
    const auto record_asset = [&](const AssetVaultKey& key) {
      vault_updates.push_back(
          {block_num, after.id, key.word(), after.vault.tree().get(key.word())});
    };
    for (const auto& [key, amount] : delta.vault.fungible) record_asset(key);
    for (const auto& [key, asset] : delta.vault.non_fungible) record_asset(key);
    for (const auto& [name, content] : delta.storage.slots) {
      const auto* map = std::get_if<StorageMapDelta>(&content);
      if (map == nullptr) continue;
      for (const auto& [key, value] : map->entries) {
        map_updates.push_back({block_num, after.id, name, key, value});
      }
    }
  }

  std::vector<Nullifier> create_nullifiers(const BlockShape& shape, BlockNum block_num,
                                           BlockBody& body) {
    std::set<Nullifier> created;
    for (size_t i = 0; i < shape.random_nullifiers; ++i) {
      Word random = random_word();
      // Few prefixes, so that they repeat, and the largest there is.
      const uint64_t prefixes[] = {0, 1, 0x8000, 0xffff};
      random[3] = Felt::reduce(prefixes[below(4)] << 48 | random_() >> 16 >> 1);
      created.insert(Nullifier(random));
    }
    std::vector<Nullifier> consumed;
    for (size_t i = 0; i < shape.consumed_notes && !notes.empty(); ++i) {
      const Note* note = notes[below(notes.size())].note.public_note();
      if (note == nullptr || !state.nullifier_tree.get(note->nullifier().word).is_zero()) continue;
      if (created.insert(note->nullifier()).second) consumed.push_back(note->nullifier());
    }
    body.created_nullifiers.assign(created.begin(), created.end());
    for (const Nullifier& nullifier : body.created_nullifiers) {
      nullifiers.emplace_back(nullifier, block_num);
    }
    return consumed;
  }

  OutputNote random_note() {
    const NoteType type = below(2) == 0 ? NoteType::kPublic : NoteType::kPrivate;
    const NoteScript script = *NoteScript::make(forest_of({word(600 + below(3))}), 0);
    const Note note({type, private_account(77), tags()[below(tags().size())]},
                    {NoteAssets{{random_asset()}},
                     {script, NoteStorage{{Felt::from_canonical(below(100))}}, random_word()}},
                    below(2) == 0 ? NoteAttachments{}
                                  : NoteAttachments{{{.scheme = 7, .words = {random_word()}}}});
    return type == NoteType::kPublic ? *OutputNote::from_public(note)
                                     : *OutputNote::from_private(note.header(), note.attachments());
  }

  void create_notes(const BlockShape& shape, BlockNum block_num, BlockBody& body) {
    for (size_t batch = 0; batch < shape.batches; ++batch) {
      OutputNoteBatch& into = body.output_note_batches.emplace_back();
      uint64_t index = 0;
      for (size_t i = 0; i < shape.notes_per_batch; ++i) {
        index += below(3);  // erased notes leave gaps
        into.notes.emplace_back(index++, random_note());
      }
    }
    const SimpleSmt tree = *block_note_tree(body.output_note_batches);
    for (size_t batch = 0; batch < shape.batches; ++batch) {
      for (const auto& [index, note] : body.output_note_batches[batch].notes) {
        const uint16_t place = block_note_tree_index(batch, index);
        notes.push_back({block_num, place, note, tree.open(place)});
      }
    }
  }

  // One transaction for each account updated; inputs and outputs are dealt out.
  void create_transactions(BlockNum block_num, BlockBody& body,
                           const std::vector<Nullifier>& consumed) {
    std::vector<TransactionHeader>& headers = body.transactions.transactions;
    for (const BlockAccountUpdate& update : body.updated_accounts) {
      const auto before = state.commitments.find(update.account_id);
      headers.push_back(
          {.id = {},
           .account_id = update.account_id,
           .initial_commitment = before == state.commitments.end() ? Word() : before->second,
           .final_commitment = update.final_commitment,
           .input_notes = {},
           .output_notes = {},
           .fee = coins(3)});
    }
    if (headers.empty()) return;
    for (const Nullifier& nullifier : body.created_nullifiers) {
      const bool known = std::ranges::find(consumed, nullifier) != consumed.end();
      std::optional<NoteHeader> header;
      if (!known && below(2) == 0) header = random_note().header();
      headers[below(headers.size())].input_notes.notes.push_back({nullifier, header});
    }
    for (const OutputNoteBatch& batch : body.output_note_batches) {
      for (const auto& [index, note] : batch.notes) {
        std::vector<NoteHeader>& outputs = headers[below(headers.size())].output_notes;
        outputs.push_back(note.header());
        if (below(5) == 0) outputs.push_back(random_note().header());  // erased
      }
    }
    for (TransactionHeader& header : headers) {
      header.id = transaction_id(header.initial_commitment, header.final_commitment,
                                 header.input_notes.commitment(),
                                 output_notes_commitment(header.output_notes), header.fee);
      transactions.emplace_back(block_num, header);
    }
  }

  std::mt19937_64 random_;
  bool keeps_history_;
  Word tx_kernel_commitment_;
  SecretKey key_ = *SecretKey::from_hex(std::string(63, '0') + "7");
};

}  // namespace miden
