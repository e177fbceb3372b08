// Answers about accounts. spec/store-rpc.md §17.11-17.13
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "protocol/account.hpp"
#include "protocol/block.hpp"

namespace miden {

// More than this many assets or map entries are not listed in an account's details.
inline constexpr size_t kMaxListedEntries = 1000;

// An account as of some block.
struct AccountRecord {
  struct PublicState {
    AccountHeader header;
    AccountStorageHeader storage;
    friend bool operator==(const PublicState&, const PublicState&) = default;
  };
  AccountId id;
  Word commitment;
  BlockNum updated_at;  // the block that made this state
  BlockNum created_at;
  bool is_network_account = false;          // decided when the account was created
  std::optional<PublicState> public_state;  // absent: the account is private

  void encode(ByteWriter& writer) const;
  static Result<AccountRecord> decode(ByteReader& reader);
  friend bool operator==(const AccountRecord&, const AccountRecord&) = default;
};

struct StorageMapRequest {
  struct AllEntries {};
  StorageSlotName slot;
  std::variant<AllEntries, std::vector<StorageMapKey>> what;
};

// What GetAccount may ask for beyond the witness.
struct AccountDetailsRequest {
  struct AllMaps {};
  std::optional<Word> known_code_commitment;  // code is sent when this is given and differs
  std::optional<Word> known_vault_root;       // assets are sent when this is given and differs
  std::variant<std::vector<StorageMapRequest>, AllMaps> maps;
};

struct StorageMapDetails {
  struct TooManyEntries {
    friend bool operator==(const TooManyEntries&, const TooManyEntries&) = default;
  };
  using Entries = std::vector<std::pair<StorageMapKey, Word>>;  // raw keys, ascending
  using Openings = std::vector<SmtProof>;                       // one a requested key, in order
  StorageSlotName slot;
  std::variant<TooManyEntries, Entries, Openings> content;
};

struct AccountDetails {
  AccountHeader header;
  AccountStorageHeader storage;
  std::optional<Bytes> code;  // AccountCode
  bool too_many_assets = false;
  std::vector<SmtEntry> assets;         // vault key and value, by leaf
  std::vector<StorageMapDetails> maps;  // in the request's (all: the header's) order
};

struct AccountAnswer {
  BlockNum block_num;
  AccountWitness witness;
  std::optional<AccountDetails> details;
};

struct VaultUpdate {
  BlockNum block_num;
  Word vault_key;
  std::optional<Asset> asset;  // absent: removed
  friend bool operator==(const VaultUpdate&, const VaultUpdate&) = default;
};
struct VaultUpdatePage {
  std::vector<VaultUpdate> updates;  // ascending by block
  BlockNum last_block;               // everything up to here is in the page
};

struct StorageMapUpdate {
  BlockNum block_num;
  StorageSlotName slot;
  StorageMapKey key;  // raw
  Word value;         // zero: removed
  friend bool operator==(const StorageMapUpdate&, const StorageMapUpdate&) = default;
};
struct StorageMapUpdatePage {
  std::vector<StorageMapUpdate> updates;  // ascending by block
  BlockNum last_block;
};

}  // namespace miden
