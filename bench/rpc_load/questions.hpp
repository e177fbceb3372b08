// What clients ask a node, made from what its chain holds.
#pragma once

#include <string>
#include <vector>

#include "load.hpp"

namespace miden {

struct QuestionKind {
  std::string name;
  std::vector<Question> questions;  // in random order, the same in every run over the same chain
};

// The header that names the server's version and network.
std::string accept_header_of(const SocketAddress& server);

// Reads the chain's blocks through the API. Throws std::runtime_error when the server does not
// answer or the chain holds too little to ask about.
std::vector<QuestionKind> questions_about(const Target& target);

}  // namespace miden
