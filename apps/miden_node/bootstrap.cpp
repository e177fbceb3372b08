// miden-node bootstrap.
#include <memory>

#include "miden_node/command.hpp"
#include "miden_node/node_options.hpp"
#include "node/sequencer.hpp"

namespace miden {
namespace {

struct Bootstrap {
  Result<void> run() const {
    if (!network.empty()) {
      return fail("NotBuilt",
                  "downloading a genesis block is not built; fetch the file and use --file");
    }
    return bootstrap_node(data_directory, genesis_file);
  }

  std::filesystem::path data_directory;
  std::filesystem::path genesis_file;
  std::string network;
};

}  // namespace

Command add_bootstrap_command(CLI::App& program) {
  const auto bootstrap = std::make_shared<Bootstrap>();
  CLI::App* command =
      program.add_subcommand("bootstrap", "Make a node's store from a genesis block");
  add_data_directory(*command, bootstrap->data_directory);
  CLI::Option_group* source = command->add_option_group("source", "One of");
  source->add_option("--file", bootstrap->genesis_file, "Signed genesis block (genesis.dat)");
  source
      ->add_option("--network", bootstrap->network,
                   "Download it; not built: fetch the file and use --file")
      ->check(CLI::IsMember({"devnet", "testnet"}));
  source->require_option(1);
  return {.app = command, .run = [bootstrap](const std::stop_token&) { return bootstrap->run(); }};
}

}  // namespace miden
