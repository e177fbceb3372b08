#include "monitor/assets.hpp"

namespace miden {
namespace {

constexpr std::string_view kFolder = "/assets/";

// "index-0123456789ab.css"
std::string hashed_name(const Asset& asset) {
  const size_t dot = asset.name.rfind('.');
  return std::string(asset.name.substr(0, dot)) + "-" + std::string(asset.hash) +
         std::string(asset.name.substr(dot));
}

}  // namespace

std::string asset_address(std::string_view name) {
  for (const Asset& asset : assets()) {
    if (asset.name == name) return std::string(kFolder) + hashed_name(asset);
  }
  return std::string(kFolder) + std::string(name);
}

const Asset* find_asset(std::string_view address) {
  if (!address.starts_with(kFolder)) return nullptr;
  const std::string_view name = address.substr(kFolder.size());
  for (const Asset& asset : assets()) {
    if (name == asset.name || name == hashed_name(asset)) return &asset;
  }
  return nullptr;
}

std::string_view content_type(const Asset& asset) {
  if (asset.name.ends_with(".css")) return "text/css; charset=utf-8";
  if (asset.name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (asset.name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

const std::string& assets_hash() {
  static const std::string all = [] {
    std::string hashes;
    for (const Asset& asset : assets()) hashes += asset.hash.substr(0, 4);
    return hashes;
  }();
  return all;
}

}  // namespace miden
