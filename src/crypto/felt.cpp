#include "crypto/felt.hpp"

namespace miden {

std::unexpected<Error> Felt::invalid_felt(uint64_t value) {
  return invalid_value("value " + std::to_string(value) + " is not a valid felt");
}

}  // namespace miden
