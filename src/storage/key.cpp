#include "storage/key.hpp"

#include "storage/storage_error.hpp"

namespace miden {

ByteView KeyReader::bytes(size_t size) {
  if (size > rest_.size()) {
    throw StorageError(StorageError::Kind::kCorruption, "a stored key is shorter than its fields");
  }
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

}  // namespace miden
