// What strangers may see of a picture (`--public`).
#pragma once

#include <memory>

#include "monitor/picture.hpp"

namespace miden {

// The same picture without targets, requests, workers' names and error texts: a cause is its
// reason's word. Page, JSON, events and metrics are all made from it then.
std::shared_ptr<const Picture> public_picture(const Picture& picture);

}  // namespace miden
