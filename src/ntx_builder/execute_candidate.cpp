#include "ntx_builder/execute_candidate.hpp"

#include "ntx_builder/candidate_source.hpp"
#include "protocol/transaction_inputs.hpp"

namespace miden {
namespace {

using Indices = std::vector<size_t>;  // among the candidate's notes

Bytes arguments(const Candidate& candidate, const ExecutionTerms& terms) {
  if (!terms.expiration_script) return {};
  if (!allows_tx_script(*candidate.account, terms.expiration_script->root)) return {};
  Result<NoteScript> script = from_bytes<NoteScript>(terms.expiration_script->script);
  if (!script) return {};
  TransactionArgs args;
  args.script = *std::move(script);
  return to_bytes(args);
}

// The VM's reports are made for terminals; what is kept is text.
std::string without_escapes(std::string_view report) {
  std::string text;
  for (size_t i = 0; i < report.size(); ++i) {
    const char c = report[i];
    if (c == '\x1b' && report.substr(i + 1).starts_with('[')) {
      for (i += 2; i < report.size() && (report[i] < '@' || report[i] > '~');) ++i;
    } else if (static_cast<unsigned char>(c) >= ' ' || c == '\n') {
      text += c;
    }
  }
  return text;
}

// One call of the engine.
struct Run {
  Result<NetworkExecution> execution;
  bool is_overdrawn = false;
  std::string node_failure;

  // Whether what failed as a whole says nothing about the notes.
  bool is_nodes_fault() const { return !execution && !node_failure.empty() && !is_overdrawn; }
};

class Execution {
 public:
  Execution(const Candidate& candidate, const ExecutionTerms& terms, const Engine& engine,
            BuilderState& state, const NodeClient& node, const std::stop_token& stop)
      : candidate_(candidate), engine_(engine), state_(state), node_(node), stop_(stop) {
    request_.partial_account = partial_account(*candidate.account);
    request_.block_header = to_bytes(candidate.tip->header);
    request_.partial_blockchain = to_bytes(candidate.tip->blockchain);
    request_.max_cycles = terms.max_cycles;
    request_.args = arguments(candidate, terms);
  }

  ExecutedCandidate execute() && {
    Indices all(candidate_.notes.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    const Run run = this->run(all);
    if (run.execution) {
      take(all, run);
    } else if (run.is_nodes_fault()) {
      leave_unjudged(all, run.node_failure);
    } else if (all.size() == 1) {
      blame(all.front(), run.execution.error());
    } else {
      execute_apart(all);
    }
    return std::move(outcome_);
  }

 private:
  const NoteId& id(size_t index) const { return candidate_.notes[index].id; }

  Run run(const Indices& notes) {
    request_.notes.clear();
    for (const size_t index : notes) request_.notes.push_back(candidate_.notes[index].note);
    CandidateSource source(*candidate_.tip, *candidate_.account, state_, node_, stop_);
    Run run{engine_.execute_network_notes(request_, source), false, {}};
    run.is_overdrawn = source.is_overdrawn();
    run.node_failure = source.failure();
    return run;
  }

  void blame(size_t index, const Error& error) {
    outcome_.failed.push_back({id(index), without_escapes(error.message)});
  }
  void leave_unjudged(const Indices& notes, const std::string& node_failure) {
    for (const size_t index : notes) outcome_.unjudged.push_back(id(index));
    outcome_.node_failure = node_failure;
  }

  // The transaction and the verdicts of a run that succeeded.
  void take(const Indices& notes, const Run& run) {
    Indices suspects;
    for (const FailedNetworkNote& note : run.execution->failed) {
      const size_t index = notes[note.index];
      if (!note.source_failed) {
        blame(index, note.error);
      } else if (!run.is_overdrawn) {
        leave_unjudged({index}, run.node_failure);
      } else if (notes.size() == 1) {
        blame(index, note.error);
      } else {
        suspects.push_back(index);
      }
    }
    keep_transaction(notes, *run.execution);
    // They asked for too much together. Who does so alone is to blame; the others have their turn
    // later.
    for (const size_t index : suspects) judge_alone(index);
  }

  void keep_transaction(const Indices& notes, const NetworkExecution& execution) {
    if (!execution.transaction) return;
    outcome_.transaction = execution.transaction;
    outcome_.consumed.clear();
    for (const ConsumedNetworkNote& note : execution.consumed) {
      outcome_.consumed.push_back(id(notes[note.index]));
    }
  }

  // The run, if the note can be consumed alone; else the note's fate is noted.
  std::optional<Run> judge_alone(size_t index) {
    if (stop_.stop_requested()) {
      leave_unjudged({index}, "stopping");
      return std::nullopt;
    }
    Run run = this->run({index});
    if (run.execution && run.execution->transaction) return run;
    const FailedNetworkNote* failed = nullptr;
    if (run.execution && !run.execution->failed.empty()) failed = &run.execution->failed.front();
    const bool is_nodes_fault =
        failed != nullptr ? failed->source_failed && !run.is_overdrawn : run.is_nodes_fault();
    if (is_nodes_fault) {
      leave_unjudged({index}, run.node_failure);
    } else if (failed != nullptr) {
      blame(index, failed->error);
    } else if (!run.execution) {
      blame(index, run.execution.error());
    }
    return std::nullopt;
  }

  void execute_apart(const Indices& notes) {
    Indices good;
    std::optional<Run> first;
    for (const size_t index : notes) {
      const size_t unjudged = outcome_.unjudged.size();
      std::optional<Run> alone = judge_alone(index);
      // The others have their turn when the node answers again.
      if (outcome_.unjudged.size() > unjudged) break;
      if (!alone) continue;
      good.push_back(index);
      if (!first) first = std::move(alone);
    }
    if (good.empty()) return;
    // Without the culprits the others may do together; else one of them is progress.
    if (good.size() > 1 && good.size() < notes.size() && !stop_.stop_requested()) {
      const Run together = run(good);
      if (together.execution && together.execution->transaction) return take(good, together);
    }
    keep_transaction({good.front()}, *first->execution);
  }

  const Candidate& candidate_;
  const Engine& engine_;
  BuilderState& state_;
  const NodeClient& node_;
  const std::stop_token& stop_;
  NetworkExecutionRequest request_;
  ExecutedCandidate outcome_;
};

}  // namespace

ExecutedCandidate execute_candidate(const Candidate& candidate, const ExecutionTerms& terms,
                                    const Engine& engine, BuilderState& state,
                                    const NodeClient& node, const std::stop_token& stop) {
  return Execution(candidate, terms, engine, state, node, stop).execute();
}

bool allows_tx_script(const Account& account, const Word& script_root) {
  static const StorageSlotName slot_name =
      StorageSlotName::parse("miden::standards::auth::network_account::allowed_tx_scripts").value();
  const StorageSlot* slot = account.storage.find(slot_name);
  if (slot == nullptr) return false;
  const auto* map = std::get_if<StorageMap>(&slot->content);
  return map != nullptr && map->entries().contains(StorageMapKey(script_root));
}

}  // namespace miden
