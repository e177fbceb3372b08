// The reference's answers, as the Rust program of this folder wrote them. README.md describes the
// file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/word.hpp"

namespace miden {

struct OracleCase {
  std::string_view name;      // of a type, or of a history
  bool is_accepted = false;   // the reference decodes the input
  bool is_unordered = false;  // its encoding follows a hash map's order
  bool panicked = false;      // the reference did not survive the input
  bool is_damaged = false;
  ByteView input;
  ByteView encoding;  // of what the reference decoded; why it refused; a history's answer
  std::vector<Word> words;
};

// Owns the bytes that the cases point into.
struct OracleFile {
  Bytes bytes;
  std::vector<OracleCase> cases;
};

// Throws std::runtime_error when the file is missing or not whole.
OracleFile read_oracle_file(const std::string& path);

}  // namespace miden
