// An account's named slots: words and maps. spec/types.md §6.5, §6.6.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "merkle/partial_smt.hpp"
#include "merkle/smt.hpp"
#include "protocol/constants.hpp"
#include "protocol/ids.hpp"

namespace miden {

// Blake3 of the slot's name; orders everything keyed by slot: prefix first, then suffix.
struct StorageSlotId {
  Felt prefix;
  Felt suffix;
  friend auto operator<=>(const StorageSlotId&, const StorageSlotId&) = default;
  std::string to_hex() const;
  void encode(ByteWriter& writer) const;  // suffix, prefix
  static Result<StorageSlotId> decode(ByteReader& reader);
};

// "miden::standards::..." Two or more components of A-Z a-z 0-9 _ joined by "::". Ordered by id.
class StorageSlotName {
 public:
  // Errors: TooShort, TooLong, UnexpectedColon, UnexpectedUnderscore, InvalidCharacter.
  static Result<StorageSlotName> parse(std::string_view text);
  const std::string& text() const { return text_; }
  const StorageSlotId& id() const { return id_; }
  friend bool operator==(const StorageSlotName& a, const StorageSlotName& b) {
    return a.id_ == b.id_;
  }
  friend auto operator<=>(const StorageSlotName& a, const StorageSlotName& b) {
    return a.id_ <=> b.id_;
  }
  void encode(ByteWriter& writer) const;  // u8 length, bytes
  static Result<StorageSlotName> decode(ByteReader& reader);

 private:
  std::string text_;
  StorageSlotId id_;
};

enum class StorageSlotType : uint8_t { kValue = 0, kMap = 1 };

// The tree's key for a map's raw key.
Word storage_map_leaf_key(const StorageMapKey& key);

// Raw entries; the tree holds hashed keys and only non-zero values.
class StorageMap {
 public:
  StorageMap() = default;
  static Result<StorageMap> from_entries(std::map<StorageMapKey, Word> entries);
  const std::map<StorageMapKey, Word>& entries() const { return entries_; }
  const Word& root() const { return tree_.root(); }
  const Smt& tree() const { return tree_; }
  // Zero value removes. Error: TooManyLeafEntries.
  Result<void> update(const std::map<StorageMapKey, Word>& changes);
  void encode(ByteWriter& writer) const;
  static Result<StorageMap> decode(ByteReader& reader);

 private:
  std::map<StorageMapKey, Word> entries_;
  Smt tree_;
};

struct StorageSlot {
  StorageSlotName name;
  std::variant<Word, StorageMap> content;
  StorageSlotType type() const { return static_cast<StorageSlotType>(content.index()); }
  Word value() const;  // the word, or the map's root
  void encode(ByteWriter& writer) const;
  static Result<StorageSlot> decode(ByteReader& reader);
};

struct StorageSlotHeader {
  StorageSlotName name;
  StorageSlotType type = StorageSlotType::kValue;
  Word value;
  void encode(ByteWriter& writer) const;
  static Result<StorageSlotHeader> decode(ByteReader& reader);
  friend bool operator==(const StorageSlotHeader&, const StorageSlotHeader&) = default;
};

// Ascending by slot id, unique, at most 255.
class AccountStorageHeader {
 public:
  AccountStorageHeader() = default;
  // Errors: UnsortedStorageSlots, DuplicateStorageSlotName, StorageTooManySlots.
  static Result<AccountStorageHeader> make(std::vector<StorageSlotHeader> slots);
  const std::vector<StorageSlotHeader>& slots() const { return slots_; }
  const StorageSlotHeader* find(const StorageSlotName& name) const;
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<AccountStorageHeader> decode(ByteReader& reader);
  friend bool operator==(const AccountStorageHeader&, const AccountStorageHeader&) = default;

 private:
  std::vector<StorageSlotHeader> slots_;
};

class AccountStorage {
 public:
  AccountStorage() = default;
  // Sorts. Errors: DuplicateStorageSlotName, StorageTooManySlots.
  static Result<AccountStorage> make(std::vector<StorageSlot> slots);
  const std::vector<StorageSlot>& slots() const { return slots_; }
  std::vector<StorageSlot>& mutable_slots() { return slots_; }  // names and order must stay
  const StorageSlot* find(const StorageSlotName& name) const;
  AccountStorageHeader header() const;
  Word commitment() const { return header().commitment(); }
  void encode(ByteWriter& writer) const;
  static Result<AccountStorage> decode(ByteReader& reader);

 private:
  std::vector<StorageSlot> slots_;
};

// The revealed part of a map: raw keys over a partial tree.
struct PartialStorageMap {
  PartialSmt tree;
  std::vector<StorageMapKey> keys;
  void encode(ByteWriter& writer) const;
  static Result<PartialStorageMap> decode(ByteReader& reader);
};

struct PartialStorage {
  AccountStorageHeader header;
  std::map<Word, PartialStorageMap> maps;  // by root
  void encode(ByteWriter& writer) const;
  static Result<PartialStorage> decode(ByteReader& reader);
};

}  // namespace miden
