// What a note does: its assets, and the recipient who can say how to consume it. spec/types.md §9.
#include "crypto/poseidon2.hpp"
#include "protocol/constants.hpp"
#include "protocol/decoding.hpp"
#include "protocol/note.hpp"

namespace miden {

Result<NoteAssets> NoteAssets::make(std::vector<Asset> assets) {
  if (assets.size() > kMaxAssetsPerNote) {
    return fail("TooManyAssets",
                "a note has " + std::to_string(assets.size()) + " assets, more than 64");
  }
  std::vector<Word> keys;
  keys.reserve(assets.size());
  for (const Asset& asset : assets) {
    const Word key = asset.key().word();
    if (std::ranges::find(keys, key) != keys.end()) {
      if (std::holds_alternative<FungibleAsset>(asset.kind)) {
        return fail("DuplicateFungibleAsset",
                    "a note has two assets of faucet " +
                        std::get<FungibleAsset>(asset.kind).faucet.to_hex());
      }
      return fail("DuplicateNonFungibleAsset",
                  "a note has the non-fungible asset with key " + key.to_hex() + " twice");
    }
    keys.push_back(key);
  }
  return NoteAssets{std::move(assets)};
}

Word NoteAssets::commitment() const {
  std::vector<Word> words;
  words.reserve(2 * assets.size());
  for (const Asset& asset : assets) {
    words.push_back(asset.key().word());
    words.push_back(asset.value());
  }
  return hash_words(words);
}

void NoteAssets::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(assets.size()));
  encode_items(writer, assets);
}

Result<NoteAssets> NoteAssets::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u8()), 25));
  return as_invalid_value(make(TRY(decode_items<Asset>(reader, count))));
}

Result<NoteStorage> NoteStorage::make(std::vector<Felt> items) {
  if (items.size() > kMaxNoteStorageItems) {
    return fail("TooManyStorageItems",
                "a note's storage has " + std::to_string(items.size()) + " items, more than 1024");
  }
  return NoteStorage{std::move(items)};
}

Word NoteStorage::commitment() const { return hash_elements(items); }

void NoteStorage::encode(ByteWriter& writer) const {
  writer.u16(static_cast<uint16_t>(items.size()));
  encode_items(writer, items);
}

Result<NoteStorage> NoteStorage::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u16()), 8));
  return as_invalid_value(make(TRY(decode_items<Felt>(reader, count))));
}

Result<NoteScript> NoteScript::make(MastForest forest, uint32_t entrypoint) {
  TRY(forest.digest_of(entrypoint));
  return NoteScript{std::move(forest), entrypoint};
}

NoteScriptRoot NoteScript::root() const { return NoteScriptRoot(*forest.digest_of(entrypoint)); }

void NoteScript::encode(ByteWriter& writer) const {
  forest.encode(writer);
  writer.u32(entrypoint);
}

Result<NoteScript> NoteScript::decode(ByteReader& reader) {
  MastForest forest = TRY(MastForest::decode(reader));
  return as_invalid_value(make(std::move(forest), TRY(reader.u32())));
}

Word NoteRecipient::digest() const {
  const Word serial_num_hash = merge(serial_num, Word());
  return merge(merge(serial_num_hash, script.root().word), storage.commitment());
}

void NoteRecipient::encode(ByteWriter& writer) const {
  script.encode(writer);
  storage.encode(writer);
  serial_num.encode(writer);
}

Result<NoteRecipient> NoteRecipient::decode(ByteReader& reader) {
  NoteScript script = TRY(NoteScript::decode(reader));
  NoteStorage storage = TRY(NoteStorage::decode(reader));
  const Word serial_num = TRY(Word::decode(reader));
  return NoteRecipient{std::move(script), std::move(storage), serial_num};
}

NoteDetailsCommitment NoteDetails::commitment() const {
  return NoteDetailsCommitment(merge(recipient.digest(), assets.commitment()));
}

void NoteDetails::encode(ByteWriter& writer) const {
  assets.encode(writer);
  recipient.encode(writer);
}

Result<NoteDetails> NoteDetails::decode(ByteReader& reader) {
  NoteAssets assets = TRY(NoteAssets::decode(reader));
  NoteRecipient recipient = TRY(NoteRecipient::decode(reader));
  return NoteDetails{std::move(assets), std::move(recipient)};
}

}  // namespace miden
