// The engine's first backend: the published crates, reached through
// engine/reference/miden_engine.h.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/serialize.hpp"
#include "engine/engine.hpp"
#include "engine/reference/miden_engine.h"

namespace miden {

namespace {

// The protocol's MIN_PROOF_SECURITY_LEVEL.
constexpr uint32_t kMinSecurityBits = 96;
// What the reference's clients and provers use; the wire byte of spec/engine.md §1.5.
constexpr uint8_t kBlake3 = 1;

me_slice slice(ByteView bytes) { return {bytes.data(), bytes.size()}; }
me_slice slice(std::string_view text) { return slice(as_bytes(text)); }

// Owns one reply of the library.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() { me_reply_free(&reply_); }

  me_reply* slot() { return &reply_; }
  ByteView bytes() const { return {reply_.bytes.ptr, reply_.bytes.len}; }

  Result<void> outcome() const {
    if (reply_.status == 0) return {};
    // Names are static in the library, so the view outlives the reply.
    const std::string_view name = as_string_view({reply_.name.ptr, reply_.name.len});
    return fail(name, std::string(as_string_view(bytes())));
  }
  Result<Bytes> take() const {
    TRY(outcome());
    return Bytes(bytes().begin(), bytes().end());
  }

 private:
  me_reply reply_{};
};

// What the library encodes for us cannot be malformed; if it is, two halves of one program
// disagree.
template <class T>
T expect(Result<T>&& value) {
  if (!value) {
    std::fprintf(stderr, "engine: the reference library answered in another encoding: %s\n",
                 value.error().message.c_str());
    std::abort();
  }
  return take_value(std::move(value));
}

Bytes read_part(ByteReader& reader) {
  const ByteView part = expect(reader.length_prefixed());
  return Bytes(part.begin(), part.end());
}

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

// The library's questions, passed on to an ExecutionSource. Nothing thrown may reach the library.
constexpr int32_t kAnswered = 0;
constexpr int32_t kNoSuchThing = 1;
constexpr int32_t kSourceFailed = 2;

ByteView view(me_slice bytes) { return {bytes.ptr, bytes.len}; }

Word word_at(ByteView bytes, size_t offset) {
  ByteReader reader(bytes.subspan(offset, 32));
  return expect(Word::decode(reader));
}

ExecutionSource::AccountIdBytes account_id_of(me_slice bytes) {
  ExecutionSource::AccountIdBytes id{};
  std::copy_n(bytes.ptr, std::min(bytes.len, id.size()), id.begin());
  return id;
}

int32_t put(me_sink* sink, const Bytes& answer) {
  me_sink_put(sink, slice(answer));
  return kAnswered;
}
int32_t put(me_sink* sink, const std::vector<Bytes>& answers) {
  for (const Bytes& answer : answers) put(sink, answer);
  return kAnswered;
}
int32_t put(me_sink* sink, const std::optional<Bytes>& answer) {
  return answer ? put(sink, *answer) : kNoSuchThing;
}

template <class Ask>
int32_t pass_on(void* context, me_sink* sink, Ask ask) try {
  const auto answer = ask(*static_cast<ExecutionSource*>(context));
  if (answer) return put(sink, *answer);
  me_sink_put(sink, slice(answer.error().message));
  return kSourceFailed;
} catch (const std::exception& error) {
  me_sink_put(sink, slice(std::string_view(error.what())));
  return kSourceFailed;
} catch (...) {
  return kSourceFailed;
}

me_source library_source(ExecutionSource& source) {
  return {
      .context = &source,
      .foreign_account =
          [](void* context, me_slice account_id, uint32_t ref_block, me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              return to.foreign_account(account_id_of(account_id), ref_block);
            });
          },
      .vault_witnesses =
          [](void* context, me_slice account_id, me_slice vault_root, me_slice keys,
             me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              std::vector<Word> words;
              for (size_t at = 0; at + 32 <= keys.len; at += 32) {
                words.push_back(word_at(view(keys), at));
              }
              return to.vault_witnesses(account_id_of(account_id), word_at(view(vault_root), 0),
                                        words);
            });
          },
      .map_witness =
          [](void* context, me_slice account_id, me_slice map_root, me_slice raw_key,
             me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              return to.storage_map_witness(account_id_of(account_id), word_at(view(map_root), 0),
                                            word_at(view(raw_key), 0));
            });
          },
      .note_script =
          [](void* context, me_slice script_root, me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              return to.note_script(word_at(view(script_root), 0));
            });
          },
  };
}

Bytes encode_request(const NetworkExecutionRequest& request) {
  ByteWriter writer;
  writer.bytes(request.partial_account);
  writer.bytes(request.block_header);
  writer.bytes(request.partial_blockchain);
  writer.vint(request.notes.size());
  for (const Bytes& note : request.notes) writer.bytes(note);
  writer.boolean(false);  // no arguments beside the default ones
  writer.u32(request.max_cycles);
  return std::move(writer).take();
}

// `code` of an Error must be static; the library's names are, but they come by value here.
std::string_view static_name(std::string_view name) {
  static constexpr std::array kNames = {"FetchTransactionInputsFailed",
                                        "FetchAssetWitnessFailed",
                                        "FeeAssetRetrievalFailed",
                                        "FeeAssetMustBeFungible",
                                        "ForeignAccountNotAnchoredInReference",
                                        "InvalidExecutionOptionsCycles",
                                        "InvalidTransactionInputs",
                                        "InvalidAccountWitness",
                                        "NoteBlockPastReferenceBlock",
                                        "AccountUpdateCommitment",
                                        "InconsistentAccountDeltaCommitment",
                                        "InconsistentAccountId",
                                        "InconsistentAccountNonceDelta",
                                        "RemoveFeeAssetFromDelta",
                                        "InsufficientFee",
                                        "TransactionOutputConstructionFailed",
                                        "TransactionProgramExecutionFailed",
                                        "MissingAuthenticator",
                                        "Unauthorized"};
  for (const std::string_view known : kNames) {
    if (known == name) return known;
  }
  return "TransactionExecutorError";
}

NetworkExecution decode_network_execution(ByteView answer) {
  ByteReader reader(answer);
  NetworkExecution execution;
  execution.failed.resize(expect(reader.count(1)));
  for (FailedNetworkNote& note : execution.failed) {
    note.index = expect(reader.u32());
    note.error.code = static_name(expect(reader.string()));
    note.error.message = expect(reader.string());
    note.source_failed = expect(reader.boolean());
    note.cycles = expect(reader.u64());
  }
  execution.consumed.resize(expect(reader.count(1)));
  for (ConsumedNetworkNote& note : execution.consumed) {
    note.index = expect(reader.u32());
    note.cycles = expect(reader.u64());
  }
  if (!expect(reader.boolean())) return execution;
  NetworkTransaction& transaction = execution.transaction.emplace();
  transaction.id = expect(Word::decode(reader));
  transaction.final_account_commitment = expect(Word::decode(reader));
  transaction.final_nonce = expect(reader.u64());
  transaction.expiration_block_num = expect(reader.u32());
  transaction.cycles = expect(reader.u64());
  transaction.inputs = read_part(reader);
  transaction.account_delta = read_part(reader);
  transaction.header = read_part(reader);
  return execution;
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
    const Bytes encoded = encode_request(request);
    const me_source questions = library_source(source);
    Reply reply;
    me_network_execute(slice(encoded), &questions, reply.slot());
    TRY(reply.outcome());
    return decode_network_execution(reply.bytes());
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

std::unique_ptr<Engine> make_reference_engine(unsigned threads) {
  me_init(threads);
  return std::make_unique<ReferenceEngine>();
}

}  // namespace miden
