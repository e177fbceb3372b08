// The files of assets/, which are part of the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace miden {

struct Asset {
  std::string_view name;  // "index.css"
  std::string_view hash;  // of its content
  std::string_view content;
};

// Written by embed_assets.cmake.
std::span<const Asset> assets();

// "/assets/index-0123456789ab.css": another content has another address, and what lies at one never
// changes.
std::string asset_address(std::string_view name);
// The one of that name or of that address; null where there is none.
const Asset* find_asset(std::string_view address);
std::string_view content_type(const Asset& asset);
// Of all together.
const std::string& assets_hash();

}  // namespace miden
