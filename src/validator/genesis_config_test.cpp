#include "validator/genesis_config.hpp"

#include <fstream>

#include "validator/test_support/signing_world.hpp"

namespace miden {
namespace {

constexpr std::string_view kBase =
    "version = 1\ntimestamp = 1700000000\n[fee_parameters]\nverification_base_fee = 0\n";

class GenesisConfigFile : public testing::Test {
 protected:
  Result<GenesisConfig> read(const std::string& text) const {
    std::ofstream(folder_ / "genesis.toml", std::ios::binary) << text;
    return read_genesis_config(folder_ / "genesis.toml");
  }
  // The message behind the file's name, or "ok".
  std::string refusal(const std::string& text) const {
    const auto config = read(text);
    if (config) return "ok";
    const std::string start =
        "failed to parse genesis config from file " + (folder_ / "genesis.toml").string() + ": ";
    EXPECT_TRUE(config.error().message.starts_with(start)) << config.error().message;
    EXPECT_EQ(config.error().message.find('\n'), std::string::npos) << config.error().message;
    return config.error().message.substr(start.size());
  }
  std::string refusal_with(std::string_view more) const {
    return refusal(std::string(kBase) + std::string(more));
  }
  TestFolder folder_;
};

TEST(DefaultGenesisConfig, HasNothingButTheNativeFaucet) {
  const GenesisConfig config = default_genesis_config(1234);
  EXPECT_EQ(config.version, 1u);
  EXPECT_EQ(config.timestamp, 1234u);
  EXPECT_EQ(config.verification_base_fee, 0u);
  EXPECT_FALSE(config.accounts.native_faucet);
  EXPECT_TRUE(config.accounts.fungible_faucets.empty());
  EXPECT_TRUE(config.accounts.wallets.empty());
  EXPECT_TRUE(config.accounts.accounts.empty());
}

TEST_F(GenesisConfigFile, HoldsEveryKey) {
  std::filesystem::create_directory(folder_ / "accounts");
  std::ofstream(folder_ / "accounts/a.mac") << "first";
  std::ofstream(folder_ / "native.mac") << "second";
  const auto config = read(R"(
version = 7
timestamp = 4294967295
native_faucet = "native.mac"

[fee_parameters]
verification_base_fee = 500

[[account]]
path = "accounts/a.mac"

[[fungible_faucet]]
symbol = "BTC"
decimals = 8
max_supply = 9223372036854775807
account_type = "Public"

[[fungible_faucet]]
symbol = "ETH"
decimals = 0
max_supply = 1

[[wallet]]
account_type = "private"
assets = [{ symbol = "BTC", amount = 5 }, { symbol = "BTC", amount = 6, comment = "allowed" }]

[[wallet]]
account_type = "public"
assets = []
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->version, 7u);
  EXPECT_EQ(config->timestamp, 4294967295u);
  EXPECT_EQ(config->verification_base_fee, 500u);
  const GenesisSpec& accounts = config->accounts;
  ASSERT_TRUE(accounts.native_faucet);
  EXPECT_EQ(accounts.native_faucet->contents, Bytes({'s', 'e', 'c', 'o', 'n', 'd'}));
  ASSERT_EQ(accounts.accounts.size(), 1u);
  EXPECT_EQ(accounts.accounts[0].contents, Bytes({'f', 'i', 'r', 's', 't'}));
  EXPECT_EQ(accounts.accounts[0].path, (folder_ / "accounts/a.mac").string());

  ASSERT_EQ(accounts.fungible_faucets.size(), 2u);
  EXPECT_EQ(accounts.fungible_faucets[0].symbol, "BTC");
  EXPECT_EQ(accounts.fungible_faucets[0].decimals, 8);
  EXPECT_EQ(accounts.fungible_faucets[0].max_supply, 9223372036854775807u);
  EXPECT_TRUE(accounts.fungible_faucets[0].is_public);
  EXPECT_FALSE(accounts.fungible_faucets[1].is_public) << "private is the default";

  ASSERT_EQ(accounts.wallets.size(), 2u);
  EXPECT_FALSE(accounts.wallets[0].is_public);
  ASSERT_EQ(accounts.wallets[0].assets.size(), 2u);
  EXPECT_EQ(accounts.wallets[0].assets[1].symbol, "BTC");
  EXPECT_EQ(accounts.wallets[0].assets[1].amount, 6u);
  EXPECT_TRUE(accounts.wallets[1].is_public);
  EXPECT_TRUE(accounts.wallets[1].assets.empty());
}

TEST_F(GenesisConfigFile, MayBeAsShortAsItsThreeNumbers) {
  EXPECT_EQ(refusal(std::string(kBase)), "ok");
  EXPECT_EQ(refusal("version = 1\ntimestamp = 1\nfee_parameters = { verification_base_fee = 1 }"),
            "ok");
}

TEST_F(GenesisConfigFile, NamesUnknownKeysAndTheirPlace) {
  EXPECT_EQ(refusal("colour = 1\n" + std::string(kBase)),
            "unknown key `colour` in the configuration (line 1, column 10)");
  EXPECT_EQ(refusal_with("tip = 1\n"), "unknown key `tip` in [fee_parameters] (line 5, column 7)");
  EXPECT_EQ(refusal_with("[[fungible_faucet]]\nowner = 1\n"),
            "unknown key `owner` in [[fungible_faucet]] (line 6, column 9)");
  EXPECT_EQ(refusal_with("[[wallet]]\nassets = []\nname = 1\n"),
            "unknown key `name` in [[wallet]] (line 7, column 8)");
  EXPECT_EQ(refusal_with("[[account]]\nfile = 1\n"),
            "unknown key `file` in [[account]] (line 6, column 8)");
}

TEST_F(GenesisConfigFile, NamesMissingKeys) {
  const auto starts_with = [](const std::string& text, std::string_view start) {
    EXPECT_TRUE(text.starts_with(start)) << text;
  };
  starts_with(refusal(""), "missing key `version` in the configuration");
  starts_with(refusal("version = 1"), "missing key `timestamp` in the configuration");
  starts_with(refusal("version = 1\ntimestamp = 1"), "missing table `fee_parameters`");
  starts_with(refusal("version = 1\ntimestamp = 1\n[fee_parameters]"),
              "missing key `verification_base_fee` in [fee_parameters]");
  starts_with(refusal_with("[[fungible_faucet]]\ndecimals = 1\nmax_supply = 1"),
              "missing key `symbol` in [[fungible_faucet]]");
  starts_with(refusal_with("[[fungible_faucet]]\nsymbol = 'A'\nmax_supply = 1"),
              "missing key `decimals` in [[fungible_faucet]]");
  starts_with(refusal_with("[[fungible_faucet]]\nsymbol = 'A'\ndecimals = 1"),
              "missing key `max_supply` in [[fungible_faucet]]");
  starts_with(refusal_with("[[wallet]]\n"), "missing key `assets` in [[wallet]]");
  starts_with(refusal_with("[[wallet]]\nassets = [{ amount = 1 }]"),
              "missing key `symbol` in an asset");
  starts_with(refusal_with("[[wallet]]\nassets = [{ symbol = 'A' }]"),
              "missing key `amount` in an asset");
  starts_with(refusal_with("[[account]]\n"), "missing key `path` in [[account]]");
}

TEST_F(GenesisConfigFile, RefusesOtherTypesAndNumbersOutOfRange) {
  const auto version = [&](const std::string& value) {
    const std::string text = "version = " + value + std::string(kBase.substr(11));
    const std::string message = refusal(text);
    return message.substr(0, message.find(" (line"));
  };
  EXPECT_EQ(version("1"), "ok");
  EXPECT_EQ(version("'1'"), "`version` must be an integer");
  EXPECT_EQ(version("1.0"), "`version` must be an integer");
  EXPECT_EQ(version("true"), "`version` must be an integer");
  EXPECT_EQ(version("[1]"), "`version` must be an integer");
  EXPECT_EQ(version("-1"), "`version` is out of range: 0 to 4294967295");
  EXPECT_EQ(version("4294967296"), "`version` is out of range: 0 to 4294967295");

  const auto wallet = [&](const std::string& assets) {
    const std::string message = refusal_with("[[wallet]]\nassets = " + assets);
    return message.substr(0, message.find(" (line"));
  };
  EXPECT_EQ(wallet("5"), "`assets` must be an array of tables");
  EXPECT_EQ(wallet("[5]"), "`assets` must hold tables");
  EXPECT_EQ(wallet("[{ symbol = 5, amount = 5 }]"), "`symbol` must be a string");
  EXPECT_EQ(wallet("[{ symbol = 'A', amount = -5 }]"),
            "`amount` is out of range: 0 to 18446744073709551615");
}

TEST_F(GenesisConfigFile, ReportsWhatIsNoToml) {
  for (const std::string text :
       {"version = = 1", "version", "[[[", "version = 1\nversion = 2", "\"", "\xff\xfe", "a = '",
        "a = 99999999999999999999999", "[fee_parameters]\n[fee_parameters]"}) {
    EXPECT_NE(refusal(text).find("(line "), std::string::npos) << text;
  }
  // Nesting is bounded by the parser.
  EXPECT_NE(refusal("a = " + std::string(100'000, '[')).find("(line "), std::string::npos);
}

TEST_F(GenesisConfigFile, ReportsFilesThatCannotBeRead) {
  EXPECT_EQ(refusal_with("[[account]]\npath = 'none.mac'\n"), "failed to read account file " +
                                                                  (folder_ / "none.mac").string() +
                                                                  ": No such file or directory");
  EXPECT_EQ(refusal("native_faucet = '.'\n" + std::string(kBase)),
            "failed to read account file " + (folder_ / ".").string() + ": Is a directory");
  EXPECT_EQ(message_of(read_genesis_config(folder_ / "none")),
            "failed to read genesis config file " + (folder_ / "none").string() +
                ": No such file or directory");
  EXPECT_EQ(code_of(read_genesis_config(folder_.path())), "GenesisConfigRead");
}

}  // namespace
}  // namespace miden
