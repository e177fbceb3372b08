#include "protocol/account.hpp"

#include <algorithm>
#include <array>

#include "crypto/ecdsa.hpp"
#include "crypto/poseidon2.hpp"
#include "protocol/account_delta.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

constexpr std::string_view kFileMagic = "acct";
constexpr uint8_t kEcdsaScheme = 1;
constexpr uint8_t kFalconScheme = 2;
constexpr uint8_t kFalconSecretKeyHeader = 0x59;
constexpr size_t kFalconSecretKeySize = 1281;

// The id of a new account follows from its seed, code and storage; any other account has no seed.
Result<void> check_seed(const AccountId& id, const Word& code_commitment,
                        const Word& storage_commitment, Felt nonce,
                        const std::optional<Word>& seed) {
  if (nonce != Felt()) {
    if (!seed) return {};
    return fail("ExistingAccountWithSeed",
                "account " + id.to_hex() + " exists (its nonce is not 0) but has a seed");
  }
  if (!seed) {
    return fail("NewAccountMissingSeed",
                "account " + id.to_hex() + " is new (its nonce is 0) but has no seed");
  }
  const auto derived = AccountId::derive(*seed, code_commitment, storage_commitment);
  if (!derived) {
    return fail("SeedConvertsToInvalidAccountId",
                "the seed gives an invalid account ID: " + derived.error().message);
  }
  if (*derived != id) {
    return fail("AccountIdSeedMismatch",
                "the seed gives account ID " + derived->to_hex() + ", not " + id.to_hex());
  }
  return {};
}

Result<void> apply_to_storage(AccountStorage& storage, const AccountStorageDelta& delta) {
  std::vector<StorageSlot>& slots = storage.mutable_slots();
  for (const auto& [name, change] : delta.slots) {
    const auto slot = std::ranges::lower_bound(slots, name, {}, &StorageSlot::name);
    if (slot == slots.end() || slot->name != name) {
      return fail("StorageSlotNameNotFound", "the account has no storage slot " + name.text());
    }
    if (const Word* value = std::get_if<Word>(&change)) {
      if (slot->type() != StorageSlotType::kValue) {
        return fail("StorageSlotNotValue",
                    "storage slot " + name.text() + " does not hold a value");
      }
      slot->content = *value;
      continue;
    }
    StorageMap* map = std::get_if<StorageMap>(&slot->content);
    if (map == nullptr) {
      return fail("StorageSlotNotMap", "storage slot " + name.text() + " does not hold a map");
    }
    TRY(map->update(std::get<StorageMapDelta>(change).entries));
  }
  return {};
}

// Scheme and key, as they lie. The coefficients of a Falcon key are left to whoever signs with it.
Result<Bytes> decode_auth_secret_key(ByteReader& reader) {
  const ByteView start = reader.rest();
  const uint8_t scheme = TRY(reader.u8());
  if (scheme == kEcdsaScheme) {
    TRY(SecretKey::decode(reader));
  } else if (scheme == kFalconScheme) {
    const ByteView key = TRY(reader.bytes(kFalconSecretKeySize));
    if (key.front() != kFalconSecretKeyHeader) return invalid_value("invalid Falcon secret key");
  } else {
    return invalid_value("unknown authentication scheme " + std::to_string(scheme));
  }
  const ByteView key = start.first(start.size() - reader.remaining());
  return Bytes(key.begin(), key.end());
}

}  // namespace

Word AccountCode::commitment() const { return hash_words(procedure_roots); }

void AccountCode::encode(ByteWriter& writer) const {
  forest.encode(writer);
  writer.u8(static_cast<uint8_t>(procedure_roots.size() - 1));
  encode_items(writer, procedure_roots);
}

Result<AccountCode> AccountCode::decode(ByteReader& reader) {
  AccountCode code;
  code.forest = TRY(MastForest::decode(reader));
  const size_t count = size_t{TRY(reader.u8())} + 1;
  if (count < kMinAccountProcedures) {
    return invalid_value("account code must have at least 2 procedures");
  }
  code.procedure_roots = TRY(decode_items<Word>(reader, count));
  for (const Word& root : code.procedure_roots) {
    if (!code.forest.has_procedure(root)) {
      return invalid_value("procedure with root " + root.to_hex() +
                           " is missing from account code's MAST forest");
    }
  }
  return code;
}

Word AccountHeader::commitment() const {
  return hash_words(std::array{Word(nonce, Felt(), id.suffix(), id.prefix()), vault_root,
                               storage_commitment, code_commitment});
}

void AccountHeader::encode(ByteWriter& writer) const {
  id.encode(writer);
  nonce.encode(writer);
  vault_root.encode(writer);
  storage_commitment.encode(writer);
  code_commitment.encode(writer);
}

Result<AccountHeader> AccountHeader::decode(ByteReader& reader) {
  AccountHeader header{TRY(AccountId::decode(reader)), {}, {}, {}, {}};
  header.nonce = TRY(Felt::decode(reader));
  header.vault_root = TRY(Word::decode(reader));
  header.storage_commitment = TRY(Word::decode(reader));
  header.code_commitment = TRY(Word::decode(reader));
  return header;
}

Result<Account> Account::make(AccountId id, AssetVault vault, AccountStorage storage,
                              AccountCode code, Felt nonce, std::optional<Word> seed) {
  TRY(check_seed(id, code.commitment(), storage.commitment(), nonce, seed));
  return Account{id, std::move(vault), std::move(storage), std::move(code), nonce, seed};
}

AccountHeader Account::header() const {
  return {id, nonce, vault.root(), storage.commitment(), code.commitment()};
}

Word Account::initial_commitment() const { return nonce == Felt() ? Word() : commitment(); }

Result<void> Account::apply(const AccountDelta& delta) {
  if (delta.is_full_state()) {
    return fail("ApplyFullStateDeltaToAccount",
                "a full-state delta cannot be applied to account " + id.to_hex());
  }
  TRY(vault.apply(delta.vault));
  TRY(apply_to_storage(storage, delta.storage));
  const Felt new_nonce = nonce + delta.nonce_delta;
  if (new_nonce < nonce) {
    return fail("NonceOverflow", "incrementing nonce " + std::to_string(nonce.value()) + " by " +
                                     std::to_string(delta.nonce_delta.value()) + " overflows");
  }
  nonce = new_nonce;
  if (nonce != Felt()) seed.reset();
  return {};
}

void Account::encode(ByteWriter& writer) const {
  id.encode(writer);
  vault.encode(writer);
  storage.encode(writer);
  code.encode(writer);
  nonce.encode(writer);
  encode_option(writer, seed);
}

Result<Account> Account::decode(ByteReader& reader) {
  const AccountId id = TRY(AccountId::decode(reader));
  AssetVault vault = TRY(AssetVault::decode(reader));
  AccountStorage storage = TRY(AccountStorage::decode(reader));
  AccountCode code = TRY(AccountCode::decode(reader));
  const Felt nonce = TRY(Felt::decode(reader));
  const std::optional<Word> seed = TRY(decode_option<Word>(reader));
  return as_invalid_value(
      make(id, std::move(vault), std::move(storage), std::move(code), nonce, seed));
}

void AccountFile::encode(ByteWriter& writer) const {
  writer.bytes(as_bytes(kFileMagic));
  account.encode(writer);
  writer.vint(auth_secret_keys.size());
  for (const Bytes& key : auth_secret_keys) writer.bytes(key);
}

Result<AccountFile> AccountFile::decode(ByteReader& reader) {
  const ByteView magic = TRY(reader.bytes(kFileMagic.size()));
  if (as_string_view(magic) != kFileMagic) return invalid_value("not an account file");
  AccountFile file{TRY(Account::decode(reader)), {}};
  const size_t count = TRY(reader.count(33));
  for (size_t i = 0; i < count; ++i) {
    file.auth_secret_keys.push_back(TRY(decode_auth_secret_key(reader)));
  }
  return file;
}

AccountHeader PartialAccount::header() const {
  return {id, nonce, vault.tree.root(), storage.header.commitment(), code.commitment()};
}

void PartialAccount::encode(ByteWriter& writer) const {
  id.encode(writer);
  nonce.encode(writer);
  code.encode(writer);
  storage.encode(writer);
  vault.encode(writer);
  encode_option(writer, seed);
}

Result<PartialAccount> PartialAccount::decode(ByteReader& reader) {
  PartialAccount account{TRY(AccountId::decode(reader)), {}, {}, {}, {}, {}};
  account.nonce = TRY(Felt::decode(reader));
  account.code = TRY(AccountCode::decode(reader));
  account.storage = TRY(PartialStorage::decode(reader));
  account.vault = TRY(PartialVault::decode(reader));
  account.seed = TRY(decode_option<Word>(reader));
  TRY(as_invalid_value(check_seed(account.id, account.code.commitment(),
                                  account.storage.header.commitment(), account.nonce,
                                  account.seed)));
  return account;
}

const StorageSlotName& network_account_slot_name() {
  static const StorageSlotName name =
      *StorageSlotName::parse("miden::standards::auth::network_account::allowed_note_scripts");
  return name;
}

bool is_network_account(const Account& account) {
  if (!account.id.is_public()) return false;
  const StorageSlot* slot = account.storage.find(network_account_slot_name());
  const auto* map = slot == nullptr ? nullptr : std::get_if<StorageMap>(&slot->content);
  return map != nullptr && !map->entries().empty();
}

}  // namespace miden
