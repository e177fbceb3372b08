// The picture as Prometheus reads it.
#pragma once

#include <string>

#include "monitor/picture.hpp"

namespace miden {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// `event_streams`: pages that are fed now.
std::string metrics_text(const Picture& picture, size_t event_streams);

}  // namespace miden
