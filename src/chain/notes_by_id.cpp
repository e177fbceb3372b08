// GetNotesById and GetNoteScriptByRoot. spec/store-rpc.md §17.5, §17.6
#include "chain/note_rows.hpp"
#include "chain/state_view.hpp"

namespace miden {
namespace {

// NoteDetails as bytes, put together from its stored parts and the script it shares with others.
Bytes join_details(const ChainReader& reader, ByteReader& row) {
  const Word script_root = expect_sound(Word::decode(row));
  const ByteView assets = expect_sound(row.length_prefixed());
  const ByteView storage_and_serial_num = row.rest();
  const std::optional<Bytes> script = reader.rows().get(kNoteScripts, word_key(script_root));
  if (!script) throw_corrupt("a public note's script is missing");
  ByteWriter details;
  details.bytes(assets);
  details.bytes(*script);
  details.bytes(storage_and_serial_num);
  return std::move(details).take();
}

}  // namespace

std::vector<CommittedNote> StateView::notes_by_id(std::span<const NoteId> ids) const {
  std::vector<NotePlace> places;
  for (const NoteId& id : std::set<NoteId>(ids.begin(), ids.end())) {
    const std::vector<NotePlace> found = places_of_note(*reader_, id);
    places.insert(places.end(), found.begin(), found.end());
  }
  std::vector<Key> keys;
  for (const NotePlace& place : places) keys.push_back(note_key(place.block_num, place.index));
  std::vector<NoteRecord> records = read_notes(*reader_, places);
  const std::vector<std::optional<Bytes>> rows = reader_->rows().get_many(kNoteDetails, keys);

  std::vector<CommittedNote> notes;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) throw_corrupt("a note's details are missing");
    ByteReader row(*rows[i]);
    const ByteView attachments = expect_sound(row.length_prefixed());
    CommittedNote note{std::move(records[i]), {attachments.begin(), attachments.end()}, {}};
    if (expect_sound(row.boolean())) note.details = join_details(*reader_, row);
    notes.push_back(std::move(note));
  }
  return notes;
}

std::optional<Bytes> StateView::note_script(const NoteScriptRoot& root) const {
  return reader_->rows().get(kNoteScripts, word_key(root.word));
}

}  // namespace miden
