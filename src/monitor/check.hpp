// One thing that the monitor looks at, and what one look found.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace miden {

enum class Outcome : uint8_t {
  kOk,
  kDegraded,      // works, but slow, behind, full or with a part missing
  kFailed,        // does not do what it is for
  kInconclusive,  // could not be looked at, by no fault of its own
};

// Why a result is not kOk. The text forms are stable: they stand in the API, metrics and webhooks.
enum class Reason : uint8_t {
  kNone,
  kRefused,  // nothing listens there
  kTimeout,  // no answer in time
  kDns,      // its name does not resolve
  kTls,
  kGrpc,       // a gRPC status, in CheckResult::code
  kHttp,       // an HTTP status, in CheckResult::code
  kMalformed,  // an answer that is none
  kTooLarge,   // an answer beyond the limit
  kStaleTip,   // no new block for too long
  kLag,        // behind the best
  kGenesis,    // of another network
  kVersion,    // of another version than the rest
  kQueueFull,
  kWorker,  // a part of it is away
  kProofInvalid,
  kNotServing,  // says so itself
  kPending,     // what was asked for does not happen
  kStarting,    // has to prepare something first
  kLocal,       // the monitor's own fault: no route, no file handles
};
// "refused", "timeout", ...
std::string_view to_text(Reason reason);
// "ok", "degraded", "fail", "inconclusive"
std::string_view to_text(Outcome outcome);

// A number that a look found. At most 8 a result. Those that metrics and charts know:
//   "tip"                     chain tip (block production, node, validator, explorer)
//   "tip_age_ms"              since it last changed (block production, node)
//   "lag_blocks"              behind the best (node, explorer, validator)
//   "mempool_transactions", "proposed_batches", "proven_batches" (block production)
//   "validated_transactions", "signed_blocks" (validator)
//   "proof_s"                 of a test proof, in the first result that tells of it (prover)
//   "proof_bytes"             of the last test proof (prover)
//   "queue_waiting", "queue_capacity" (prover)
//   "pow_difficulty"          (faucet)
//   "pending"                 notes not consumed yet (network transaction)
//   "committed_s", "consumed_s"  from submission to block, to consumption; only in the result that
//                             saw it end (local and network transaction)
//   "committed_timeouts", "consumed_timeouts"  how many were given up since the last result
struct Figure {
  std::string name;
  double value = 0;
};

// A line of a card's details, in reading order.
struct Fact {
  std::string label;
  std::string value;
  bool is_hash = false;  // set in monospace, may be copied
};

struct CheckResult {
  int64_t started_ms = 0;   // wall clock, Unix
  int64_t duration_us = 0;  // steady clock
  Outcome outcome = Outcome::kInconclusive;
  Reason reason = Reason::kNone;
  int code = 0;       // of kGrpc and kHttp
  std::string error;  // one sentence and what was said; what came from outside is cleaned and cut
  std::string headline;  // the one number that matters, as text: "block 48,213", "42 ms"
  std::vector<Figure> figures;
  std::vector<Fact> facts;
  // What `/status` shows, in the reference's form: {"RpcStatus": {...}} or "Error"; its own three
  // words, without debounce (spec/prover-and-monitor.md B4, B6-B12).
  nlohmann::json details;
  std::string reference_status = "Unknown";  // "Healthy", "Unhealthy", "Unknown"
};

enum class CheckGroup : uint8_t { kChain, kProving, kEndToEnd, kUserServices };

// "chain", "proving", "end-to-end", "user-services"
std::string_view to_text(CheckGroup group);

// The kinds of check; a card's layout depends on it.
enum class CheckKind : uint8_t {
  kBlockProduction,
  kNode,
  kValidator,
  kProver,
  kLocalTransaction,
  kNetworkTransaction,
  kFaucet,
  kExplorer,
  kNoteTransport,
};
// "block-production", "node", "validator", "prover", "local-transaction", "network-transaction",
// "faucet", "explorer", "note-transport"
std::string_view to_text(CheckKind kind);

struct CheckDescription {
  std::string id;              // stable, [a-z0-9-]: "node-1", "prover-2"
  std::string name;            // on the card: "Full node 2"
  std::string reference_name;  // in `/status`; empty: not there
  CheckKind kind = CheckKind::kNode;
  CheckGroup group = CheckGroup::kChain;
  std::string meaning;  // one sentence: what works when this works
  std::string target;   // URL as the operator gave it, without credentials
  std::string request;  // what is sent, for the check's own page; a grpcurl or curl line
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
  // An answer that takes longer counts as a failure until it comes, and so does each further such
  // wait. 0: the interval, at least 3 s.
  std::chrono::milliseconds patience{0};
  std::vector<std::string> thresholds;  // in words
  std::vector<std::string> parents;     // ids of checks whose failure explains this one's
  int failures_to_confirm = 2;
  int successes_to_clear = 2;
};

struct Check {
  CheckDescription description;
  // What `/status` shows before the first result.
  CheckResult seed;
  // One look; ends soon after the stop is requested and never takes longer than the timeout by
  // much. Called on one thread at a time. Does not throw for what comes from outside.
  std::function<CheckResult(const std::stop_token&)> look;
};

}  // namespace miden
