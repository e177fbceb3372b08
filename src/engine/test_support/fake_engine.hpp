// An engine of which a test needs one or two operations; the others must not be asked for.
#pragma once

#include <cstdlib>

#include "engine/engine.hpp"

namespace miden {

class FakeEngine : public Engine {
 public:
  EngineInfo info() const override { std::abort(); }
  Result<void> verify_transaction(ByteView) const override { std::abort(); }
  Result<ReexecutedTransaction> reexecute_transaction(ByteView) const override { std::abort(); }
  Result<void> check_cycles(ByteView, uint32_t) const override { std::abort(); }
  Result<Bytes> prove_transaction(ByteView) const override { std::abort(); }
  Result<Bytes> prove_batch(ByteView) const override { std::abort(); }
  Result<Bytes> prove_block(ByteView) const override { std::abort(); }
  Result<NetworkExecution> execute_network_notes(const NetworkExecutionRequest&,
                                                 ExecutionSource&) const override {
    std::abort();
  }
  Result<NetworkTransaction> execute_client_transaction(
      const ClientExecutionRequest&) const override {
    std::abort();
  }
  Result<NewAccount> build_account(const NewAccountSpec&) const override { std::abort(); }
  Result<GenesisAccounts> build_genesis_accounts(const GenesisSpec&) const override {
    std::abort();
  }
  Result<AssembledScript> assemble_note_script(std::string_view,
                                               const AssemblyContext&) const override {
    std::abort();
  }
  Result<AssembledScript> assemble_transaction_script(std::string_view,
                                                      const AssemblyContext&) const override {
    std::abort();
  }
  Result<Bytes> assemble_component(std::string_view, std::string_view,
                                   const AssemblyContext&) const override {
    std::abort();
  }
  Result<Bytes> assemble_library(std::string_view, std::string_view,
                                 const AssemblyContext&) const override {
    std::abort();
  }
  AssembledScript standard_note_script(StandardNote) const override { std::abort(); }
};

}  // namespace miden
