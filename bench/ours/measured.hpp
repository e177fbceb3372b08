// One measurement and the clock for it.
#pragma once

#include <chrono>
#include <limits>
#include <string>

namespace miden {

struct Measured {
  double seconds = std::numeric_limits<double>::infinity();  // the least, of one operation
  std::string result;  // what the operation gave: the same on both sides
};

template <class Operation>
double seconds_of(Operation&& operation) {
  const auto start = std::chrono::steady_clock::now();
  operation();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace miden
