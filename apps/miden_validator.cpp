// miden-validator: bootstrap a network's genesis, or sign its blocks.
#include <fmt/format.h>

#include <thread>

#include "base/version.hpp"
#include "command_line.hpp"
#include "net/signals.hpp"
#include "telemetry/log.hpp"
#include "validator/bootstrap.hpp"
#include "validator/service.hpp"

namespace {

using namespace miden;

// The reference's well-known key, for local networks only.
constexpr std::string_view kInsecureKey =
    "0101010101010101010101010101010101010101010101010101010101010101";

struct KeyOptions {
  std::string hex = std::string(kInsecureKey);
  std::string kms_id;
};

void add_key_options(CLI::App& command, KeyOptions& key) {
  auto* hex = command
                  .add_option("--key.hex", key.hex,
                              "Secret key: 64 hexadecimal digits (the default is insecure)")
                  ->envname("MIDEN_VALIDATOR_KEY");
  command
      .add_option("--key.kms-id", key.kms_id,
                  "Key of a cloud key service; not built: only --key.hex works")
      ->envname("MIDEN_VALIDATOR_KMS_KEY_ID")
      ->excludes(hex);
}

void add_data_directory(CLI::App& command, std::filesystem::path& directory) {
  command.add_option("--data-directory", directory, "The validator's store")
      ->envname("MIDEN_VALIDATOR_DATA_DIRECTORY")
      ->required();
}

// The reference keeps an SQL database; scripts that size its pool must go on working.
void add_ignored_pool_size(CLI::App& command, unsigned& size) {
  command
      .add_option("--sqlite.connection_pool_size", size,
                  "Accepted for compatibility and ignored: there is no SQL database")
      ->envname("MIDEN_VALIDATOR_SQLITE_CONNECTION_POOL_SIZE")
      ->check(positive());
}

Result<SecretKey> read_key(const KeyOptions& options) {
  if (!options.kms_id.empty()) {
    return fail(
        "KmsNotBuilt",
        "signing through a cloud key service is not built; use --key.hex or MIDEN_VALIDATOR_KEY");
  }
  auto key = SecretKey::from_hex(options.hex);
  if (!key)
    return fail(key.error().code, fmt::format("invalid --key.hex: {}", key.error().message));
  if (options.hex == kInsecureKey) {
    log_warn(
        "signing with the insecure default key; give --key.hex for anything but a local network");
  }
  return key;
}

}  // namespace

int main(int argc, char** argv) {
  StopOnSignal signals;
  CLI::App app("Miden validator: re-executes every transaction, checks and signs every block",
               "miden-validator");
  app.set_version_flag("-V,--version", fmt::format("miden-validator {}", kReleaseVersion));
  app.require_subcommand(1);

  KeyOptions key;
  std::filesystem::path data_directory;
  unsigned ignored_pool_size = 0;

  BootstrapOptions bootstrap;
  CLI::App* bootstrap_command = app.add_subcommand(
      "bootstrap", "Make a new network: genesis block, its accounts, the validator's store");
  bootstrap_command
      ->add_option("--genesis-block-directory", bootstrap.genesis_block_directory,
                   "Receives genesis.dat, which every node starts from")
      ->required();
  bootstrap_command
      ->add_option("--accounts-directory", bootstrap.accounts_directory,
                   "Receives the generated accounts with their secret keys (*.mac)")
      ->required();
  add_data_directory(*bootstrap_command, data_directory);
  add_ignored_pool_size(*bootstrap_command, ignored_pool_size);
  bootstrap_command
      ->add_option("--genesis-config-file", bootstrap.genesis_config_file,
                   "TOML description of the genesis block (default: only the native faucet MIDEN)")
      ->envname("MIDEN_VALIDATOR_GENESIS_CONFIG_FILE");
  add_key_options(*bootstrap_command, key);

  ValidatorServiceOptions service;
  Validator::Options rules;
  CLI::App* start_command = app.add_subcommand("start", "Serve validator.Api");
  add_listen(*start_command, "--listen", service.listen, "Address and port to serve on")
      ->envname("MIDEN_VALIDATOR_LISTEN")
      ->required();
  add_duration(*start_command, "--grpc.timeout", service.timeout,
               "Limit for answering one request");
  add_data_directory(*start_command, data_directory);
  add_ignored_pool_size(*start_command, ignored_pool_size);
  add_key_options(*start_command, key);
  start_command->add_flag(
      "--allow-tip-replacement", rules.allow_tip_replacement,
      "Recovery: sign a different block at the tip's height. Only when the one signed before was "
      "committed nowhere (not in the reference, which always allows it)");

  CLI::App* migrate_command =
      app.add_subcommand("migrate", "Bring the store to this version's format (nothing to do yet)");
  add_data_directory(*migrate_command, data_directory);

  return run_command_line(app, argc, argv, [&]() -> Result<void> {
    if (migrate_command->parsed()) {
      TRY(ValidatorStore::open(data_directory / kValidatorStoreFolder));
      log_info("the store has this version's format", {{"directory", data_directory.string()}});
      return {};
    }
    const SecretKey secret = TRY(read_key(key));
    std::shared_ptr<const Engine> engine = make_reference_engine(0);
    if (bootstrap_command->parsed()) {
      bootstrap.data_directory = data_directory;
      return bootstrap_validator(bootstrap, secret, *engine);
    }
    auto store = TRY(ValidatorStore::open(data_directory / kValidatorStoreFolder));
    const auto validator = TRY(Validator::make(std::move(store), secret, std::move(engine), rules));
    service.worker_threads = std::max(1U, std::thread::hardware_concurrency());
    return serve_validator(*validator, service, signals.token());
  });
}
