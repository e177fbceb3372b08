// Random words that both sides make alike: splitmix64, a bit dropped so that every number is a
// field element.
#pragma once

#include <vector>

#include "crypto/word.hpp"
#include "merkle/smt_proof.hpp"

namespace miden {

class Words {
 public:
  explicit Words(uint64_t seed) : state_(seed) {}

  Word next() {
    Word word;
    for (Felt& element : word.elements) element = Felt::from_canonical(number() >> 1);
    return word;
  }
  std::vector<SmtEntry> entries(size_t count) {
    std::vector<SmtEntry> entries(count);
    for (SmtEntry& entry : entries) {
      entry.key = next();
      entry.value = next();
    }
    return entries;
  }

 private:
  uint64_t number() {
    uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }

  uint64_t state_;
};

}  // namespace miden
