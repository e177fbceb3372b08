#include "prover/make_proof.hpp"

#include <fmt/format.h>

#include <array>

#include "protocol/batch.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/transaction_inputs.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"transaction", "batch", "block"};

std::string shortened(std::string text) {
  if (text.size() <= kMaxStatusBytes) return text;
  size_t end = kMaxStatusBytes;
  // Not within a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

// The reference's form of an error with its causes.
std::unexpected<Status> refuse_because(StatusCode code, const std::string& context,
                                       const std::string& cause) {
  return refuse(code, shortened(context + ": \ncaused by: " + cause));
}

std::unexpected<Status> undecodable(const Error& error) {
  return refuse_because(StatusCode::kInvalidArgument, "failed to decode request", error.message);
}

template <class T>
Answer<> check_decodes(ByteView payload) {
  if (const Result<T> decoded = from_bytes<T>(payload); !decoded) {
    return undecodable(decoded.error());
  }
  return {};
}

Result<Bytes> prove_transaction(const Engine& engine, ByteView inputs, uint32_t max_cycles) {
  const Result<void> checked = engine.check_cycles(inputs, max_cycles);
  if (!checked && checked.error().code == "CycleLimitExceeded") {
    return std::unexpected(checked.error());
  }
  return engine.prove_transaction(inputs);
}

Result<Bytes> prove(const Engine& engine, ProofKind kind, ByteView payload, uint32_t max_cycles) {
  switch (kind) {
    case ProofKind::kTransaction:
      return prove_transaction(engine, payload, max_cycles);
    case ProofKind::kBatch:
      return engine.prove_batch(payload);
    case ProofKind::kBlock:
      break;
  }
  Result<Bytes> proof = engine.prove_block(payload);
  // The proof of protocol 0.15 says nothing about the block, so that none is lost in the other
  // form.
  if (!proof && from_bytes<ProposedBlock>(payload)) return to_bytes(BlockProof{});
  return proof;
}

}  // namespace

std::string_view to_string(ProofKind kind) { return kNames[static_cast<size_t>(kind)]; }

std::optional<ProofKind> proof_kind_named(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<ProofKind>(i);
  }
  return std::nullopt;
}

Answer<> check_payload(ProofKind kind, ByteView payload) {
  switch (kind) {
    case ProofKind::kTransaction:
      return check_decodes<TransactionInputs>(payload);
    case ProofKind::kBatch:
      return check_decodes<ProposedBatch>(payload);
    case ProofKind::kBlock:
      break;
  }
  const Answer<> is_request = check_decodes<BlockProofRequest>(payload);
  // A header follows the batches in the one, a timestamp in the other: bytes are never both.
  if (!is_request && check_decodes<ProposedBlock>(payload)) return {};
  return is_request;
}

Answer<Bytes> make_proof(const Engine& engine, ProofKind kind, ByteView payload,
                         uint32_t max_cycles) {
  Result<Bytes> proof = prove(engine, kind, payload, max_cycles);
  if (proof) return std::move(*proof);
  const Error& error = proof.error();
  if (error.code == "DeserializationError") return undecodable(error);
  if (error.code == "EnginePanic") {
    log_warn("the engine gave up on a request",
             {{"kind", to_string(kind)}, {"bytes", payload.size()}, {"cause", error.message}});
    return refuse_because(StatusCode::kInternal,
                          fmt::format("{} prover task panicked", to_string(kind)), error.message);
  }
  return refuse_because(StatusCode::kInternal, fmt::format("failed to prove {}", to_string(kind)),
                        error.message);
}

}  // namespace miden
