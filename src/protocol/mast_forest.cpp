#include "protocol/mast_forest.hpp"

#include <algorithm>

#include "protocol/decoding.hpp"
#include "protocol/mast_block.hpp"
#include "protocol/mast_debug_info.hpp"
#include "protocol/mast_sections.hpp"

namespace miden {
namespace {

// Several nodes may refer to the same or to overlapping block data, and each gets its own copy when
// the forest is written: what is written may exceed what was read by this factor at most. Forests
// that anyone assembled do not overlap.
constexpr size_t kMaxBlockGrowth = 16;

// The forest's block data laid out as the reference writes it, block after block in node order;
// `entries` gets the nodes that refer to it.
Result<void> lay_out_nodes(const MastSections& sections, ByteWriter& blocks, ByteWriter& entries) {
  const size_t node_count = sections.node_count();
  const size_t max_size = kMaxBlockGrowth * (sections.blocks.size() + 1);
  BasicBlockReader block_reader(sections.blocks);
  size_t external_count = 0;
  blocks.reserve(sections.blocks.size());
  entries.reserve(sections.entries.size());
  for (size_t node = 0; node < node_count; ++node) {
    MastNodeEntry entry = TRY(MastNodeEntry::unpack(read_u64(sections.entries, node)));
    if (entry.kind == MastNodeKind::kBlock) {
      const BasicBlock block = TRY(block_reader.read(entry.first));
      entry.first = static_cast<uint32_t>(blocks.size());
      block.encode(blocks);
      if (blocks.size() > max_size) return invalid_value("basic blocks share too much data");
    } else if (entry.kind == MastNodeKind::kExternal) {
      ++external_count;
    } else if ((entry.child_count() > 0 && entry.first >= node_count) ||
               (entry.child_count() > 1 && entry.second >= node_count)) {
      return invalid_value("a MAST node's child is not in the forest");
    }
    entries.u64(entry.pack());
  }
  if (external_count != sections.external_count) {
    return invalid_value("the header's number of external nodes differs from theirs");
  }
  return {};
}

Result<std::vector<Word>> read_digests(const MastSections& sections) {
  ByteReader external(sections.external_digests);
  ByteReader internal(sections.internal_digests);
  std::vector<Word> digests;
  digests.reserve(sections.node_count());
  for (size_t node = 0; node < sections.node_count(); ++node) {
    const bool is_external = sections.entry(node).kind == MastNodeKind::kExternal;
    digests.push_back(TRY(Word::decode(is_external ? external : internal)));
  }
  return digests;
}

Result<std::vector<uint32_t>> read_roots(const MastSections& sections) {
  std::vector<uint32_t> roots;
  roots.reserve(std::min(sections.roots.size() / 4, sections.node_count()));
  std::vector<bool> seen(sections.node_count());
  for (size_t i = 0; i < sections.roots.size() / 4; ++i) {
    const uint32_t root = read_u32(sections.roots, i);
    if (root >= sections.node_count())
      return invalid_value("a procedure root is not in the forest");
    if (seen[root]) continue;
    seen[root] = true;
    roots.push_back(root);
  }
  return roots;
}

Result<void> transcode_advice_map(ByteReader& reader, ByteWriter& writer) {
  const size_t count = TRY(reader.count(33));
  std::vector<std::pair<Word, ByteView>> entries;
  for (size_t i = 0; i < count; ++i) {
    const Word key = TRY(Word::decode(reader));
    const size_t length = TRY(reader.count(8));
    const ByteView values = TRY(reader.bytes(8 * length));
    for (size_t j = 0; j < length; ++j) TRY(Felt::parse(read_u64(values, j)));
    entries.emplace_back(key, values);
  }
  sort_last_wins(entries);
  writer.vint(entries.size());
  for (const auto& [key, values] : entries) {
    key.encode(writer);
    writer.vint(values.size() / 8);
    writer.bytes(values);
  }
  return {};
}

}  // namespace

Result<MastForest> MastForest::decode(ByteReader& reader) {
  const MastSections sections = TRY(MastSections::read(reader));
  ByteWriter blocks;
  ByteWriter entries;
  TRY(lay_out_nodes(sections, blocks, entries));

  MastForest forest;
  forest.digests_ = TRY(read_digests(sections));
  forest.roots_ = TRY(read_roots(sections));

  ByteWriter writer;
  writer.reserve(64 + 4 * forest.roots_.size() + blocks.size() + 40 * sections.node_count() +
                 std::min<size_t>(reader.remaining(), 4096));
  write_mast_header(writer, sections);
  writer.vint(forest.roots_.size());
  for (const uint32_t root : forest.roots_) writer.u32(root);
  writer.length_prefixed(blocks.view());
  writer.bytes(entries.view());
  writer.bytes(sections.external_digests);
  writer.bytes(sections.internal_digests);
  TRY(transcode_advice_map(reader, writer));
  forest.debug_info_offset_ = writer.size();
  if (sections.stripped) {
    write_empty_debug_info(writer, sections.node_count());
  } else {
    TRY(transcode_debug_info(reader, writer));
  }
  // Forests are kept: give back what the writer grew beyond its content.
  forest.bytes_ = std::make_shared<const Bytes>(writer.view().begin(), writer.view().end());
  return forest;
}

const std::shared_ptr<const Bytes>& MastForest::empty_forest() {
  static const std::shared_ptr<const Bytes> bytes = [] {
    ByteWriter writer;
    write_mast_header(writer, MastSections());
    writer.vint(0);  // roots
    writer.vint(0);  // block data
    writer.vint(0);  // advice map
    write_empty_debug_info(writer, 0);
    return std::make_shared<const Bytes>(std::move(writer).take());
  }();
  return bytes;
}

Result<Word> MastForest::digest_of(uint32_t node) const {
  if (node >= digests_.size()) {
    return fail("InvalidNodeId", "node " + std::to_string(node) + " is not in the MAST forest of " +
                                     std::to_string(digests_.size()) + " nodes");
  }
  return digests_[node];
}

bool MastForest::has_procedure(const Word& root) const {
  return std::ranges::any_of(roots_, [&](uint32_t node) { return digests_[node] == root; });
}

MastForest MastForest::without_debug_info() const {
  if (debug_info_offset_ == 0) return *this;  // made, not decoded: the empty forest has none
  ByteWriter writer;
  writer.reserve(debug_info_offset_ + 64 + node_count());
  writer.bytes(ByteView(*bytes_).first(debug_info_offset_));
  write_empty_debug_info(writer, node_count());
  MastForest forest = *this;
  forest.bytes_ = std::make_shared<const Bytes>(std::move(writer).take());
  return forest;
}

}  // namespace miden
