// A chain, questions about it and the reference's replies in one compressed file.
#pragma once

#include <filesystem>
#include <vector>

#include "base/bytes.hpp"
#include "exchange.hpp"
#include "protocol/ids.hpp"

namespace miden {

struct Recording {
  struct Entry {
    Question question;
    Reply reply;  // canonical; a message that is long is its fingerprint instead
  };

  std::vector<std::string> blocks;  // SignedBlock, from genesis on
  BlockNum proven_tip;
  std::vector<Entry> entries;

  // Errors: FileRead, those of decoding.
  static Result<Recording> read(const std::filesystem::path& file);
  // Throws when the file cannot be written.
  void write(const std::filesystem::path& file) const;
};

// Every long message of a canonical reply replaced by its length and SHA-256, so that a recording
// stays small.
Reply with_fingerprints(Reply canonical);

}  // namespace miden
