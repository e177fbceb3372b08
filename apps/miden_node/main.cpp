// miden-node: make a node's store, or run a node over it.
#include <fmt/format.h>

#include <vector>

#include "base/version.hpp"
#include "miden_node/command.hpp"
#include "net/signals.hpp"

int main(int argc, char** argv) {
  using namespace miden;
  StopOnSignal signals;
  CLI::App program("Miden node", "miden-node");
  program.set_version_flag("-V,--version", fmt::format("miden-node {}", kReleaseVersion));
  program.require_subcommand(1);
  const std::vector<Command> commands = {
      add_bootstrap_command(program), add_sequencer_command(program), add_full_command(program),
      add_recover_command(program), add_snapshot_command(program)};
  return run_command_line(program, argc, argv, [&]() -> Result<void> {
    for (const Command& command : commands) {
      if (command.app->parsed()) return command.run(signals.token());
    }
    return {};
  });
}
