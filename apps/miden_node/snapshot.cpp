// miden-node snapshot create.
#include <chrono>
#include <memory>

#include "miden_node/command.hpp"
#include "miden_node/node_options.hpp"
#include "node/take_snapshot.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

struct CreateSnapshot {
  Result<void> run(const std::stop_token& stop) const {
    const auto began = std::chrono::steady_clock::now();
    const TakenSnapshot taken = TRY(take_snapshot(data_directory, target, stop));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    log_info("snapshot created",
             {{"directory", target.string()},
              {"tip", taken.description.tip},
              {"proven_tip", taken.description.proven_tip},
              {"tip_commitment", taken.description.tip_commitment},
              {"genesis", taken.description.genesis},
              {"bytes", taken.description.size()},
              {"files", taken.shares_files ? "shared with the node's store" : "copied"},
              {"ms", took.count()}});
    return {};
  }

  std::filesystem::path data_directory;
  std::filesystem::path target;
};

}  // namespace

Command add_snapshot_command(CLI::App& program) {
  const auto create = std::make_shared<CreateSnapshot>();
  CLI::App* snapshots = program.add_subcommand("snapshot", "Copy a node's chain");
  snapshots->require_subcommand(1);
  CLI::App* command = snapshots->add_subcommand(
      "create",
      "Copy the chain of a node, running or not, for `bootstrap --snapshot`. Table files are hard "
      "links where DIR is on the data directory's file system, which takes seconds at any height; "
      "elsewhere they are copied. DIR is there whole or not at all");
  command->add_option("DIR", create->target, "Where to; missing, or an empty directory")
      ->required();
  add_data_directory(*command, create->data_directory);
  return {.app = command,
          .run = [create](const std::stop_token& stop) { return create->run(stop); }};
}

}  // namespace miden
