// Remote provers of one kind of proof, asked one after the other.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "net/status.hpp"
#include "producer/prover_choice.hpp"
#include "producer/provers.hpp"

namespace remote_prover {
enum ProofType : int;
}

namespace miden {

// Safe from any thread; so many calls as callers are under way at once.
class ProverServices {
 public:
  explicit ProverServices(const RemoteProverOptions& options);
  ~ProverServices();

  // Asks until `take` accepts an answer. What they say is gathered in the error's text; its code is
  // OUT_OF_RANGE when the request is too large for all of them, else UNAVAILABLE: a prover that
  // cannot read the request is of another kind or version, which is nobody's fault here.
  using Take = std::function<Answer<>(ByteView proof)>;
  Answer<> prove(::remote_prover::ProofType type, ByteView payload, const Take& take,
                 const std::stop_token& stop);

  // The same; `read`, an Answer<T>(ByteView proof), makes of the answer what is wanted.
  template <class T, class Read>
  Answer<T> prove_as(::remote_prover::ProofType type, ByteView payload, const Read& read,
                     const std::stop_token& stop) {
    std::optional<T> made;
    TRY(prove(
        type, payload,
        [&](ByteView proof) -> Answer<> {
          made = TRY(read(proof));
          return {};
        },
        stop));
    return *std::move(made);
  }

 private:
  struct Service;
  Answer<> ask(Service& service, ::remote_prover::ProofType type, ByteView payload,
               const Take& take, const std::stop_token& stop) const;

  const std::chrono::milliseconds timeout_;
  std::vector<std::unique_ptr<Service>> services_;
  ProverChoice choice_;
};

}  // namespace miden
