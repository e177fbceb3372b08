#include "oracle_file.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace miden {
namespace {

constexpr std::string_view kMagic = "oracle 1\n";
// Flags of a record.
constexpr uint8_t kAccepted = 1;
constexpr uint8_t kUnordered = 2;
constexpr uint8_t kSameBytes = 4;
constexpr uint8_t kPanicked = 8;
constexpr uint8_t kDamaged = 16;

Result<std::string_view> read_text(ByteReader& reader, size_t size) {
  const ByteView text = TRY(reader.bytes(size));
  return std::string_view(reinterpret_cast<const char*>(text.data()), text.size());
}

Result<OracleCase> read_case(ByteReader& reader) {
  OracleCase result;
  result.name = TRY(read_text(reader, TRY(reader.u8())));
  const uint8_t flags = TRY(reader.u8());
  result.is_accepted = (flags & kAccepted) != 0;
  result.is_unordered = (flags & kUnordered) != 0;
  result.panicked = (flags & kPanicked) != 0;
  result.is_damaged = (flags & kDamaged) != 0;
  result.input = TRY(reader.bytes(TRY(reader.u32())));
  result.encoding = TRY(reader.bytes(TRY(reader.u32())));
  if ((flags & kSameBytes) != 0) result.encoding = result.input;
  result.words = TRY(decode_items<Word>(reader, TRY(reader.u8())));
  return result;
}

Result<std::vector<OracleCase>> read_cases(ByteView bytes) {
  ByteReader reader(bytes);
  if (TRY(read_text(reader, kMagic.size())) != kMagic) return fail("InvalidValue", "other format");
  std::vector<OracleCase> cases;
  while (reader.remaining() > 0) cases.push_back(TRY(read_case(reader)));
  return cases;
}

}  // namespace

OracleFile read_oracle_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  OracleFile file;
  file.bytes.assign(std::istreambuf_iterator<char>(in), {});
  Result<std::vector<OracleCase>> cases = read_cases(file.bytes);
  if (!cases) throw std::runtime_error(path + ": " + cases.error().message);
  file.cases = std::move(*cases);
  return file;
}

}  // namespace miden
