// miden-node full.
#include <charconv>
#include <memory>

#include "miden_node/command.hpp"
#include "miden_node/node_options.hpp"
#include "node/full_node.hpp"

namespace miden {
namespace {

constexpr const char* kSyncGroup = "Synchronization";
constexpr const char* kSubmissionGroup = "Submissions";

struct FullCommand {
  Result<void> run(std::stop_token stop) {
    options.rpc = TRY(rpc.checked());
    options.store = store.store;
    // The command line has seen to it that both are there or none.
    if (validator && sequencer) {
      options.authenticated = {.validator_url = *validator, .sequencer_url = *sequencer};
    }
    return run_full_node(options, std::move(stop));
  }

  FullNodeOptions options;
  RpcSettings rpc;
  StoreSettings store;
  std::optional<ServiceUrl> validator;
  std::optional<ServiceUrl> sequencer;
};

// CLI11's own conversion would take -1 for the largest there is.
CLI::Validator any_block_count() {
  const auto check = [](const std::string& text) {
    uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [after, problem] = std::from_chars(text.data(), end, number);
    if (problem == std::errc() && after == end) return std::string();
    return "'" + text + "' is not a number of blocks";
  };
  return CLI::Validator(check, "BLOCKS");
}

void add_sync_options(CLI::App& command, FullNodeOptions& options) {
  add_urls(command, "--sync.block-source.url", options.sync.sources,
           "A node to follow: its public API. Blocks and proofs come from it, submissions go to "
           "it. May be given more than once: the furthest that answers is followed, another one "
           "when it fails")
      ->envname("MIDEN_NODE_SYNC_BLOCK_SOURCE_URL")
      ->required()
      ->group(kSyncGroup);
  command
      .add_option("--sync.ready-threshold", options.ready_threshold,
                  "Blocks behind the source up to which health says SERVING for rpc.Api")
      ->envname("MIDEN_NODE_SYNC_READY_THRESHOLD")
      ->check(any_block_count())
      ->capture_default_str()
      ->group(kSyncGroup);
}

// With both, transactions are admitted here and only then handed to the sequencer.
void add_submission_options(CLI::App& command, FullCommand& settings) {
  CLI::Option* validator =
      add_url(command, "--validator.url", settings.validator,
              "The validator: submissions are authenticated here, validated there and handed to "
              "the sequencer instead of to the source")
          ->envname("MIDEN_NODE_VALIDATOR_URL")
          ->group(kSubmissionGroup);
  CLI::Option* sequencer = add_url(command, "--sequencer.internal.url", settings.sequencer,
                                   "The sequencer's private API (its --internal.listen)")
                               ->envname("MIDEN_NODE_SEQUENCER_INTERNAL_URL")
                               ->group(kSubmissionGroup);
  validator->needs(sequencer);
  sequencer->needs(validator);
}

}  // namespace

Command add_full_command(CLI::App& program) {
  const auto full = std::make_shared<FullCommand>();
  CLI::App* command =
      program.add_subcommand("full", "Follow other nodes, serve the public API from a copy");
  add_data_directory(*command, full->options.data_directory);
  add_rpc_options(*command, full->rpc);
  add_store_options(*command, full->store);
  add_sync_options(*command, full->options);
  add_submission_options(*command, *full);
  return {.app = command,
          .run = [full](std::stop_token stop) { return full->run(std::move(stop)); }};
}

}  // namespace miden
