// The release of the reference that every program of ours answers as, on the wire and to --version.
#pragma once

#include <string_view>

namespace miden {

inline constexpr std::string_view kReleaseVersion = "0.15.2";

}  // namespace miden
