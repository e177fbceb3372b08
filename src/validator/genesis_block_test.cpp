#include "validator/genesis_block.hpp"

#include <sys/stat.h>

#include <fstream>
#include <set>

#include "protocol/account.hpp"
#include "protocol/account_delta.hpp"
#include "validator/bootstrap.hpp"
#include "validator/test_support/signing_world.hpp"

namespace miden {
namespace {

GenesisSpec spec_of_five_accounts() {
  GenesisSpec spec;
  spec.fungible_faucets = {
      {.symbol = "BTC", .decimals = 8, .max_supply = 1000, .is_public = false}};
  spec.wallets = {{.is_public = true, .assets = {{"MIDEN", 70}, {"BTC", 30}}},
                  {.is_public = false, .assets = {{"BTC", 5}}}};
  spec.seed.emplace();
  spec.seed->fill(9);
  return spec;
}

const GenesisAccounts& five_accounts() {
  static const GenesisAccounts accounts = [] {
    GenesisSpec spec = spec_of_five_accounts();
    // The second round's accounts come as files.
    spec.seed->fill(10);
    spec.wallets.resize(1);
    spec.wallets[0].assets.resize(1);
    spec.fungible_faucets.clear();
    const GenesisAccounts others = test_engine()->build_genesis_accounts(spec).value();
    spec = spec_of_five_accounts();
    spec.accounts = {{"other.mac", others.accounts.at(1).account_file}};
    return test_engine()->build_genesis_accounts(spec).value();
  }();
  return accounts;
}

GenesisConfig config() {
  GenesisConfig config;
  config.version = 3;
  config.timestamp = 1'700'000'000;
  config.verification_base_fee = 12;
  return config;
}

// spec/node-and-validator.md §4.4.
TEST(GenesisBlock, HasTheSpecificationsHeaderAndBody) {
  const auto block = build_genesis_block(config(), five_accounts(), word(17), validator_secret());
  ASSERT_TRUE(block) << block.error().message;
  std::vector<SmtEntry> leaves;
  std::vector<BlockAccountUpdate> updates;
  for (const GenesisAccount& generated : five_accounts().accounts) {
    const Account account = from_bytes<Account>(generated.account).value();
    leaves.push_back({Word::of(0, 0, account.id.suffix().value(), account.id.prefix().value()),
                      account.commitment()});
    AccountUpdateDetails details;
    if (account.id.is_public()) details.delta = AccountDelta::from_account(account).value();
    updates.push_back({account.id, account.commitment(), details});
  }
  ASSERT_EQ(updates.size(), 5u);
  const BlockHeader expected{.version = 3,
                             .prev_block_commitment = Word(),
                             .block_num = {0},
                             .chain_commitment = PartialBlockchain().chain_commitment(),
                             .account_root = Smt::from_entries(leaves)->root(),
                             .nullifier_root = Smt().root(),
                             .note_root = block_note_tree({})->root(),
                             .tx_commitment = Word(),
                             .tx_kernel_commitment = word(17),
                             .validator_key = validator_secret().public_key(),
                             .fee_parameters = {updates[0].account_id, 12},
                             .timestamp = 1'700'000'000};
  EXPECT_EQ(block->header, expected);
  EXPECT_EQ(block->body, (BlockBody{updates, {}, {}, {}}));
  EXPECT_EQ(block->signature, validator_secret().sign(expected.commitment()));
  EXPECT_EQ(code_of(block->validate()), "ok");
}

// To the byte, although an account's own bytes list its assets in any order.
TEST(GenesisBlock, IsTheSameForTheSameSeed) {
  const auto block_of = [](const GenesisAccounts& accounts) {
    return to_bytes(build_genesis_block(config(), accounts, word(17), validator_secret()).value());
  };
  const auto first = test_engine()->build_genesis_accounts(spec_of_five_accounts()).value();
  const auto again = test_engine()->build_genesis_accounts(spec_of_five_accounts()).value();
  EXPECT_EQ(block_of(first), block_of(again));
  ASSERT_EQ(again.accounts.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const auto file = from_bytes<AccountFile>(again.accounts[i].account_file).value();
    const auto file_before = from_bytes<AccountFile>(first.accounts[i].account_file).value();
    EXPECT_EQ(file.auth_secret_keys, file_before.auth_secret_keys);
    EXPECT_EQ(file.account.commitment(), file_before.account.commitment());
  }
}

// Counts seeds until one gives the id of a new account with the wanted visibility.
Account new_account(bool is_public) {
  for (uint64_t n = 0;; ++n) {
    const auto id =
        AccountId::derive(word(n), account_code().commitment(), AccountStorage().commitment());
    if (!id || id->is_public() != is_public) continue;
    return Account::make(*id, AssetVault(), AccountStorage(), account_code(), Felt(), word(n))
        .value();
  }
}

TEST(GenesisBlock, TakesANewAccountOnlyWhenItIsPrivate) {
  const auto with = [](const Account& account) {
    GenesisAccounts accounts = five_accounts();
    accounts.accounts.push_back(
        {.account = to_bytes(account), .file_name = std::nullopt, .account_file = {}});
    return build_genesis_block(config(), accounts, word(17), validator_secret());
  };
  const Account hidden = new_account(false);
  const auto accepted = with(hidden);
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->body.updated_accounts.back().final_commitment, hidden.commitment());

  const Account visible = new_account(true);
  const auto refused = with(visible);
  EXPECT_EQ(code_of(refused), "DeltaFromAccountWithSeed");
  EXPECT_TRUE(message_of(refused).starts_with("account " + visible.id.to_hex() +
                                              " cannot be part of a genesis block: "))
      << message_of(refused);
}

TEST(GenesisBlock, RefusesTwoAccountsWithOnePrefix) {
  GenesisAccounts accounts = five_accounts();
  accounts.accounts.push_back(accounts.accounts.back());
  EXPECT_EQ(code_of(build_genesis_block(config(), accounts, word(17), validator_secret())),
            "DuplicateIdPrefix");
}

class Bootstrap : public testing::Test {
 protected:
  BootstrapOptions options() const {
    return {.genesis_block_directory = folder_ / "genesis",
            .accounts_directory = folder_ / "accounts",
            .data_directory = folder_ / "data",
            .genesis_config_file = folder_ / "genesis.toml"};
  }
  void configure(const std::string& more) const {
    std::ofstream(folder_ / "genesis.toml")
        << "version = 1\ntimestamp = 5\n[fee_parameters]\nverification_base_fee = 0\n"
        << more;
  }
  std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      const std::string name = entry.path().lexically_relative(folder_.path()).string();
      if (!name.starts_with("data/store/")) found.insert(name);
    }
    return found;
  }
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }
  TestFolder folder_;
};

TEST_F(Bootstrap, WritesBlockAccountsAndStore) {
  configure(R"(
[[fungible_faucet]]
symbol = "BTC"
decimals = 8
max_supply = 100
[[wallet]]
assets = [{ symbol = "BTC", amount = 100 }]
[[wallet]]
account_type = "public"
assets = []
)");
  const auto done = bootstrap_validator(options(), validator_secret(), *test_engine());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(files(), (std::set<std::string>{"genesis.toml", "genesis", "genesis/genesis.dat",
                                            "accounts", "accounts/faucet_miden.mac",
                                            "accounts/faucet_btc.mac", "accounts/wallet_0.mac",
                                            "accounts/wallet_1.mac", "data", "data/store"}));

  const Bytes written = read_file(folder_ / "genesis/genesis.dat").value();
  const SignedBlock genesis = from_bytes<SignedBlock>(written).value();
  EXPECT_EQ(to_bytes(genesis), written);
  EXPECT_EQ(code_of(genesis.validate()), "ok");
  EXPECT_EQ(genesis.header.tx_kernel_commitment, test_engine()->info().kernel_commitment);
  const auto store = ValidatorStore::open(folder_ / "data/store").value();
  EXPECT_EQ(store->tip(), genesis.header);
  EXPECT_EQ(store->block(kGenesis), written);

  // The secrets are for their owner alone; each file holds the account as genesis has it.
  std::set<Word> in_files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "accounts")) {
    EXPECT_EQ(mode_of(entry.path()), 0600u) << entry.path();
    const auto file = from_bytes<AccountFile>(read_file(entry.path()).value()).value();
    EXPECT_EQ(file.auth_secret_keys.size(), 1u);
    in_files.insert(file.account.commitment());
  }
  std::set<Word> in_block;
  for (const BlockAccountUpdate& update : genesis.body.updated_accounts) {
    in_block.insert(update.final_commitment);
  }
  EXPECT_EQ(in_files, in_block);
}

TEST_F(Bootstrap, PutsAllIntoOneDirectoryWhenAskedTo) {
  configure("");
  BootstrapOptions one = options();
  one.genesis_block_directory = one.accounts_directory = one.data_directory;
  const auto done = bootstrap_validator(one, validator_secret(), *test_engine());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(files(), (std::set<std::string>{"genesis.toml", "data", "data/genesis.dat",
                                            "data/faucet_miden.mac", "data/store"}));
}

TEST_F(Bootstrap, LeavesNothingBehindWhenItRefuses) {
  const auto refusal = [&](const BootstrapOptions& options) {
    const std::set<std::string> before = files();
    const auto done = bootstrap_validator(options, validator_secret(), *test_engine());
    EXPECT_EQ(files(), before);
    return code_of(done);
  };
  configure("[[wallet]]\nassets = [{ symbol = 'NONE', amount = 1 }]\n");
  EXPECT_EQ(refusal(options()), "MissingFaucetDefinition");
  configure("nonsense");
  EXPECT_EQ(refusal(options()), "GenesisConfigParse");

  configure("");
  BootstrapOptions nowhere = options();
  nowhere.data_directory = folder_ / "no/where";
  EXPECT_EQ(refusal(nowhere), "DirectoryMissing");
  std::filesystem::create_directory(folder_ / "data");
  std::ofstream(folder_ / "data/precious") << "do not touch";
  EXPECT_EQ(refusal(options()), "DirectoryNotEmpty");
}

TEST_F(Bootstrap, TakesDirectoriesThatAreThereAndEmptyOrEndInASlash) {
  configure("");
  std::filesystem::create_directory(folder_ / "data");
  BootstrapOptions slashed = options();
  slashed.accounts_directory += "/";
  EXPECT_EQ(message_of(bootstrap_validator(slashed, validator_secret(), *test_engine())), "ok");
  EXPECT_EQ(files().count("accounts/faucet_miden.mac"), 1u);
}

}  // namespace
}  // namespace miden
