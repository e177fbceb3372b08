// How long calls took: exact, since a run has no more than some hundred thousand.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace miden {

class Latencies {
 public:
  void add(std::chrono::steady_clock::duration latency) { all_.push_back(latency); }
  size_t count() const { return all_.size(); }

  // The latency that this share of the calls did not exceed. Zero if there were none.
  std::chrono::steady_clock::duration quantile(double share) {
    if (all_.empty()) return {};
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(all_.size())));
    const auto nth = all_.begin() + static_cast<ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
    std::ranges::nth_element(all_, nth);
    return *nth;
  }

 private:
  std::vector<std::chrono::steady_clock::duration> all_;
};

}  // namespace miden
