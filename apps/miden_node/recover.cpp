// miden-node recover.
#include <memory>

#include "miden_node/command.hpp"
#include "miden_node/node_options.hpp"
#include "node/recover.hpp"

namespace miden {

Command add_recover_command(CLI::App& program) {
  struct RecoverCommand {
    RecoverOptions options;
    StoreSettings store;
  };
  const auto recover = std::make_shared<RecoverCommand>();
  CLI::App* command = program.add_subcommand(
      "recover", "Take the blocks that this node lacks from the validator, then end");
  add_data_directory(*command, recover->options.data_directory);
  add_url(*command, "--validator.url", recover->options.validator_url, "The validator")
      ->envname("MIDEN_NODE_VALIDATOR_URL")
      ->required();
  add_store_options(*command, recover->store);
  return {.app = command, .run = [recover](const std::stop_token& stop) {
            recover->options.store = recover->store.store;
            return run_recover(recover->options, stop);
          }};
}

}  // namespace miden
