// The accounts of a genesis block, as far as they can be judged without decoding them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/engine.hpp"

namespace miden {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Engine& engine() {
  static const std::unique_ptr<Engine> engine = make_reference_engine(0);
  return *engine;
}

GenesisSpec spec_with_seed(uint8_t seed) {
  GenesisSpec spec;
  spec.seed.emplace().fill(seed);
  return spec;
}

// Key generation is what takes time here: one faucet and one wallet serve wherever any will do.
const GenesisAccounts& made_accounts() {
  static const GenesisAccounts made = [] {
    GenesisSpec spec = spec_with_seed(5);
    spec.wallets = {{false, {}}};
    return engine().build_genesis_accounts(spec).value();
  }();
  return made;
}
AccountFileSource made_faucet() { return {"native.mac", made_accounts().accounts[0].account_file}; }

GenesisSpec spec_with_made_faucet() {
  GenesisSpec spec;
  spec.native_faucet = made_faucet();
  return spec;
}

std::vector<std::string> file_names(const GenesisAccounts& genesis) {
  std::vector<std::string> names;
  for (const GenesisAccount& account : genesis.accounts) {
    names.push_back(account.file_name.value_or("-"));
  }
  return names;
}

std::string error_of(const GenesisSpec& spec) {
  const auto genesis = engine().build_genesis_accounts(spec);
  return genesis ? "" : std::string(genesis.error().code);
}

// The nonce of an account without a seed: eight bytes before its last, the empty option.
uint8_t nonce_of(const Bytes& account) { return account[account.size() - 9]; }

TEST(GenesisAccounts, AreTheNativeFaucetAloneByDefault) {
  const auto genesis = engine().build_genesis_accounts({});
  ASSERT_TRUE(genesis) << genesis.error().message;
  EXPECT_THAT(file_names(*genesis), ElementsAre("faucet_miden.mac"));

  const GenesisAccount& faucet = genesis->accounts.front();
  EXPECT_TRUE(std::equal(genesis->native_faucet_id.begin(), genesis->native_faucet_id.end(),
                         faucet.account.begin()));
  EXPECT_EQ(nonce_of(faucet.account), 1);
}

TEST(GenesisAccounts, PutTheAccountAndItsFalconKeyIntoTheFile) {
  const auto genesis = engine().build_genesis_accounts(spec_with_seed(1));
  ASSERT_TRUE(genesis) << genesis.error().message;
  const auto& [account, name, file] = genesis->accounts.front();
  // "acct" ‖ account ‖ one key: scheme 2 and a Falcon secret key of 1281 bytes
  // (node-and-validator.md §4.3). A count of one is the vint 0x03.
  ASSERT_EQ(file.size(), 4 + account.size() + 1 + 1 + 1281);
  EXPECT_EQ(as_string_view(ByteView(file).first(4)), "acct");
  EXPECT_TRUE(std::equal(account.begin(), account.end(), file.begin() + 4));
  EXPECT_THAT(Bytes(file.end() - 1283, file.end() - 1280), ElementsAre(3, 2, 0x59));
}

TEST(GenesisAccounts, FollowTheOrderOfTheConfiguration) {
  GenesisSpec spec = spec_with_seed(2);
  spec.fungible_faucets = {{"ZED", 3, 1'000, true}, {"ABC", 0, 50, false}};
  spec.wallets = {{true, {{"MIDEN", 10}, {"ZED", 1'000}}}, {false, {}}};
  const auto genesis = engine().build_genesis_accounts(spec);
  ASSERT_TRUE(genesis) << genesis.error().message;
  EXPECT_THAT(file_names(*genesis), ElementsAre("faucet_miden.mac", "faucet_zed.mac",
                                                "faucet_abc.mac", "wallet_0.mac", "wallet_1.mac"));
  for (const GenesisAccount& account : genesis->accounts) EXPECT_EQ(nonce_of(account.account), 1);
}

TEST(GenesisAccounts, AreReproducibleWithASeedOnly) {
  const auto faucet_file = [](const GenesisSpec& spec) {
    return engine().build_genesis_accounts(spec).value().accounts.front().account_file;
  };
  EXPECT_EQ(faucet_file(spec_with_seed(5)), made_accounts().accounts.front().account_file);
  EXPECT_NE(faucet_file(spec_with_seed(4)), made_accounts().accounts.front().account_file);
  EXPECT_NE(faucet_file({}), faucet_file({}));
}

TEST(GenesisAccounts, TakeFilesAsTheyAre) {
  GenesisSpec spec = spec_with_made_faucet();
  spec.accounts = {{"wallet.mac", made_accounts().accounts[1].account_file}};
  const auto genesis = engine().build_genesis_accounts(spec);
  ASSERT_TRUE(genesis) << genesis.error().message;
  EXPECT_THAT(file_names(*genesis), ElementsAre("-", "-"));
  EXPECT_EQ(genesis->accounts.back().account, made_accounts().accounts[1].account);
}

TEST(GenesisAccounts, TakeTheNativeFaucetFromAFile) {
  GenesisSpec spec = spec_with_made_faucet();
  spec.wallets = {{false, {{"MIDEN", 10}}}};
  const auto genesis = engine().build_genesis_accounts(spec);
  ASSERT_TRUE(genesis) << genesis.error().message;
  EXPECT_THAT(file_names(*genesis), ElementsAre("-", "wallet_0.mac"));
  EXPECT_EQ(genesis->native_faucet_id, made_accounts().native_faucet_id);
  // Deployed twice, as by the reference.
  EXPECT_EQ(nonce_of(genesis->accounts.front().account), 2);
}

TEST(GenesisAccounts, RefuseWhatTheReferenceRefuses) {
  GenesisSpec unknown_asset = spec_with_made_faucet();
  unknown_asset.wallets = {{false, {{"NOPE", 1}}}};
  EXPECT_EQ(error_of(unknown_asset), "MissingFaucetDefinition");

  GenesisSpec twice = spec_with_made_faucet();
  twice.fungible_faucets = {{"MIDEN", 6, 1'000, true}};
  EXPECT_EQ(error_of(twice), "DuplicateFaucetDefinition");

  // The made faucet may issue 10^17.
  GenesisSpec too_much = spec_with_made_faucet();
  too_much.wallets = {{false, {{"MIDEN", 60'000'000'000'000'000}}},
                      {false, {{"MIDEN", 40'000'000'000'000'001}}}};
  EXPECT_EQ(error_of(too_much), "MaxIssuanceExceeded");

  GenesisSpec too_many_decimals = spec_with_made_faucet();
  too_many_decimals.fungible_faucets = {{"ABC", 13, 50, false}};
  EXPECT_EQ(error_of(too_many_decimals), "FungibleFaucet");

  GenesisSpec too_large = spec_with_made_faucet();
  too_large.fungible_faucets = {{"ABC", 0, ~uint64_t{0}, false}};
  EXPECT_EQ(error_of(too_large), "Asset");

  GenesisSpec bad_symbol = spec_with_made_faucet();
  bad_symbol.fungible_faucets = {{"abc", 0, 50, false}};
  EXPECT_EQ(error_of(bad_symbol), "TokenSymbol");

  GenesisSpec broken_file = spec_with_made_faucet();
  broken_file.accounts = {{"broken.mac", Bytes{'a', 'c', 'c', 't'}}};
  EXPECT_EQ(error_of(broken_file), "AccountFileRead");

  GenesisSpec not_a_faucet;
  not_a_faucet.native_faucet = {"wallet.mac", made_accounts().accounts[1].account_file};
  EXPECT_EQ(error_of(not_a_faucet), "NativeFaucetNotFungible");
}

TEST(GenesisAccounts, SayWhatIsWrongInTheReferencesWords) {
  GenesisSpec spec = spec_with_made_faucet();
  spec.wallets = {{false, {{"NOPE", 1}}}};
  EXPECT_THAT(engine().build_genesis_accounts(spec).error().message,
              HasSubstr("the defined asset 'NOPE' has no corresponding faucet"));
}

}  // namespace
}  // namespace miden
