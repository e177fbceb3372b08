// Pictures of a network that does not exist, for the page's tests.
#pragma once

#include <string_view>

#include "monitor/picture.hpp"

namespace miden {

// The picture of that name at that moment; of an unknown name, "well".
Picture make_scene(std::string_view name, int64_t now_ms);

}  // namespace miden
