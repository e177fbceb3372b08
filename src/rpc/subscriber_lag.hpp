// Whether a subscriber keeps up with the chain. spec/store-rpc.md §19.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace miden {

// A subscriber may start any distance behind the tip but must not fall much further behind: what
// the distance grows by is added up, what it shrinks by is taken off again.
class SubscriberLag {
 public:
  static constexpr uint64_t kMaxGrowth = 100;

  // `gap`: blocks between what is sent next and the tip. False: too slow.
  bool keeps_up(uint32_t gap) {
    const uint32_t before = previous_gap_.value_or(gap);
    previous_gap_ = gap;
    if (gap > before) {
      growth_ += gap - before;
    } else {
      growth_ -= std::min<uint64_t>(growth_, before - gap);
    }
    return growth_ <= kMaxGrowth;
  }

 private:
  std::optional<uint32_t> previous_gap_;
  uint64_t growth_ = 0;
};

}  // namespace miden
