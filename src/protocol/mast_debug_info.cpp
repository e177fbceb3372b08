#include "protocol/mast_debug_info.hpp"

#include <array>
#include <map>
#include <string_view>

#include "crypto/word.hpp"
#include "protocol/decoding.hpp"
#include "protocol/mast_sections.hpp"

namespace miden {
namespace {

// Distinct strings may overlap in a string table, so that few bytes stand for many: what is written
// may exceed what was read by this factor at most. Honest tables do not overlap.
constexpr size_t kMaxStringGrowth = 16;

// A list of numbers as it was copied through.
struct Pointers {
  size_t count = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  bool ascending = true;
};

// A list of 32-bit ids as it was copied through.
struct Ids {
  size_t count = 0;
  uint32_t highest = 0;
  bool all_below(size_t limit) const { return count == 0 || highest < limit; }
};

// Most of debug information is lists like this, of numbers that take one byte each.
Result<Pointers> copy_pointers(ByteReader& reader, ByteWriter& writer) {
  Pointers pointers;
  pointers.count = TRY(reader.count(1));
  writer.vint(pointers.count);
  const ByteView bytes = reader.rest();
  size_t position = 0;
  for (size_t i = 0; i < pointers.count; ++i) {
    if (position >= bytes.size()) return ByteReader::end_of_file();
    uint64_t pointer = bytes[position] >> 1;
    if ((bytes[position] & 1) != 0) {
      writer.u8(bytes[position++]);
    } else {
      ByteReader rest(bytes.subspan(position));
      pointer = TRY(rest.vint());
      position = bytes.size() - rest.remaining();
      writer.vint(pointer);
    }
    if (i == 0) pointers.first = pointer;
    pointers.ascending &= i == 0 || pointers.last <= pointer;
    pointers.last = pointer;
  }
  TRY(reader.bytes(position));
  return pointers;
}

Result<Ids> copy_ids(ByteReader& reader, ByteWriter& writer) {
  Ids ids;
  ids.count = TRY(reader.count(4));
  const ByteView raw = TRY(reader.bytes(4 * ids.count));
  for (size_t i = 0; i < ids.count; ++i) ids.highest = std::max(ids.highest, read_u32(raw, i));
  writer.vint(ids.count);
  writer.bytes(raw);
  return ids;
}

Result<void> copy_text(ByteReader& reader, ByteWriter& writer) {
  writer.string(TRY(reader.text()));
  return {};
}

// Rows of ids: row i is [pointers[i], pointers[i+1]). A matrix without pointers is not looked at.
Result<void> check_rows(const Ids& ids, const Pointers& pointers, size_t limit) {
  if (pointers.count == 0) return {};
  if (pointers.first != 0 || !pointers.ascending || pointers.last != ids.count) {
    return invalid_value("row pointers of debug information do not fit its data");
  }
  if (!ids.all_below(limit)) return invalid_value("an id of debug information is out of range");
  return {};
}

Result<void> copy_id_rows(ByteReader& reader, ByteWriter& writer, size_t limit) {
  const Ids ids = TRY(copy_ids(reader, writer));
  return check_rows(ids, TRY(copy_pointers(reader, writer)), limit);
}

// Rows of (operation index, id).
Result<void> copy_operation_rows(ByteReader& reader, ByteWriter& writer, size_t limit) {
  Ids ids;
  ids.count = TRY(reader.count(5));
  writer.vint(ids.count);
  for (size_t i = 0; i < ids.count; ++i) {
    writer.vint(TRY(reader.vint()));
    const uint32_t id = TRY(reader.u32());
    writer.u32(id);
    ids.highest = std::max(ids.highest, id);
  }
  return check_rows(ids, TRY(copy_pointers(reader, writer)), limit);
}

// Two levels of rows: operations to ids, nodes to operations.
Result<void> copy_two_level_rows(ByteReader& reader, ByteWriter& writer, size_t limit) {
  const auto broken = [] {
    return invalid_value("index structure of debug information is broken");
  };
  const Ids ids = TRY(copy_ids(reader, writer));
  const Pointers operations = TRY(copy_pointers(reader, writer));
  const Pointers nodes = TRY(copy_pointers(reader, writer));
  if (ids.count == 0 && operations.count == 0) {
    if (nodes.count > 0 && (nodes.first != 0 || nodes.last != 0 || !nodes.ascending))
      return broken();
    return {};
  }
  if (operations.count == 0 || operations.first != 0 || !operations.ascending ||
      operations.last != ids.count) {
    return broken();
  }
  if (nodes.count == 0 || nodes.first != 0 || !nodes.ascending ||
      nodes.last > operations.count - 1) {
    return broken();
  }
  if (!ids.all_below(limit)) return invalid_value("an id of debug information is out of range");
  return {};
}

// Bytes of operands in the decorator data, by kind of decorator: stack, stack top, memory, memory
// interval, local interval, advice stack top, trace.
constexpr std::array<uint8_t, 7> kDecoratorOperandSizes = {0, 1, 0, 8, 6, 2, 4};

// Gives the number of decorators.
Result<size_t> transcode_decorators(ByteReader& reader, ByteWriter& writer) {
  const ByteView data = TRY(reader.length_prefixed());
  const size_t offset_count = TRY(reader.count(1));  // the string table, which no decorator uses
  for (size_t i = 0; i < offset_count; ++i) TRY(reader.vint());
  TRY(reader.length_prefixed());

  const size_t count = TRY(reader.count(5));
  ByteWriter new_data;
  ByteWriter records;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t kind = TRY(reader.u8());
    const uint32_t offset = TRY(reader.u32());
    if (kind >= kDecoratorOperandSizes.size()) {
      return invalid_value("unknown kind of decorator: " + std::to_string(kind));
    }
    if (offset > data.size()) return invalid_value("a decorator's data lies out of bounds");
    const size_t size = kDecoratorOperandSizes[kind];
    if (data.size() - offset < size) return ByteReader::end_of_file();
    records.u8(kind);
    records.u32(size == 0 ? 0 : static_cast<uint32_t>(new_data.size()));
    new_data.bytes(data.subspan(offset, size));
  }
  writer.length_prefixed(new_data.view());
  writer.vint(0);
  writer.vint(0);
  writer.vint(count);
  writer.bytes(records.view());
  return count;
}

// The string table of the assembly operations, rebuilt in the order of first use without
// repetition.
class StringTable {
 public:
  static Result<StringTable> read(ByteReader& reader) {
    StringTable table;
    const size_t count = TRY(reader.count(1));
    table.offsets_.resize(count);
    for (uint64_t& offset : table.offsets_) offset = TRY(reader.vint());
    table.data_ = TRY(reader.length_prefixed());
    table.new_indices_.assign(count, kUnused);
    table.new_data_.reserve(table.data_.size());
    return table;
  }

  // The new index of the string that had `index`.
  Result<uint32_t> use(uint64_t index) {
    if (index >= offsets_.size()) return invalid_value("no such string in the string table");
    uint32_t& known = new_indices_[static_cast<size_t>(index)];
    if (known != kUnused) return known;
    const uint64_t offset = offsets_[static_cast<size_t>(index)];
    if (offset > data_.size()) return invalid_value("a string's data lies out of bounds");
    ByteReader reader(data_.subspan(static_cast<size_t>(offset)));
    const std::string_view text = TRY(reader.text());
    read_size_ += text.size();
    if (read_size_ / kMaxStringGrowth > data_.size()) {
      return invalid_value("overlapping strings in the string table");
    }
    const auto [entry, is_new] = by_text_.try_emplace(text, static_cast<uint32_t>(by_text_.size()));
    if (is_new) {
      new_offsets_.vint(new_data_.size());
      new_data_.string(text);
    }
    return known = entry->second;
  }

  void write(ByteWriter& writer) const {
    writer.vint(by_text_.size());
    writer.bytes(new_offsets_.view());
    writer.length_prefixed(new_data_.view());
  }

 private:
  static constexpr uint32_t kUnused = UINT32_MAX;
  std::vector<uint64_t> offsets_;
  ByteView data_;
  std::vector<uint32_t> new_indices_;
  std::map<std::string_view, uint32_t> by_text_;
  size_t read_size_ = 0;
  ByteWriter new_offsets_;
  ByteWriter new_data_;
};

Result<void> transcode_assembly_operation(ByteReader reader, StringTable& strings,
                                          ByteWriter& writer) {
  writer.u8(TRY(reader.u8()));  // cycles
  const bool has_location = TRY(reader.boolean());
  writer.boolean(has_location);
  if (has_location) {
    writer.vint(TRY(strings.use(TRY(reader.vint()))));
    writer.bytes(TRY(reader.bytes(8)));  // first and last byte in the source file
  }
  writer.vint(TRY(strings.use(TRY(reader.vint()))));  // context
  writer.vint(TRY(strings.use(TRY(reader.vint()))));  // operation
  return {};
}

// Gives the number of assembly operations.
Result<size_t> transcode_assembly_operations(ByteReader& reader, ByteWriter& writer) {
  const ByteView data = TRY(reader.length_prefixed());
  StringTable strings = TRY(StringTable::read(reader));
  const size_t count = TRY(reader.count(4));
  ByteWriter new_data;
  ByteWriter offsets;
  new_data.reserve(data.size());
  offsets.reserve(4 * count);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t offset = TRY(reader.u32());
    if (offset >= data.size()) return invalid_value("an assembly operation lies out of bounds");
    offsets.u32(static_cast<uint32_t>(new_data.size()));
    TRY(transcode_assembly_operation(ByteReader(data.subspan(offset)), strings, new_data));
  }
  writer.length_prefixed(new_data.view());
  strings.write(writer);
  writer.vint(count);
  writer.bytes(offsets.view());
  return count;
}

Result<void> copy_variable_location(ByteReader& reader, ByteWriter& writer) {
  const uint8_t tag = TRY(reader.u8());
  writer.u8(tag);
  switch (tag) {
    case 0:  // stack position
      writer.u8(TRY(reader.u8()));
      return {};
    case 1:  // memory address
      writer.u32(TRY(reader.u32()));
      return {};
    case 2:  // constant, reduced rather than refused
      writer.u64(Felt::reduce(TRY(reader.u64())).value());
      return {};
    case 3:  // offset of a local
      writer.u16(TRY(reader.u16()));
      return {};
    case 4:  // expression
      writer.length_prefixed(TRY(reader.length_prefixed()));
      return {};
    case 5:  // global and offset
      writer.bytes(TRY(reader.bytes(12)));
      return {};
    default:
      return invalid_value("unknown location of a variable: " + std::to_string(tag));
  }
}

Result<void> copy_optional_u32(ByteReader& reader, ByteWriter& writer, bool may_be_zero) {
  const bool present = TRY(reader.boolean());
  writer.boolean(present);
  if (!present) return {};
  const uint32_t value = TRY(reader.u32());
  if (value == 0 && !may_be_zero) return invalid_value("a number that must not be zero");
  writer.u32(value);
  return {};
}

// Gives the number of variables.
Result<size_t> copy_variables(ByteReader& reader, ByteWriter& writer) {
  const size_t count = TRY(reader.count(6));
  writer.vint(count);
  for (size_t i = 0; i < count; ++i) {
    TRY(copy_text(reader, writer));  // name
    TRY(copy_variable_location(reader, writer));
    TRY(copy_optional_u32(reader, writer, true));   // type
    TRY(copy_optional_u32(reader, writer, false));  // argument
    const bool has_source = TRY(reader.boolean());
    writer.boolean(has_source);
    if (!has_source) continue;
    TRY(copy_text(reader, writer));  // file
    for (int j = 0; j < 2; ++j) {    // line and column
      const uint32_t number = TRY(reader.u32());
      if (number == 0) return invalid_value("line and column numbers start at one");
      writer.u32(number);
    }
  }
  return count;
}

// A map to text, sorted by key.
template <class Key, class ReadKey, class WriteKey>
Result<void> transcode_names(ByteReader& reader, ByteWriter& writer, ReadKey read_key,
                             WriteKey write_key) {
  const size_t count = TRY(reader.count(9));
  std::vector<std::pair<Key, std::string_view>> names;
  for (size_t i = 0; i < count; ++i) {
    const Key key = TRY(read_key());
    names.emplace_back(key, TRY(reader.text()));
  }
  sort_last_wins(names);
  writer.vint(names.size());
  for (const auto& [key, name] : names) {
    write_key(key);
    writer.string(name);
  }
  return {};
}

}  // namespace

Result<void> transcode_debug_info(ByteReader& reader, ByteWriter& writer) {
  const size_t decorators = TRY(transcode_decorators(reader, writer));
  TRY(transcode_names<uint64_t>(  // error codes
      reader, writer, [&] { return reader.u64(); }, [&](uint64_t code) { writer.u64(code); }));
  TRY(copy_two_level_rows(reader, writer, decorators));
  TRY(copy_id_rows(reader, writer, decorators));  // before a node
  TRY(copy_id_rows(reader, writer, decorators));  // after a node
  TRY(transcode_names<Word>(                      // procedures
      reader, writer, [&] { return Word::decode(reader); },
      [&](const Word& digest) { digest.encode(writer); }));
  const size_t assembly_operations = TRY(transcode_assembly_operations(reader, writer));
  TRY(copy_operation_rows(reader, writer, assembly_operations));
  const size_t variables = TRY(copy_variables(reader, writer));
  return copy_two_level_rows(reader, writer, variables);
}

void write_empty_debug_info(ByteWriter& writer, size_t node_count) {
  const auto empty_lists = [&](int count) {
    for (int i = 0; i < count; ++i) writer.vint(0);
  };
  empty_lists(1 + 2 + 1);  // decorator data, its string table, decorators
  empty_lists(1);          // error codes
  empty_lists(2);          // operations to decorators, except:
  writer.vint(node_count + 1);
  for (size_t i = 0; i <= node_count; ++i) writer.vint(0);
  empty_lists(2 + 2);      // nodes to decorators, before and after
  empty_lists(1);          // procedure names
  empty_lists(1 + 2 + 1);  // assembly operation data, its string table, assembly operations
  empty_lists(2);          // operations to assembly operations
  empty_lists(1);          // variables
  empty_lists(3);          // operations to variables
}

}  // namespace miden
