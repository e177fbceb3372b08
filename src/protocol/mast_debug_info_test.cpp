#include "protocol/mast_debug_info.hpp"

#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/mast_bytes.hpp"

namespace miden {
namespace {

Bytes vints(std::initializer_list<uint64_t> values) {
  ByteWriter writer;
  for (const uint64_t value : values) writer.vint(value);
  return std::move(writer).take();
}
Bytes u32s(std::initializer_list<uint32_t> values) {
  ByteWriter writer;
  for (const uint32_t value : values) writer.u32(value);
  return std::move(writer).take();
}
Bytes text(std::string_view value) {
  ByteWriter writer;
  writer.string(value);
  return std::move(writer).take();
}

// Debug information in its thirteen parts, all empty. spec/crypto.md §13.4.
struct DebugParts {
  Bytes decorator_data = vints({0});
  Bytes decorator_strings = vints({0, 0});
  Bytes decorators = vints({0});
  Bytes error_codes = vints({0});
  Bytes operation_decorators = vints({0, 0, 0});
  Bytes node_decorators = vints({0, 0, 0, 0});
  Bytes procedure_names = vints({0});
  Bytes assembly_data = vints({0});
  Bytes assembly_strings = vints({0, 0});
  Bytes assembly_operations = vints({0});
  Bytes assembly_rows = vints({0, 0});
  Bytes variables = vints({0});
  Bytes variable_rows = vints({0, 0, 0});

  Bytes bytes() const {
    return decorator_data + decorator_strings + decorators + error_codes + operation_decorators +
           node_decorators + procedure_names + assembly_data + assembly_strings +
           assembly_operations + assembly_rows + variables + variable_rows;
  }
};

// What is written for the parts, or the error's code.
std::string transcoded(const DebugParts& parts) {
  const Bytes bytes = parts.bytes();
  ByteReader reader(bytes);
  ByteWriter writer;
  const Result<void> done = transcode_debug_info(reader, writer);
  if (!done) return std::string(done.error().code);
  EXPECT_EQ(reader.remaining(), 0u);
  return to_hex(writer.view());
}
std::string unchanged(const DebugParts& parts) { return to_hex(parts.bytes()); }

// Two decorators: trace 7 and "stack top" 3.
DebugParts with_decorators() {
  DebugParts parts;
  parts.decorator_data = vints({5}) + u32s({7}) + Bytes{3};
  parts.decorators = vints({2}) + Bytes{6} + u32s({0}) + Bytes{1} + u32s({4});
  return parts;
}

// Two assembly operations: "add" in "main" of file "f", "mul" in "main".
DebugParts with_assembly_operations() {
  DebugParts parts;
  const Bytes records =
      Bytes{1, 1} + vints({0}) + u32s({10, 12}) + vints({1, 2}) + Bytes{4, 0} + vints({1, 3});
  parts.assembly_data = vints({records.size()}) + records;
  const Bytes strings = text("f") + text("main") + text("add") + text("mul");
  parts.assembly_strings = vints({4, 0, 2, 7, 11, strings.size()}) + strings;
  parts.assembly_operations = vints({2}) + u32s({0, 13});
  return parts;
}

TEST(DebugInfo, CopiesCanonicalBytes) {
  EXPECT_EQ(transcoded(DebugParts()), unchanged(DebugParts()));
  DebugParts parts = with_assembly_operations();
  const DebugParts decorated = with_decorators();
  parts.decorator_data = decorated.decorator_data;
  parts.decorators = decorated.decorators;
  parts.operation_decorators = vints({3}) + u32s({0, 1, 1}) + vints({3, 0, 1, 3, 2, 0, 2});
  parts.node_decorators = vints({1}) + u32s({1}) + vints({3, 0, 1, 1}) + vints({0, 2, 0, 0});
  parts.error_codes = vints({2}) + Bytes{1, 0, 0, 0, 0, 0, 0, 0} + text("one") +
                      Bytes{2, 0, 0, 0, 0, 0, 0, 0} + text("");
  parts.procedure_names = vints({1}) + Bytes(32, 0) + text("main::run");
  parts.assembly_rows =
      vints({2}) + vints({0}) + u32s({1}) + vints({700}) + u32s({0}) + vints({3, 0, 1, 2});
  parts.variables = vints({2}) + text("x") + Bytes{0, 9, 0, 0, 0} + text("y") + Bytes{4} +
                    text("expr") + Bytes{1} + u32s({3}) + Bytes{1} + u32s({1}) + Bytes{1} +
                    text("f") + u32s({1, 2});
  parts.variable_rows = vints({1}) + u32s({1}) + vints({2, 0, 1, 2, 0, 1});
  EXPECT_EQ(transcoded(parts), unchanged(parts));

  const Bytes whole = parts.bytes();
  for (size_t length = 0; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    ByteReader reader(cut);
    ByteWriter writer;
    EXPECT_FALSE(transcode_debug_info(reader, writer)) << length;
  }
}

TEST(DebugInfo, WritesTheEmptyFormOfItsNumberOfNodes) {
  for (const size_t nodes : {0, 1, 200}) {
    ByteWriter writer;
    write_empty_debug_info(writer, nodes);
    EXPECT_EQ(to_hex(writer.view()), to_hex(empty_debug_info(nodes)));
  }
}

TEST(DebugInfo, PacksDecoratorDataAndForgetsItsStrings) {
  DebugParts parts = with_decorators();
  parts.decorator_data = vints({7}) + Bytes{3, 0xee} + u32s({7}) + Bytes{0xee};
  parts.decorators = vints({2}) + Bytes{6} + u32s({2}) + Bytes{1} + u32s({0});
  parts.decorator_strings = vints({1, 99, 2}) + Bytes{1, 2};
  EXPECT_EQ(transcoded(parts), unchanged(with_decorators()));
}

TEST(DebugInfo, RefusesDecoratorsThatDoNotFitTheirData) {
  DebugParts parts = with_decorators();
  parts.decorators = vints({1}) + Bytes{7} + u32s({0});
  EXPECT_EQ(transcoded(parts), "InvalidValue");
  parts.decorators = vints({1}) + Bytes{0} + u32s({6});
  EXPECT_EQ(transcoded(parts), "InvalidValue");
  parts.decorators = vints({1}) + Bytes{6} + u32s({2});
  EXPECT_EQ(transcoded(parts), "UnexpectedEOF");
}

TEST(DebugInfo, RebuildsTheStringTableInOrderOfUse) {
  DebugParts parts = with_assembly_operations();
  // The same strings shuffled, one unused, "main" twice; the second record first.
  const Bytes records =
      Bytes{4, 0} + vints({4, 0}) + Bytes{1, 1} + vints({3}) + u32s({10, 12}) + vints({2, 1});
  parts.assembly_data = vints({records.size()}) + records;
  const Bytes strings = text("mul") + text("add") + text("main") + text("f") + text("main");
  parts.assembly_strings = vints({6, 0, 4, 8, 13, 15, 900, strings.size()}) + strings;
  parts.assembly_operations = vints({2}) + u32s({4, 0});
  EXPECT_EQ(transcoded(parts), unchanged(with_assembly_operations()));
}

TEST(DebugInfo, RefusesAssemblyOperationsThatDoNotFitTheirData) {
  DebugParts parts = with_assembly_operations();
  parts.assembly_operations = vints({1}) + u32s({17});
  EXPECT_EQ(transcoded(parts), "InvalidValue");
  parts = with_assembly_operations();
  parts.assembly_strings = vints({2, 0, 2, 7}) + text("f") + text("main");
  EXPECT_EQ(transcoded(parts), "InvalidValue");  // no third string
  parts = with_assembly_operations();
  parts.assembly_strings =
      vints({4, 0, 2, 7, 99, 15}) + text("f") + text("main") + text("add") + text("mul");
  EXPECT_EQ(transcoded(parts), "InvalidValue");  // a string beyond the data
}

TEST(DebugInfo, RefusesStringsThatOverlapBeyondMeasure) {
  // 0x7f is both a letter and the length 63: every byte of 127 starts a string over the next 63.
  const auto with_strings = [](uint8_t count) {
    DebugParts parts;
    Bytes table = vints({count});
    Bytes records;
    Bytes offsets = vints({count});
    for (uint8_t i = 0; i < count; ++i) {
      table = table + vints({i});
      offsets = offsets + u32s({static_cast<uint32_t>(records.size())});
      records = records + Bytes{0, 0} + vints({i, i});
    }
    parts.assembly_strings = table + vints({127}) + Bytes(127, 0x7f);
    parts.assembly_data = vints({records.size()}) + records;
    parts.assembly_operations = offsets;
    return transcoded(parts);
  };
  EXPECT_NE(with_strings(16), "InvalidValue");
  EXPECT_EQ(with_strings(60), "InvalidValue");
}

TEST(DebugInfo, SortsNamesAndKeepsTheLastOfEqualKeys) {
  const auto code = [](uint8_t number) { return Bytes{number, 0, 0, 0, 0, 0, 0, 0}; };
  DebugParts parts;
  parts.error_codes = vints({3}) + code(5) + text("x") + code(1) + text("y") + code(5) + text("z");
  DebugParts sorted;
  sorted.error_codes = vints({2}) + code(1) + text("y") + code(5) + text("z");
  EXPECT_EQ(transcoded(parts), unchanged(sorted));
  parts.error_codes = vints({1}) + code(5) + vints({1}) + Bytes{0xff};
  EXPECT_EQ(transcoded(parts), "InvalidValue");  // not UTF-8
}

TEST(DebugInfo, ChecksRows) {
  const auto with_rows = [](const Bytes& rows) {
    DebugParts parts = with_decorators();
    parts.node_decorators = rows + vints({0, 0});
    return transcoded(parts);
  };
  const Bytes two_ids = vints({2}) + u32s({0, 1});
  EXPECT_NE(with_rows(two_ids + vints({3, 0, 1, 2})), "InvalidValue");
  EXPECT_NE(with_rows(vints({1}) + u32s({9}) + vints({0})), "InvalidValue");  // not looked at
  EXPECT_EQ(with_rows(two_ids + vints({3, 1, 1, 2})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({4, 0, 2, 1, 2})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({2, 0, 1})), "InvalidValue");
  EXPECT_EQ(with_rows(vints({1}) + u32s({2}) + vints({2, 0, 1})), "InvalidValue");
}

TEST(DebugInfo, ChecksRowsOfTwoLevels) {
  const auto with_rows = [](const Bytes& rows) {
    DebugParts parts = with_decorators();
    parts.operation_decorators = rows;
    return transcoded(parts);
  };
  const Bytes two_ids = vints({2}) + u32s({0, 1});
  EXPECT_NE(with_rows(two_ids + vints({3, 0, 1, 2}) + vints({2, 0, 2})), "InvalidValue");
  EXPECT_NE(with_rows(vints({0, 0}) + vints({3, 0, 0, 0})), "InvalidValue");
  EXPECT_EQ(with_rows(vints({0, 0}) + vints({2, 0, 1})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({0}) + vints({0})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({2, 0, 1}) + vints({1, 0})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({2, 1, 2}) + vints({1, 0})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({2, 0, 2}) + vints({0})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({2, 0, 2}) + vints({2, 0, 2})), "InvalidValue");
  EXPECT_EQ(with_rows(two_ids + vints({2, 0, 2}) + vints({1, 1})), "InvalidValue");
  EXPECT_EQ(with_rows(vints({1}) + u32s({2}) + vints({2, 0, 1}) + vints({1, 0})), "InvalidValue");
}

TEST(DebugInfo, ChecksVariables) {
  const auto with_variable = [](const Bytes& rest) {
    DebugParts parts;
    parts.variables = vints({1}) + text("x") + rest;
    return transcoded(parts);
  };
  EXPECT_EQ(with_variable(Bytes{6, 0, 0, 0}), "InvalidValue");
  EXPECT_EQ(with_variable(Bytes{0, 0, 0, 1} + u32s({0}) + Bytes{0}), "InvalidValue");
  EXPECT_EQ(with_variable(Bytes{0, 0, 0, 0, 1} + text("f") + u32s({0, 1})), "InvalidValue");
  EXPECT_EQ(with_variable(Bytes{0, 0, 0, 0, 1} + text("f") + u32s({1, 0})), "InvalidValue");
  // A constant is reduced, not refused.
  DebugParts parts;
  parts.variables = vints({1}) + text("x") + Bytes{2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  DebugParts beyond = parts;
  beyond.variables = vints({1}) + text("x") + Bytes{2, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0};
  EXPECT_EQ(transcoded(beyond), unchanged(parts));
}

}  // namespace
}  // namespace miden
