// Which questions and replies a recording keeps.
#pragma once

#include <map>

#include "recording.hpp"

namespace miden {

class Recorder {
 public:
  // Keeps about so many of each group.
  explicit Recorder(size_t most_in_group) : most_in_group_(most_in_group) {}

  // `reference` is canonical. Where ours is another one on purpose it is kept whole: such replies
  // are compared piece by piece.
  void add(const Question& question, const Reply& reference, bool is_ours_equal);

  // Evenly spread over each group, in the order of asking within it.
  std::vector<Recording::Entry> take();

 private:
  const size_t most_in_group_;
  std::map<std::string, std::vector<Recording::Entry>> by_group_;
};

}  // namespace miden
