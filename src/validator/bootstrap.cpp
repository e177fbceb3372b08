#include "validator/bootstrap.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "telemetry/log.hpp"
#include "validator/genesis_block.hpp"
#include "validator/genesis_config.hpp"
#include "validator/validator_store.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

// Absent with a parent that is there, or an empty directory.
Result<void> check_empty(const fs::path& dir) {
  std::error_code error;
  if (!fs::exists(dir, error)) {
    fs::path whole = fs::absolute(dir).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();  // it ends in a slash
    if (fs::is_directory(whole.parent_path(), error)) return {};
    return fail("DirectoryMissing",
                fmt::format("failed to create {}: its parent is not a directory", dir.string()));
  }
  if (!fs::is_directory(dir, error)) {
    return fail("DirectoryNotEmpty", fmt::format("{} is not a directory", dir.string()));
  }
  if (!fs::is_empty(dir, error)) {
    return fail("DirectoryNotEmpty", fmt::format("{} exists but is not empty", dir.string()));
  }
  return {};
}

Result<void> make_directory(const fs::path& dir) {
  std::error_code error;
  fs::create_directory(dir, error);
  if (!error) return {};
  return fail("DirectoryMissing",
              fmt::format("failed to create {}: {}", dir.string(), error.message()));
}

// A new file, whole and on disk when this returns.
Result<void> write_new_file(const fs::path& path, ByteView contents, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) {
    if (errno == EEXIST) {
      return fail("KeyFileExists", fmt::format("key file already exists: {}", path.string()));
    }
    return fail("FileWriteFailed",
                fmt::format("failed to create {}: {}", path.string(), std::strerror(errno)));
  }
  bool written = true;
  for (size_t done = 0; written && done < contents.size();) {
    const ssize_t count = ::write(file, contents.data() + done, contents.size() - done);
    written = count > 0;
    if (written) done += static_cast<size_t>(count);
  }
  written = written && ::fsync(file) == 0;
  const int problem = errno;
  ::close(file);
  if (!written) {
    return fail("FileWriteFailed",
                fmt::format("failed to write {}: {}", path.string(), std::strerror(problem)));
  }
  return {};
}

uint32_t now() {
  using namespace std::chrono;
  return static_cast<uint32_t>(
      duration_cast<seconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace

Result<void> bootstrap_validator(const BootstrapOptions& options, const SecretKey& key,
                                 const Engine& engine) {
  const GenesisConfig config = options.genesis_config_file
                                   ? TRY(read_genesis_config(*options.genesis_config_file))
                                   : default_genesis_config(now());
  const std::array directories = {options.accounts_directory, options.genesis_block_directory,
                                  options.data_directory};
  for (const fs::path& directory : directories) TRY(check_empty(directory));

  log_info("building genesis accounts", {{"faucets", config.accounts.fungible_faucets.size() + 1},
                                         {"wallets", config.accounts.wallets.size()},
                                         {"account_files", config.accounts.accounts.size()}});
  const GenesisAccounts accounts = TRY(engine.build_genesis_accounts(config.accounts));
  const SignedBlock genesis =
      TRY(build_genesis_block(config, accounts, engine.info().kernel_commitment, key));

  for (const fs::path& directory : directories) TRY(make_directory(directory));
  for (const GenesisAccount& account : accounts.accounts) {
    if (!account.file_name) continue;
    TRY(write_new_file(options.accounts_directory / *account.file_name, account.account_file,
                       0600));
    const Account generated = TRY(from_bytes<Account>(account.account));
    log_info("genesis account", {{"id", generated.id}, {"file", *account.file_name}});
  }
  // The store first: genesis.dat is what others start from, so it appears when all else is in
  // place. Where both lie in one directory the store's own folder keeps them apart.
  TRY(ValidatorStore::create(options.data_directory / kValidatorStoreFolder, genesis));
  TRY(write_new_file(options.genesis_block_directory / "genesis.dat", to_bytes(genesis), 0644));
  log_info("genesis block signed",
           {{"commitment", genesis.header.commitment()},
            {"accounts", genesis.body.updated_accounts.size()},
            {"file", (options.genesis_block_directory / "genesis.dat").string()}});
  return {};
}

}  // namespace miden
