// From a request's payload to its proof. spec/prover-and-monitor.md §A5 to §A7, §A11.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/engine.hpp"
#include "net/status.hpp"

namespace miden {

// The numbers of remote_prover.ProofType.
enum class ProofKind : uint8_t { kTransaction = 0, kBatch = 1, kBlock = 2 };
std::string_view to_string(ProofKind kind);  // "transaction"
std::optional<ProofKind> proof_kind_named(std::string_view name);

// Longer statuses are cut: they travel in a header, whose size clients limit.
inline constexpr size_t kMaxStatusBytes = 4096;

// Is this what a prover of that kind proves: TransactionInputs, a ProposedBatch, a
// BlockProofRequest? Also taken for a block is a ProposedBlock, which the reference's sequencer
// sends. Nothing is executed or verified; bytes after the value are ignored. INVALID_ARGUMENT with
// what is wrong.
Answer<> check_payload(ProofKind kind, ByteView payload);

// The proof of what check_payload() takes: ProvenTransaction, ProvenBatch, BlockProof (which is
// empty in protocol 0.15). INTERNAL when there is none: the inputs do not execute, or not within
// `max_cycles`, a proof inside is not valid, the engine gave up.
Answer<Bytes> make_proof(const Engine& engine, ProofKind kind, ByteView payload,
                         uint32_t max_cycles);

}  // namespace miden
