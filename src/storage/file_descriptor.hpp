// An open file's number, closed with its owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace miden {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  // Takes what open(2) and its kin return; -1 is none.
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }

 private:
  int number_ = -1;
};

}  // namespace miden
