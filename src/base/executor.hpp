// Where parallel work may run. Libraries that start no threads take an Executor; programs decide.
#pragma once

#include <cstddef>
#include <functional>

namespace miden {

class Executor {
 public:
  virtual ~Executor() = default;
  // How many pieces are worth making.
  virtual size_t concurrency() const = 0;
  // Calls body(begin, end) over disjoint ranges that cover [0, count), each at least `grain` long
  // but the last; returns when all are done. The body must not throw.
  virtual void parallel_for(size_t count, size_t grain,
                            const std::function<void(size_t begin, size_t end)>& body) = 0;
};

// Runs everything on the calling thread.
class SerialExecutor final : public Executor {
 public:
  size_t concurrency() const override { return 1; }
  void parallel_for(size_t count, size_t,
                    const std::function<void(size_t, size_t)>& body) override {
    if (count > 0) body(0, count);
  }
};

}  // namespace miden
