// Debug information of a MAST forest: nothing here enters a digest, but its end must be found, and
// the reference re-encodes what it has read. spec/crypto.md §13.4.
#pragma once

#include "base/serialize.hpp"

namespace miden {

// Reads debug information and writes it as the reference would after decoding the same bytes.
// Errors: UnexpectedEOF, InvalidValue.
Result<void> transcode_debug_info(ByteReader& reader, ByteWriter& writer);

// What a forest of `node_count` nodes carries without debug information.
void write_empty_debug_info(ByteWriter& writer, size_t node_count);

}  // namespace miden
