#include "validator/genesis_config.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <initializer_list>
#include <limits>

#include "base/read_file.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> refuse(const toml::node& at, std::string message) {
  return fail("GenesisConfigParse", fmt::format("{} (line {}, column {})", message,
                                                at.source().begin.line, at.source().begin.column));
}

Result<void> refuse_unknown_keys(const toml::table& table, std::string_view where,
                                 std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      return refuse(value, fmt::format("unknown key `{}` in {}", key.str(), where));
    }
  }
  return {};
}

template <class Integer>
Result<Integer> required_integer(const toml::table& table, std::string_view where,
                                 std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return refuse(table, fmt::format("missing key `{}` in {}", key, where));
  const auto value = node->value_exact<int64_t>();
  if (!value) return refuse(*node, fmt::format("`{}` must be an integer", key));
  if (*value < 0 || static_cast<uint64_t>(*value) > uint64_t{std::numeric_limits<Integer>::max()}) {
    return refuse(*node, fmt::format("`{}` is out of range: 0 to {}", key,
                                     std::numeric_limits<Integer>::max()));
  }
  return static_cast<Integer>(*value);
}

Result<std::string> required_string(const toml::table& table, std::string_view where,
                                    std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return refuse(table, fmt::format("missing key `{}` in {}", key, where));
  const auto value = node->value_exact<std::string>();
  if (!value) return refuse(*node, fmt::format("`{}` must be a string", key));
  return *value;
}

// `account_type`: public or private, capitalised or not; private when absent.
Result<bool> is_public(const toml::table& table) {
  const toml::node* node = table.get("account_type");
  if (node == nullptr) return false;
  const std::string text = node->value_exact<std::string>().value_or("");
  if (text == "public" || text == "Public") return true;
  if (text == "private" || text == "Private") return false;
  return refuse(*node, "`account_type` must be \"public\" or \"private\"");
}

// The tables of an array of tables; none when the key is absent.
Result<std::vector<const toml::table*>> tables(const toml::table& root, std::string_view key) {
  std::vector<const toml::table*> found;
  const toml::node* node = root.get(key);
  if (node == nullptr) return found;
  if (!node->is_array()) return refuse(*node, fmt::format("`{}` must be an array of tables", key));
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_table()) return refuse(item, fmt::format("`{}` must hold tables", key));
    found.push_back(item.as_table());
  }
  return found;
}

Result<AccountFileSource> read_account_file(const fs::path& path) {
  auto contents = read_file(path);
  if (!contents) {
    return fail("AccountFileRead", fmt::format("failed to read account file {}: {}", path.string(),
                                               contents.error().message));
  }
  return AccountFileSource{path.string(), std::move(*contents)};
}

Result<GenesisFaucet> faucet(const toml::table& table) {
  constexpr std::string_view kWhere = "[[fungible_faucet]]";
  TRY(refuse_unknown_keys(table, kWhere, {"symbol", "decimals", "max_supply", "account_type"}));
  GenesisFaucet faucet;
  faucet.symbol = TRY(required_string(table, kWhere, "symbol"));
  faucet.decimals = TRY(required_integer<uint8_t>(table, kWhere, "decimals"));
  faucet.max_supply = TRY(required_integer<uint64_t>(table, kWhere, "max_supply"));
  faucet.is_public = TRY(is_public(table));
  return faucet;
}

Result<GenesisWallet> wallet(const toml::table& table) {
  constexpr std::string_view kWhere = "[[wallet]]";
  TRY(refuse_unknown_keys(table, kWhere, {"account_type", "assets"}));
  if (table.get("assets") == nullptr) return refuse(table, "missing key `assets` in [[wallet]]");
  GenesisWallet wallet;
  wallet.is_public = TRY(is_public(table));
  for (const toml::table* entry : TRY(tables(table, "assets"))) {
    GenesisAsset asset;
    asset.symbol = TRY(required_string(*entry, "an asset", "symbol"));
    asset.amount = TRY(required_integer<uint64_t>(*entry, "an asset", "amount"));
    wallet.assets.push_back(std::move(asset));
  }
  return wallet;
}

Result<GenesisConfig> from_table(const toml::table& root, const fs::path& folder) {
  constexpr std::string_view kWhere = "the configuration";
  TRY(refuse_unknown_keys(root, kWhere,
                          {"version", "timestamp", "native_faucet", "fee_parameters",
                           "fungible_faucet", "wallet", "account"}));
  GenesisConfig config;
  config.version = TRY(required_integer<uint32_t>(root, kWhere, "version"));
  config.timestamp = TRY(required_integer<uint32_t>(root, kWhere, "timestamp"));

  const toml::node* fees = root.get("fee_parameters");
  if (fees == nullptr) return refuse(root, "missing table `fee_parameters`");
  if (!fees->is_table()) return refuse(*fees, "`fee_parameters` must be a table");
  TRY(refuse_unknown_keys(*fees->as_table(), "[fee_parameters]", {"verification_base_fee"}));
  config.verification_base_fee = TRY(
      required_integer<uint32_t>(*fees->as_table(), "[fee_parameters]", "verification_base_fee"));

  for (const toml::table* account : TRY(tables(root, "account"))) {
    TRY(refuse_unknown_keys(*account, "[[account]]", {"path"}));
    config.accounts.accounts.push_back(
        TRY(read_account_file(folder / TRY(required_string(*account, "[[account]]", "path")))));
  }
  if (const toml::node* native = root.get("native_faucet")) {
    const auto path = native->value_exact<std::string>();
    if (!path) return refuse(*native, "`native_faucet` must be the path of an account file");
    config.accounts.native_faucet = TRY(read_account_file(folder / *path));
  }
  for (const toml::table* table : TRY(tables(root, "fungible_faucet"))) {
    config.accounts.fungible_faucets.push_back(TRY(faucet(*table)));
  }
  for (const toml::table* table : TRY(tables(root, "wallet"))) {
    config.accounts.wallets.push_back(TRY(wallet(*table)));
  }
  return config;
}

}  // namespace

GenesisConfig default_genesis_config(uint32_t now) {
  GenesisConfig config;
  config.timestamp = now;
  return config;
}

Result<GenesisConfig> read_genesis_config(const fs::path& file) {
  const auto contents = read_file(file);
  if (!contents) {
    return fail("GenesisConfigRead", fmt::format("failed to read genesis config file {}: {}",
                                                 file.string(), contents.error().message));
  }
  const std::string text(contents->begin(), contents->end());
  const auto in_file = [&](const Error& error) {
    return fail(error.code, fmt::format("failed to parse genesis config from file {}: {}",
                                        file.string(), error.message));
  };
  try {
    auto config = from_table(toml::parse(text), file.parent_path());
    if (!config) return in_file(config.error());
    return config;
  } catch (const toml::parse_error& error) {
    return in_file({"GenesisConfigParse",
                    fmt::format("{} (line {}, column {})", error.description(),
                                error.source().begin.line, error.source().begin.column)});
  }
}

}  // namespace miden
