#include "crypto/word.hpp"

namespace miden {

Result<Word> Word::from_hex(std::string_view text) {
  if (text.size() != 66 || !text.starts_with("0x")) {
    return fail("InvalidHex", "expected 0x and 64 hexadecimal digits");
  }
  return from_bytes<Word>(TRY(miden::from_hex(text.substr(2))));
}

std::string Word::to_hex() const { return "0x" + miden::to_hex(to_wire()); }

std::array<uint8_t, 32> Word::to_wire() const {
  std::array<uint8_t, 32> wire;
  std::memcpy(wire.data(), elements.data(), wire.size());
  return wire;
}

void Word::encode(ByteWriter& writer) const { writer.bytes(to_wire()); }

Result<Word> Word::decode(ByteReader& reader) {
  const ByteView wire = TRY(reader.bytes(32));
  std::array<uint64_t, 4> values;
  std::memcpy(values.data(), wire.data(), sizeof values);
  Word word;
  for (size_t i = 0; i < 4; ++i) word.elements[i] = TRY(Felt::parse(values[i]));
  return word;
}

}  // namespace miden
