// Notes as the store keeps them.
#pragma once

#include "chain/chain_reader.hpp"
#include "chain/note_queries.hpp"

namespace miden {

// Where a note lies: block and index in the block's note tree.
struct NotePlace {
  BlockNum block_num;
  uint16_t index = 0;
  friend auto operator<=>(const NotePlace&, const NotePlace&) = default;
};

std::vector<NoteRecord> read_notes(const ChainReader& reader, std::span<const NotePlace> places);

// All places of a note id, ascending (nothing forbids to commit one twice).
std::vector<NotePlace> places_of_note(const ChainReader& reader, const NoteId& id);
// Of the last place; nullopt: unknown.
std::optional<NoteRecord> find_note(const ChainReader& reader, const NoteId& id);

}  // namespace miden
