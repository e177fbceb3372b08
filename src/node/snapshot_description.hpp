// snapshot.toml: what a snapshot is of, and every file of its store. docs/snapshots.md.
//
// It tells damage from a whole snapshot. What a snapshot claims is not believed for standing in it:
// see adopt_stored_chain().
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "crypto/word.hpp"
#include "protocol/ids.hpp"
#include "storage/store_files.hpp"

namespace miden {

struct SnapshotFile {
  uint64_t size = 0;
  FileChecksum checksum = 0;
  friend bool operator==(const SnapshotFile&, const SnapshotFile&) = default;
};

struct SnapshotDescription {
  Word genesis;
  BlockNum tip;
  Word tip_commitment;
  BlockNum proven_tip;
  std::string made_at;                        // for people
  std::map<std::string, SnapshotFile> files;  // of the store, by name

  uint64_t size() const;
  friend bool operator==(const SnapshotDescription&, const SnapshotDescription&) = default;
};

inline std::filesystem::path snapshot_description_file(const std::filesystem::path& snapshot) {
  return snapshot / "snapshot.toml";
}

std::string to_toml(const SnapshotDescription& description);

// Errors: SnapshotMissing (no such file), UnsupportedSnapshot (of another format), SnapshotDamaged.
Result<SnapshotDescription> read_snapshot_description(const std::filesystem::path& snapshot);

}  // namespace miden
