// A closed store's files: checksums, links and copies. What a store is made of when it travels.
//
// Table and blob files never change once they are complete, so two stores may share one by a hard
// link; everything else is copied. What the disk does wrong is thrown as StorageError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace miden {

// CRC-32C of a whole file: tells damage, not malice.
using FileChecksum = uint32_t;
// By name, as far as RocksDB noted them while it wrote the files.
using TableFileChecksums = std::map<std::string, FileChecksum>;

bool is_table_file(std::string_view name);

// From RocksDB's own notes on a file; nullopt: it noted none, or one of another kind.
std::optional<FileChecksum> recorded_checksum(const std::string& function,
                                              const std::string& value);

// Reads the file; only a regular one, never through a symbolic link. Errors: NotARegularFile,
// Stopped.
Result<FileChecksum> checksum_of_file(const std::filesystem::path& file, std::stop_token stop = {});

enum class Transfer { kLinked, kCopied };
// `to` must not exist. A copy is on the disk when this returns. Errors: NotARegularFile, Stopped.
Result<void> copy_file_durably(const std::filesystem::path& from, const std::filesystem::path& to,
                               std::stop_token stop = {});
// A hard link where system and permissions allow one, else a copy.
Result<Transfer> link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to,
                              std::stop_token stop = {});

// Makes names that were added to, removed from or renamed in the directory durable.
void sync_directory(const std::filesystem::path& directory);

}  // namespace miden
