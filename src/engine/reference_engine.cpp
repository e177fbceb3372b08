// The engine's first backend: the published crates, reached through
// engine/reference/miden_engine.h.
#include <algorithm>

#include "engine/reference_reply.hpp"

namespace miden {

namespace {

// The protocol's MIN_PROOF_SECURITY_LEVEL.
constexpr uint32_t kMinSecurityBits = 96;
// What the reference's clients and provers use; the wire byte of spec/engine.md §1.5.
constexpr uint8_t kBlake3 = 1;

AssembledScript read_script(ByteView answer) {
  ByteReader reader(answer);
  AssembledScript script;
  script.root = expect(Word::decode(reader));
  script.script.assign(reader.rest().begin(), reader.rest().end());
  return script;
}

void encode_file(ByteWriter& writer, const AccountFileSource& file) {
  writer.string(file.path);
  writer.length_prefixed(file.contents);
}

Bytes encode_spec(const GenesisSpec& spec) {
  ByteWriter writer;
  writer.boolean(spec.native_faucet.has_value());
  if (spec.native_faucet) encode_file(writer, *spec.native_faucet);
  writer.vint(spec.fungible_faucets.size());
  for (const GenesisFaucet& faucet : spec.fungible_faucets) {
    writer.string(faucet.symbol);
    writer.u8(faucet.decimals);
    writer.u64(faucet.max_supply);
    writer.boolean(faucet.is_public);
  }
  writer.vint(spec.wallets.size());
  for (const GenesisWallet& wallet : spec.wallets) {
    writer.boolean(wallet.is_public);
    writer.vint(wallet.assets.size());
    for (const GenesisAsset& asset : wallet.assets) {
      writer.string(asset.symbol);
      writer.u64(asset.amount);
    }
  }
  writer.vint(spec.accounts.size());
  for (const AccountFileSource& file : spec.accounts) encode_file(writer, file);
  writer.boolean(spec.seed.has_value());
  if (spec.seed) writer.bytes(*spec.seed);
  return std::move(writer).take();
}

GenesisAccounts decode_genesis(ByteView answer) {
  ByteReader reader(answer);
  GenesisAccounts genesis;
  genesis.accounts.resize(expect(reader.count(1)));
  for (GenesisAccount& account : genesis.accounts) {
    account.account = read_part(reader);
    if (!expect(reader.boolean())) continue;
    account.file_name = expect(reader.string());
    account.account_file = read_part(reader);
  }
  const ByteView id = expect(reader.bytes(genesis.native_faucet_id.size()));
  std::copy(id.begin(), id.end(), genesis.native_faucet_id.begin());
  return genesis;
}

Bytes encode_context(const AssemblyContext& context) {
  ByteWriter writer;
  writer.vint(context.modules.size());
  for (const SourceModule& module : context.modules) {
    writer.string(module.path);
    writer.string(module.source);
  }
  for (const auto* libraries : {&context.static_libraries, &context.dynamic_libraries}) {
    writer.vint(libraries->size());
    for (const Bytes& library : *libraries) writer.length_prefixed(library);
  }
  return std::move(writer).take();
}

// The `kind` of me_assemble.
enum class Code : uint8_t { kNoteScript, kTransactionScript, kComponent, kLibrary };

Result<Bytes> assemble(Code kind, std::string_view path, std::string_view source,
                       const AssemblyContext& context) {
  const Bytes encoded = encode_context(context);
  Reply reply;
  me_assemble(static_cast<uint8_t>(kind), slice(path), slice(source), slice(encoded), reply.slot());
  return reply.take();
}

class ReferenceEngine final : public Engine {
 public:
  EngineInfo info() const override {
    Reply reply;
    me_info(reply.slot());
    expect(reply.outcome());
    ByteReader reader(reply.bytes());
    EngineInfo info;
    info.backend = "reference";
    info.protocol_version = expect(reader.string());
    info.vm_version = expect(reader.string());
    info.kernel_commitment = expect(Word::decode(reader));
    info.kernel_procedures = expect(decode_vec<Word>(reader));
    info.kernel_program_hash = expect(Word::decode(reader));
    return info;
  }

  Result<void> verify_transaction(ByteView proven_tx) const override {
    Reply reply;
    me_tx_verify(slice(proven_tx), kMinSecurityBits, reply.slot());
    return reply.outcome();
  }

  Result<ReexecutedTransaction> reexecute_transaction(ByteView tx_inputs) const override {
    Reply reply;
    me_tx_reexecute(slice(tx_inputs), reply.slot());
    TRY(reply.outcome());
    ByteReader reader(reply.bytes());
    ReexecutedTransaction executed;
    executed.header = read_part(reader);
    executed.account_delta = read_part(reader);
    executed.input_notes = read_part(reader);
    executed.output_notes = read_part(reader);
    executed.ref_block_num = expect(reader.u32());
    return executed;
  }

  Result<void> check_cycles(ByteView tx_inputs, uint32_t max_cycles) const override {
    Reply reply;
    me_tx_check_cycles(slice(tx_inputs), max_cycles, reply.slot());
    return reply.outcome();
  }

  Result<Bytes> prove_transaction(ByteView tx_inputs) const override {
    Reply reply;
    me_tx_prove(slice(tx_inputs), kBlake3, reply.slot());
    return reply.take();
  }

  Result<Bytes> prove_batch(ByteView proposed_batch) const override {
    Reply reply;
    me_batch_prove(slice(proposed_batch), kMinSecurityBits, reply.slot());
    return reply.take();
  }

  Result<Bytes> prove_block(ByteView block_proof_request) const override {
    Reply reply;
    me_block_prove(slice(block_proof_request), reply.slot());
    return reply.take();
  }

  Result<NetworkExecution> execute_network_notes(const NetworkExecutionRequest& request,
                                                 ExecutionSource& source) const override {
    return reference_execute_network_notes(request, source);
  }

  Result<NetworkTransaction> execute_client_transaction(
      const ClientExecutionRequest& request) const override {
    return reference_execute_client_transaction(request);
  }

  Result<NewAccount> build_account(const NewAccountSpec& spec) const override {
    return reference_build_account(spec);
  }

  Result<GenesisAccounts> build_genesis_accounts(const GenesisSpec& spec) const override {
    const Bytes encoded = encode_spec(spec);
    Reply reply;
    me_genesis_accounts(slice(encoded), reply.slot());
    TRY(reply.outcome());
    return decode_genesis(reply.bytes());
  }

  Result<AssembledScript> assemble_note_script(std::string_view source,
                                               const AssemblyContext& context) const override {
    return read_script(TRY(assemble(Code::kNoteScript, "", source, context)));
  }

  Result<AssembledScript> assemble_transaction_script(
      std::string_view source, const AssemblyContext& context) const override {
    return read_script(TRY(assemble(Code::kTransactionScript, "", source, context)));
  }

  Result<Bytes> assemble_component(std::string_view path, std::string_view source,
                                   const AssemblyContext& context) const override {
    return assemble(Code::kComponent, path, source, context);
  }

  Result<Bytes> assemble_library(std::string_view path, std::string_view source,
                                 const AssemblyContext& context) const override {
    return assemble(Code::kLibrary, path, source, context);
  }

  AssembledScript standard_note_script(StandardNote kind) const override {
    Reply reply;
    me_standard_note_script(static_cast<uint8_t>(kind), reply.slot());
    expect(reply.outcome());
    return read_script(reply.bytes());
  }
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(unsigned threads, unsigned proofs_at_once) {
  me_init(threads, proofs_at_once);
  return std::make_unique<ReferenceEngine>();
}

}  // namespace miden
