#include "chain/chain_reader.hpp"

#include <algorithm>
#include <string>

namespace miden {
namespace {

constexpr uint8_t kAbsent = 0;
constexpr size_t kBlockSize = sizeof(uint32_t);
constexpr BlockNum kLastBlock{UINT32_MAX};

// The value of a kHistory row.
std::optional<Bytes> historic_value(ByteView row) {
  if (row.empty()) throw_corrupt("an empty history row");
  if (row.front() == kAbsent) return std::nullopt;
  return Bytes(row.begin() + 1, row.end());
}

}  // namespace

void throw_corrupt(std::string_view what) {
  throw StorageError(StorageError::Kind::kCorruption,
                     "the chain's store is damaged: " + std::string(what));
}

Key history_key(Table table, const Key& key, BlockNum replaced_at) {
  return Key().u8(static_cast<uint8_t>(table)).bytes(key.view()).u32(replaced_at.value);
}

ChainReader::ChainReader(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<PastBlocks> past)
    : snapshot_(std::move(snapshot)), past_(std::move(past)) {}

std::optional<uint32_t> ChainReader::meta(MetaKey key) const {
  const std::optional<Bytes> row = rows().get(kMeta, meta_key(key));
  if (!row) return std::nullopt;
  return KeyReader(*row).u32();
}

std::optional<SignedHeader> ChainReader::header(BlockNum block) const {
  if (!past_) return read_header(block);
  if (const auto known = past_->headers.find(block.value)) return **known;
  std::optional<SignedHeader> read = read_header(block);
  if (read) past_->headers.remember(block.value, std::make_shared<const SignedHeader>(*read));
  return read;
}

std::optional<SignedHeader> ChainReader::read_header(BlockNum block) const {
  const std::optional<Bytes> row = rows().get(kHeaders, block_key(block));
  if (!row) return std::nullopt;
  ByteReader reader(*row);
  const Word commitment = expect_sound(Word::decode(reader));
  BlockHeader header = expect_sound(BlockHeader::decode(reader));
  const Signature signature = expect_sound(Signature::decode(reader));
  return SignedHeader{std::move(header), signature, commitment};
}

std::shared_ptr<const NoteTags> ChainReader::note_tags(BlockNum block) const {
  if (past_) {
    if (const auto known = past_->note_tags.find(block.value)) return *known;
  }
  auto tags = std::make_shared<const NoteTags>(read_note_tags(block));
  if (past_) past_->note_tags.remember(block.value, tags);
  return tags;
}

NoteTags ChainReader::read_note_tags(BlockNum block) const {
  NoteTags tags;
  for (Cursor row = rows().rows_with_prefix(kNotes, block_key(block)); row.valid(); row.next()) {
    ByteReader note(row.value());
    expect_sound(NoteId::decode(note));
    const NoteMetadata metadata = expect_sound(NoteMetadata::decode(note));
    KeyReader key(row.key());
    key.u32();
    tags.emplace_back(metadata.partial.tag, key.u16());
  }
  std::ranges::sort(tags);
  return tags;
}

std::vector<std::optional<Bytes>> ChainReader::rows_at(Table table, std::span<const Key> keys,
                                                       std::optional<BlockNum> at) const {
  if (!at) return rows().get_many(table, keys);
  // The first value that was replaced after `at` is the one that held then.
  std::vector<std::optional<Bytes>> values(keys.size());
  std::vector<Key> unchanged;
  std::vector<size_t> unchanged_places;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto older = rows().first(kHistory, history_key(table, keys[i], at->next()),
                                    history_key(table, keys[i], kLastBlock));
    if (older) {
      values[i] = historic_value(older->second);
    } else {
      unchanged.push_back(keys[i]);
      unchanged_places.push_back(i);
    }
  }
  std::vector<std::optional<Bytes>> newest = rows().get_many(table, unchanged);
  for (size_t i = 0; i < newest.size(); ++i) values[unchanged_places[i]] = std::move(newest[i]);
  return values;
}

std::optional<Bytes> ChainReader::row_at(Table table, const Key& key,
                                         std::optional<BlockNum> at) const {
  if (!at) return rows().get(table, key);
  return std::move(rows_at(table, {&key, 1}, at).front());
}

std::vector<std::pair<Key, std::optional<Bytes>>> ChainReader::older_rows(Table table,
                                                                          const Key& prefix,
                                                                          size_t rest_size,
                                                                          BlockNum at) const {
  std::vector<std::pair<Key, std::optional<Bytes>>> older;
  const Key first = Key().u8(static_cast<uint8_t>(table)).bytes(prefix.view());
  const size_t key_size = prefix.size() + rest_size;
  for (Cursor row = rows().rows_with_prefix(kHistory, first); row.valid(); row.next()) {
    if (row.key().size() != 1 + key_size + kBlockSize) throw_corrupt("a history key's length");
    KeyReader reader(row.key().subspan(1));
    const Key key = Key().bytes(reader.bytes(key_size));
    if (reader.u32() <= at.value) continue;
    if (!older.empty() && older.back().first == key) continue;
    older.emplace_back(key, historic_value(row.value()));
  }
  return older;
}

Cursor ChainReader::rows_of_blocks(Table table, const Key& prefix, BlockRange range) const {
  Key lower = prefix;
  Key upper = prefix;
  return rows().rows(table, lower.u32(range.from.value), upper.u32(range.to.next().value));
}

MmrNodeReader ChainReader::chain_nodes() const {
  return [this](uint64_t index) {
    if (past_) {
      if (const auto known = past_->chain_nodes.find(index)) return *known;
    }
    const std::optional<Bytes> row = rows().get(kChainNodes, Key().u64(index));
    if (!row) throw_corrupt("a node of the chain's Merkle mountain range is missing");
    const Word node = decode_stored<Word>(*row);
    if (past_) past_->chain_nodes.remember(index, node);
    return node;
  };
}

}  // namespace miden
