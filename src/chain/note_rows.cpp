#include "chain/note_rows.hpp"

namespace miden {

std::vector<NoteRecord> read_notes(const ChainReader& reader, std::span<const NotePlace> places) {
  std::vector<Key> keys;
  keys.reserve(places.size());
  for (const NotePlace& place : places) keys.push_back(note_key(place.block_num, place.index));
  const std::vector<std::optional<Bytes>> rows = reader.rows().get_many(kNotes, keys);

  std::vector<NoteRecord> notes;
  notes.reserve(places.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) throw_corrupt("an indexed note is missing");
    ByteReader row(*rows[i]);
    const NoteId id = expect_sound(NoteId::decode(row));
    NoteMetadata metadata = expect_sound(NoteMetadata::decode(row));
    SparseMerklePath path = expect_sound(SparseMerklePath::decode(row));
    notes.push_back(
        {id, std::move(metadata), {places[i].block_num, places[i].index, std::move(path)}});
  }
  return notes;
}

std::vector<NotePlace> places_of_note(const ChainReader& reader, const NoteId& id) {
  std::vector<NotePlace> places;
  const Key prefix = word_key(id.word);
  for (Cursor row = reader.rows().rows_with_prefix(kNotesById, prefix); row.valid(); row.next()) {
    KeyReader key(row.key().subspan(prefix.size()));
    const BlockNum block_num{key.u32()};
    places.push_back({block_num, key.u16()});
  }
  return places;
}

std::optional<NoteRecord> find_note(const ChainReader& reader, const NoteId& id) {
  const std::vector<NotePlace> places = places_of_note(reader, id);
  if (places.empty()) return std::nullopt;
  return std::move(read_notes(reader, {&places.back(), 1}).front());
}

}  // namespace miden
