// What the disk did to us. Never caused by input: ends at the service's edge.
#pragma once

#include <stdexcept>
#include <string>

namespace miden {

class StorageError : public std::runtime_error {
 public:
  enum class Kind {
    kDiskFull,    // free space, then restart or retry
    kIo,          // the disk refused
    kCorruption,  // stored bytes are not what was written
    kOther,
  };
  StorageError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

}  // namespace miden
