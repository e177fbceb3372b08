#include "protocol/account_storage.hpp"

#include "crypto/poseidon2.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

constexpr size_t kMinSlotSize = 1 + 4 + 1 + 1;  // "a::b", the type, an empty map

Result<StorageSlotType> decode_slot_type(ByteReader& reader) {
  const uint8_t type = TRY(reader.u8());
  if (type > 1) return invalid_value("unknown storage slot type " + std::to_string(type));
  return static_cast<StorageSlotType>(type);
}

std::unexpected<Error> too_many_slots(size_t count) {
  return fail("StorageTooManySlots",
              "an account has " + std::to_string(count) + " storage slots, more than 255");
}

std::unexpected<Error> duplicate_slot(const StorageSlotName& name) {
  return fail("DuplicateStorageSlotName", "storage slot " + name.text() + " appears twice");
}

// Slots are ascending by id.
template <class Slot>
const Slot* find_slot(const std::vector<Slot>& slots, const StorageSlotName& name) {
  const auto slot = std::ranges::lower_bound(slots, name, {}, &Slot::name);
  return slot != slots.end() && slot->name == name ? &*slot : nullptr;
}

}  // namespace

Word StorageSlot::value() const {
  if (const Word* word = std::get_if<Word>(&content)) return *word;
  return std::get<StorageMap>(content).root();
}

void StorageSlot::encode(ByteWriter& writer) const {
  name.encode(writer);
  writer.u8(static_cast<uint8_t>(type()));
  std::visit([&](const auto& held) { held.encode(writer); }, content);
}

Result<StorageSlot> StorageSlot::decode(ByteReader& reader) {
  StorageSlot slot;
  slot.name = TRY(StorageSlotName::decode(reader));
  if (TRY(decode_slot_type(reader)) == StorageSlotType::kValue) {
    slot.content = TRY(Word::decode(reader));
  } else {
    slot.content = TRY(StorageMap::decode(reader));
  }
  return slot;
}

void StorageSlotHeader::encode(ByteWriter& writer) const {
  name.encode(writer);
  writer.u8(static_cast<uint8_t>(type));
  value.encode(writer);
}

Result<StorageSlotHeader> StorageSlotHeader::decode(ByteReader& reader) {
  StorageSlotHeader slot;
  slot.name = TRY(StorageSlotName::decode(reader));
  slot.type = TRY(decode_slot_type(reader));
  slot.value = TRY(Word::decode(reader));
  return slot;
}

Result<AccountStorageHeader> AccountStorageHeader::make(std::vector<StorageSlotHeader> slots) {
  if (slots.size() > kMaxStorageSlots) return too_many_slots(slots.size());
  if (!std::ranges::is_sorted(slots, {}, &StorageSlotHeader::name)) {
    return fail("UnsortedStorageSlots", "storage slots must be ascending by slot id");
  }
  const auto repeated = std::ranges::adjacent_find(slots, {}, &StorageSlotHeader::name);
  if (repeated != slots.end()) return duplicate_slot(repeated->name);
  AccountStorageHeader header;
  header.slots_ = std::move(slots);
  return header;
}

const StorageSlotHeader* AccountStorageHeader::find(const StorageSlotName& name) const {
  return find_slot(slots_, name);
}

Word AccountStorageHeader::commitment() const {
  std::vector<Word> words;
  words.reserve(2 * slots_.size());
  for (const StorageSlotHeader& slot : slots_) {
    words.emplace_back(Felt(), Felt::from_canonical(static_cast<uint64_t>(slot.type)),
                       slot.name.id().suffix, slot.name.id().prefix);
    words.push_back(slot.value);
  }
  return hash_words(words);
}

void AccountStorageHeader::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(slots_.size()));
  encode_items(writer, slots_);
}

Result<AccountStorageHeader> AccountStorageHeader::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u8()), kMinSlotSize + 31));
  return as_invalid_value(make(TRY(decode_items<StorageSlotHeader>(reader, count))));
}

Result<AccountStorage> AccountStorage::make(std::vector<StorageSlot> slots) {
  if (slots.size() > kMaxStorageSlots) return too_many_slots(slots.size());
  std::ranges::sort(slots, {}, &StorageSlot::name);
  const auto repeated = std::ranges::adjacent_find(slots, {}, &StorageSlot::name);
  if (repeated != slots.end()) return duplicate_slot(repeated->name);
  AccountStorage storage;
  storage.slots_ = std::move(slots);
  return storage;
}

const StorageSlot* AccountStorage::find(const StorageSlotName& name) const {
  return find_slot(slots_, name);
}

AccountStorageHeader AccountStorage::header() const {
  std::vector<StorageSlotHeader> headers;
  headers.reserve(slots_.size());
  for (const StorageSlot& slot : slots_) headers.push_back({slot.name, slot.type(), slot.value()});
  return *AccountStorageHeader::make(std::move(headers));
}

void AccountStorage::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(slots_.size()));
  encode_items(writer, slots_);
}

Result<AccountStorage> AccountStorage::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u8()), kMinSlotSize));
  return as_invalid_value(make(TRY(decode_items<StorageSlot>(reader, count))));
}

void PartialStorage::encode(ByteWriter& writer) const {
  header.encode(writer);
  encode_map(writer, maps);
}

Result<PartialStorage> PartialStorage::decode(ByteReader& reader) {
  PartialStorage storage;
  storage.header = TRY(AccountStorageHeader::decode(reader));
  storage.maps = TRY((decode_map<Word, PartialStorageMap>(reader)));
  return storage;
}

}  // namespace miden
