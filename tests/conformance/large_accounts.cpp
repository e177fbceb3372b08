// large_accounts FOLDER: account files for a genesis block, with vaults and maps around every limit
// of GetAccount.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "protocol/account.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

constexpr size_t kMostListed = 1000;

StorageSlotName slot_name(std::string_view name) {
  return StorageSlotName::parse(fmt::format("test::large::{}", name)).value();
}

// Maps of one size are nearly alike, so that a recording of the chain compresses.
StorageSlot map_of(std::string_view name, size_t entries, uint64_t mark) {
  std::map<StorageMapKey, Word> content;
  for (size_t i = 0; i < entries; ++i) content.emplace(word(i + 1), word(i == 0 ? mark : 7 * i));
  return {slot_name(name), StorageMap::from_entries(std::move(content)).value()};
}

std::vector<Asset> coins_of(size_t faucets) {
  std::vector<Asset> assets;
  for (size_t i = 0; i < faucets; ++i) {
    assets.push_back({FungibleAsset::make(public_account(1000 + i), 1 + i).value()});
  }
  return assets;
}

void write(const std::filesystem::path& file, uint64_t id, const std::vector<Asset>& assets,
           std::vector<StorageSlot> slots) {
  const AccountFile made{{public_account(id), AssetVault::from_assets(assets).value(),
                          AccountStorage::make(std::move(slots)).value(), account_code(),
                          Felt::from_canonical(1), std::nullopt},
                         {}};
  std::ofstream out(file, std::ios::binary);
  out << as_string_view(to_bytes(made));
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

void write_all(const std::filesystem::path& folder, size_t map_count) {
  std::vector<StorageSlot> slots{{slot_name("value"), word(5)}, {slot_name("zero"), Word()}};
  for (const size_t size : {size_t{0}, size_t{1}, size_t{2}, kMostListed - 1, kMostListed,
                            kMostListed + 1, 2 * kMostListed + 500}) {
    slots.push_back(map_of(fmt::format("map_of_{}", size), size, 3));
  }
  write(folder / "full_vault.mac", 501, coins_of(kMostListed), std::move(slots));

  write(folder / "overfull_vault.mac", 502, coins_of(kMostListed + 1), {map_of("small", 64, 3)});

  std::vector<StorageSlot> maps;
  for (size_t i = 0; i < map_count; ++i) {
    maps.push_back(map_of(fmt::format("of_many_{}", i), kMostListed, 100 + i));
  }
  maps.push_back(map_of("of_many_last", 3, 3));
  write(folder / "many_maps.mac", 503, {}, std::move(maps));

  // No slots and no assets at all.
  write(folder / "empty.mac", 504, {}, {});
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: large_accounts FOLDER MAPS\n";
    return 2;
  }
  try {
    miden::write_all(argv[1], std::stoul(argv[2]));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "Error: " << error.what() << '\n';
    return 1;
  }
}
