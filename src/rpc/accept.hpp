// Content negotiation: which protocol version and which network a client talks about.
// spec/store-rpc.md §14.
#pragma once

#include <optional>
#include <string_view>

#include "crypto/word.hpp"
#include "net/status.hpp"
#include "rpc/semantic_version.hpp"

namespace miden {

struct AcceptPolicy {
  SemanticVersion version;  // ours
  Word genesis_commitment;
};

// Submitting needs a header that names this network; every other call may leave it out.
bool needs_genesis(std::string_view method);

// `header`: the value of the first `accept` header, if there is one. Every error is
// INVALID_ARGUMENT with the reference's text, which clients search for.
Answer<> negotiate(const AcceptPolicy& policy, std::optional<std::string_view> header,
                   bool genesis_is_mandatory);

}  // namespace miden
