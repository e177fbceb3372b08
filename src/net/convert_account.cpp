#include "net/convert_account.hpp"

namespace miden {

::account::AccountId to_message(const AccountId& id) {
  ::account::AccountId message;
  const auto wire = id.to_wire();
  message.set_id(wire.data(), wire.size());
  return message;
}

::account::AccountHeader to_message(const AccountHeader& header) {
  ::account::AccountHeader message;
  *message.mutable_account_id() = to_message(header.id);
  *message.mutable_vault_root() = to_message(header.vault_root);
  *message.mutable_storage_commitment() = to_message(header.storage_commitment);
  *message.mutable_code_commitment() = to_message(header.code_commitment);
  message.set_nonce(header.nonce.value());
  return message;
}

::account::AccountStorageHeader to_message(const AccountStorageHeader& header) {
  ::account::AccountStorageHeader message;
  for (const StorageSlotHeader& slot : header.slots()) {
    auto& added = *message.add_slots();
    added.set_slot_name(slot.name.text());
    added.set_slot_type(static_cast<uint32_t>(slot.type));
    *added.mutable_commitment() = to_message(slot.value);
  }
  return message;
}

::account::AccountWitness to_message(const AccountWitness& witness) {
  ::account::AccountWitness message;
  *message.mutable_account_id() = to_message(witness.id);
  *message.mutable_witness_id() = to_message(witness.id);
  *message.mutable_commitment() = to_message(witness.commitment);
  *message.mutable_path() = to_message(witness.path);
  return message;
}

Result<AccountId> from_message(const ::account::AccountId& id) {
  // Longer than an id is tolerated, as the reference does.
  ByteReader reader(as_bytes(id.id()));
  auto parsed = AccountId::decode(reader);
  if (!parsed) return fail(parsed.error().code, std::string(kNotInRange));
  return parsed;
}

Result<AccountHeader> from_message(const ::account::AccountHeader& header) {
  const AccountId id = READ_FIELD(header, account_id);
  const Word vault_root = READ_FIELD(header, vault_root);
  const Word storage_commitment = READ_FIELD(header, storage_commitment);
  const Word code_commitment = READ_FIELD(header, code_commitment);
  const Felt nonce = TRY(at("nonce", Felt::parse(header.nonce())));
  return AccountHeader{id, nonce, vault_root, storage_commitment, code_commitment};
}

static Result<StorageSlotHeader> from_message(
    const ::account::AccountStorageHeader::StorageSlot& slot) {
  StorageSlotName name = TRY(StorageSlotName::parse(slot.slot_name()));
  if (slot.slot_type() > 1) {
    return fail("InvalidSlotType",
                "enum variant discriminant out of range: " + std::to_string(slot.slot_type()));
  }
  const Word value = READ_FIELD(slot, commitment);
  return StorageSlotHeader{std::move(name), static_cast<StorageSlotType>(slot.slot_type()), value};
}

Result<AccountStorageHeader> from_message(const ::account::AccountStorageHeader& header) {
  std::vector<StorageSlotHeader> slots;
  for (const auto& slot : header.slots()) slots.push_back(TRY(at("slots", from_message(slot))));
  return AccountStorageHeader::make(std::move(slots));
}

Result<AccountWitness> from_message(const ::account::AccountWitness& witness) {
  const AccountId id = READ_FIELD(witness, witness_id);
  const Word commitment = READ_FIELD(witness, commitment);
  SparseMerklePath path = READ_FIELD(witness, path);
  return AccountWitness::make(id, commitment, std::move(path));
}

}  // namespace miden
