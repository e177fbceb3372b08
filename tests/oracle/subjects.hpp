// What the C++ code makes of the oracle's inputs, by the name of their type.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "crypto/word.hpp"

namespace miden {

struct Answer {
  Bytes encoding;
  std::vector<Word> words;  // in the order of src/subjects.rs
};

using Ask = Result<Answer> (*)(ByteView input);

// Decodes, encodes again and computes the words.
const std::map<std::string_view, Ask>& subjects();
// Hashes, signatures, texts.
const std::map<std::string_view, Ask>& primitives();
// Replays a history of a tree.
const std::map<std::string_view, Ask>& histories();
// Makes one object out of others.
const std::map<std::string_view, Ask>& transitions();

}  // namespace miden
