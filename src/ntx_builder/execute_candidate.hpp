// Which of a candidate's notes can the account consume, and whose fault is it where it cannot?
// spec/ntx-builder.md §11, §13.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "ntx_builder/builder_state.hpp"
#include "ntx_builder/node_client.hpp"

namespace miden {

struct ExecutionTerms {
  uint32_t max_cycles = 1u << 18;  // of each run of a transaction, prologue and epilogue included
  // The transaction script that limits how long a transaction may wait, for accounts that allow it.
  std::optional<AssembledScript> expiration_script;
};

struct ExecutedCandidate {
  std::optional<NetworkTransaction> transaction;  // none: no note can be consumed
  std::vector<NoteId> consumed;
  std::vector<FailedAttempt> failed;  // by themselves
  // What could not be judged because the node did not answer; why, where there is any.
  std::vector<NoteId> unjudged;
  std::string node_failure;
};

// Takes as long as the VM and the node do. When the notes fail together each is tried alone: what
// one of them does is not held against the others (T22). A stop leaves notes unjudged.
ExecutedCandidate execute_candidate(const Candidate& candidate, const ExecutionTerms& terms,
                                    const Engine& engine, BuilderState& state,
                                    const NodeClient& node, const std::stop_token& stop);

// Whether the account's code lets that transaction script run: by the standard slot
// miden::standards::auth::network_account::allowed_tx_scripts.
bool allows_tx_script(const Account& account, const Word& script_root);

}  // namespace miden
