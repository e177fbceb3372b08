// miden-node bootstrap.
#include <map>
#include <memory>

#include "miden_node/command.hpp"
#include "miden_node/node_options.hpp"
#include "node/bootstrap_from_snapshot.hpp"
#include "node/genesis_file.hpp"
#include "node/sequencer.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Checks = SnapshotBootstrap::Checks;

struct Bootstrap {
  Result<void> run(const std::stop_token& stop) const {
    if (!network.empty()) {
      return fail("NotBuilt",
                  "downloading a genesis block is not built; fetch the file and use --file");
    }
    if (!snapshot.empty()) return from_snapshot(stop);
    return bootstrap_node(data_directory, genesis_file);
  }

  Result<void> from_snapshot(const std::stop_token& stop) const {
    SnapshotBootstrap options{.data_directory = data_directory,
                              .snapshot = snapshot,
                              .genesis = genesis,
                              .checks = checks};
    if (!genesis_file.empty()) {
      options.genesis = TRY(read_genesis_file(genesis_file)).header.commitment();
    }
    const StoredTip start = TRY(bootstrap_from_snapshot(options, stop));
    log_info("bootstrapped from a snapshot", {{"directory", data_directory.string()},
                                              {"genesis", options.genesis},
                                              {"tip", start.tip.header.block_num},
                                              {"proven_tip", start.proven_tip}});
    return {};
  }

  std::filesystem::path data_directory;
  std::filesystem::path genesis_file;
  std::string network;
  std::filesystem::path snapshot;
  Word genesis;
  Checks checks = Checks::kHeaders;
};

// Ours alone.
void add_snapshot_options(CLI::App& command, CLI::Option_group& source, Bootstrap& settings) {
  CLI::Option* snapshot = command.add_option(
      "--snapshot", settings.snapshot,
      "Start at the tip of this snapshot (miden-node snapshot create) instead of at genesis. What "
      "it must fit is named by --file or --genesis");
  const auto set_genesis = [&settings](const std::string& text) {
    const auto word = Word::from_hex(text);
    if (!word) throw CLI::ValidationError("--genesis", word.error().message);
    settings.genesis = *word;
  };
  source
      .add_option_function<std::string>("--genesis", set_genesis,
                                        "With --snapshot: the genesis block's commitment (0x...)")
      ->type_name("COMMITMENT")
      ->needs(snapshot);
  command
      .add_option("--verify", settings.checks,
                  "How much of a snapshot is not believed: `headers` checks every file, all "
                  "headers up to the tip and the validator's signature on it; `full` applies "
                  "every block again, which takes as long as following a node on this machine")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, Checks>{{"headers", Checks::kHeaders},
                                                                {"full", Checks::kEveryBlock}},
                                  CLI::ignore_case))
      ->type_name("headers|full")
      ->default_str("headers")
      ->needs(snapshot);
}

}  // namespace

Command add_bootstrap_command(CLI::App& program) {
  const auto bootstrap = std::make_shared<Bootstrap>();
  CLI::App* command =
      program.add_subcommand("bootstrap", "Make a node's store from a genesis block or a snapshot");
  add_data_directory(*command, bootstrap->data_directory);
  CLI::Option_group* source = command->add_option_group("source", "One of");
  source->add_option("--file", bootstrap->genesis_file, "Signed genesis block (genesis.dat)");
  source
      ->add_option("--network", bootstrap->network,
                   "Download it; not built: fetch the file and use --file")
      ->check(CLI::IsMember({"devnet", "testnet"}));
  add_snapshot_options(*command, *source, *bootstrap);
  source->require_option(1);
  return {.app = command,
          .run = [bootstrap](const std::stop_token& stop) { return bootstrap->run(stop); }};
}

}  // namespace miden
