#include "node/snapshot_description.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <limits>

#include "base/read_file.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFormat = 1;
constexpr uint64_t kMaxDescriptionBytes = 16 << 20;
constexpr size_t kMaxNameSize = 64;

std::unexpected<Error> damaged(std::string_view what) {
  return fail("SnapshotDamaged", fmt::format("snapshot.toml is damaged: {}", what));
}

// RocksDB's own names, and nothing that leads out of a directory.
bool is_file_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kMaxNameSize && name.front() != '.' &&
         std::ranges::all_of(name, is_plain);
}

Result<uint64_t> number(const toml::table& table, std::string_view key, uint64_t most) {
  const auto value = table[key].value_exact<int64_t>();
  if (!value || *value < 0 || static_cast<uint64_t>(*value) > most) {
    return damaged(fmt::format("`{}` is no number from 0 to {}", key, most));
  }
  return static_cast<uint64_t>(*value);
}

Result<std::string> text(const toml::table& table, std::string_view key) {
  const auto value = table[key].value_exact<std::string>();
  if (!value) return damaged(fmt::format("`{}` is no text", key));
  return *value;
}

Result<BlockNum> block_num(const toml::table& table, std::string_view key) {
  return BlockNum{
      static_cast<uint32_t>(TRY(number(table, key, std::numeric_limits<uint32_t>::max())))};
}

Result<Word> word(const toml::table& table, std::string_view key) {
  const auto value = Word::from_hex(TRY(text(table, key)));
  if (!value) return damaged(fmt::format("`{}` is no commitment", key));
  return *value;
}

Result<SnapshotFile> file(const toml::table& table) {
  SnapshotFile file;
  file.size = TRY(number(table, "size", std::numeric_limits<int64_t>::max()));
  const std::string digits = TRY(text(table, "crc32c"));
  const char* const end = digits.data() + digits.size();
  const auto [after, problem] = std::from_chars(digits.data(), end, file.checksum, 16);
  if (digits.size() != 8 || problem != std::errc() || after != end) {
    return damaged("`crc32c` is no checksum");
  }
  return file;
}

Result<SnapshotDescription> description(const toml::table& table) {
  if (const auto format = table["format"].value_exact<int64_t>(); format != kFormat) {
    return fail("UnsupportedSnapshot",
                fmt::format("the snapshot has format {}, this program reads format {}",
                            format ? std::to_string(*format) : "unknown", kFormat));
  }
  SnapshotDescription description;
  description.genesis = TRY(word(table, "genesis"));
  description.tip = TRY(block_num(table, "tip"));
  description.tip_commitment = TRY(word(table, "tip_commitment"));
  description.proven_tip = TRY(block_num(table, "proven_tip"));
  description.made_at = TRY(text(table, "made_at"));
  const toml::table* files = table["files"].as_table();
  if (files == nullptr) return damaged("it names no files");
  for (const auto& [name, value] : *files) {
    if (!is_file_name(name.str()) || !value.is_table()) {
      return damaged(fmt::format("`{}` is no file of a store", name.str()));
    }
    description.files.emplace(std::string(name.str()), TRY(file(*value.as_table())));
  }
  return description;
}

}  // namespace

uint64_t SnapshotDescription::size() const {
  uint64_t total = 0;
  for (const auto& [name, file] : files) total += file.size;
  return total;
}

std::string to_toml(const SnapshotDescription& description) {
  std::string text = fmt::format(
      "# A Miden node's chain. A new node starts from it:\n"
      "#   miden-node bootstrap --snapshot DIR --data-directory DIR --genesis COMMITMENT\n"
      "# Take the commitment of the genesis block from a source you trust, not from here.\n"
      "format = {}\n"
      "genesis = \"{}\"\n"
      "tip = {}\n"
      "tip_commitment = \"{}\"\n"
      "proven_tip = {}\n"
      "made_at = \"{}\"\n\n"
      "[files]\n",
      kFormat, description.genesis.to_hex(), description.tip.value,
      description.tip_commitment.to_hex(), description.proven_tip.value, description.made_at);
  for (const auto& [name, file] : description.files) {
    text += fmt::format("\"{}\" = {{ size = {}, crc32c = \"{:08x}\" }}\n", name, file.size,
                        file.checksum);
  }
  return text;
}

Result<SnapshotDescription> read_snapshot_description(const fs::path& snapshot) {
  const fs::path file = snapshot_description_file(snapshot);
  std::error_code error;
  if (fs::symlink_status(file, error).type() != fs::file_type::regular) {
    return fail("SnapshotMissing",
                fmt::format("{} holds no snapshot: there is no file snapshot.toml in it",
                            snapshot.string()));
  }
  if (const auto size = fs::file_size(file, error); error || size > kMaxDescriptionBytes) {
    return damaged("it is too large");
  }
  const Result<Bytes> bytes = read_file(file);
  if (!bytes) {
    return fail("SnapshotMissing",
                fmt::format("cannot read {}: {}", file.string(), bytes.error().message));
  }
  try {
    return description(toml::parse(as_string_view(*bytes)));
  } catch (const toml::parse_error& wrong) {
    return damaged(fmt::format("{} (line {}, column {})", wrong.description(),
                               wrong.source().begin.line, wrong.source().begin.column));
  }
}

}  // namespace miden
