// Batches of new leaves into grown trees.
#pragma once

#include <memory>

#include "measured.hpp"
#include "merkle/memory_smt_store.hpp"

namespace miden {

class GrownTree {
 public:
  explicit GrownTree(size_t leaves);
  size_t leaves() const { return leaves_; }
  // Computes the batch's changes on so many threads and puts them in. The tree is as before
  // afterwards.
  Measured insert_batch(size_t threads);

 private:
  size_t leaves_;
  MemorySmtStore store_;
};

}  // namespace miden
