// miden-node's commands, one file each.
#pragma once

#include <functional>
#include <stop_token>

#include "command_line.hpp"

namespace miden {

struct Command {
  CLI::App* app;
  // Called when the command line chose this one, after parsing.
  std::function<Result<void>(std::stop_token)> run;
};

// Each adds itself and its options to the program.
Command add_bootstrap_command(CLI::App& program);
Command add_sequencer_command(CLI::App& program);
Command add_full_command(CLI::App& program);
Command add_recover_command(CLI::App& program);
Command add_snapshot_command(CLI::App& program);

}  // namespace miden
