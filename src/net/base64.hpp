// Base64 with the alphabet of RFC 4648 §4, for gRPC-Web bodies and binary metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace miden {

enum class Base64Padding { kPadded, kUnpadded };

std::string to_base64(std::string_view bytes, Base64Padding padding = Base64Padding::kPadded);

// One value, padded or not. Nothing if it is not base64.
std::optional<std::string> from_base64(std::string_view text);

// Text that arrives in pieces. Padding may end any group of four, not only the last: a sender may
// encode each piece of its body by itself.
class Base64Stream {
 public:
  // Appends what is decodable to `bytes`. False: not base64.
  bool add(std::string_view text, std::string& bytes);
  // Whether the text so far ends with a whole group.
  bool is_complete() const { return count_ == 0; }

 private:
  char group_[4] = {};
  size_t count_ = 0;
};

}  // namespace miden
