// Versions as semver.org defines them, with the texts by which the reference refuses others: they
// are part of what content negotiation answers. spec/store-rpc.md §14.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace miden {

struct SemanticVersion {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t patch = 0;
  std::string pre_release;  // without the hyphen
  std::string build;        // without the plus sign

  // Three numbers, optional pre-release and build. Error: InvalidVersion.
  static Result<SemanticVersion> parse(std::string_view text);

  // The pre-release without a trailing ".digits": "rc" of 0.15.0-rc.1. Nothing for a stable
  // version.
  std::optional<std::string> pre_release_label() const;
  friend bool operator==(const SemanticVersion&, const SemanticVersion&) = default;
};

}  // namespace miden
